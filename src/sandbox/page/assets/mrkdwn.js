// Slack's markup as Slack shows it. Returns nodes; words stay words.

import { h } from "./dom.js";
import { emoji } from "./emoji.js";
import { channelMention, groupMention, link, personMention, everybodyMention } from "./mentions.js";
import { fullTime, slackDate } from "./times.js";

/** A `mrkdwn` or `plain_text` object. */
export function text(object, desk) {
  if (!object) return [];
  return object.type === "mrkdwn" ? mrkdwn(object.text, desk) : plain(object.text, object.emoji !== false);
}

/** Text without markup, but with emoji. */
export function plain(words, withEmoji = true) {
  if (!withEmoji) return [words];
  return words.split(/(:[a-z0-9_+-]+:)/).filter(Boolean).map((piece) => {
    const known = /^:[a-z0-9_+-]+:$/.test(piece) ? emoji(piece.slice(1, -1)) : null;
    return known ? emojiNode(known, piece) : piece;
  });
}

export function emojiNode(known, name) {
  return h("span", { class: "emoji", role: "img", "aria-label": name.replaceAll(":", "").replaceAll("_", " ") }, known);
}

const unescape = (words) => words.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

/** Markup: quotes and code blocks first, then each line. */
export function mrkdwn(source, desk) {
  const nodes = [];
  for (const [n, piece] of source.split("```").entries()) {
    if (n % 2 === 1) {
      nodes.push(h("pre", { class: "code-block", tabindex: "0" }, unescape(piece.replace(/^\n|\n$/g, ""))));
    } else {
      nodes.push(...lines(piece, desk));
    }
  }
  return nodes;
}

function lines(piece, desk) {
  const nodes = [];
  let quote = null;
  let fresh = true;
  for (const line of piece.split("\n")) {
    const quoted = line.match(/^(?:&gt;|>) ?(.*)$/);
    if (quoted) {
      if (!quote) nodes.push((quote = h("blockquote")));
      else quote.append(h("br"));
      quote.append(...spans(quoted[1], desk));
      fresh = true;
      continue;
    }
    quote = null;
    if (!fresh) nodes.push(h("br"));
    nodes.push(...spans(line, desk));
    fresh = false;
  }
  return nodes;
}

// What stands alone, before what marks up: a tag, code, an emoji.
const ATOM = /(<[^<>\n]+>|`[^`\n]+`|:[a-z0-9_+-]+:)/;
const MARKS = [["*", "strong"], ["_", "em"], ["~", "s"]];

function spans(line, desk) {
  // Atoms are put aside first, so that no mark begins or ends inside one.
  const atoms = [];
  const bare = line.split(ATOM).map((piece, n) => {
    if (n % 2 === 0) return piece;
    atoms.push(piece);
    return `\u0000${atoms.length - 1}\u0000`;
  }).join("");
  return marked(bare, atoms, desk);
}

function marked(source, atoms, desk) {
  const found = MARKS.map(([mark, tag]) => ({ tag, at: pair(source, mark) })).filter((one) => one.at).sort((a, b) => a.at[0] - b.at[0])[0];
  if (found) {
    const [from, to] = found.at;
    return [
      ...marked(source.slice(0, from), atoms, desk),
      h(found.tag, {}, marked(source.slice(from + 1, to), atoms, desk)),
      ...marked(source.slice(to + 1), atoms, desk),
    ];
  }
  return source.split(/\u0000(\d+)\u0000/).flatMap((piece, n) => (n % 2 === 0 ? (piece ? [unescape(piece)] : []) : atom(atoms[Number(piece)], desk)));
}

const isWord = (letter) => letter !== undefined && /[\p{L}\p{N}]/u.test(letter);

// Where a mark opens and closes: it hugs what it marks, and no letter stands against it outside.
function pair(source, mark) {
  for (let from = source.indexOf(mark); from >= 0; from = source.indexOf(mark, from + 1)) {
    if (isWord(source[from - 1]) || /[\s*_~]/.test(source[from + 1] ?? " ")) continue;
    for (let to = source.indexOf(mark, from + 2); to >= 0; to = source.indexOf(mark, to + 1)) {
      if (!/\s/.test(source[to - 1]) && !isWord(source[to + 1])) return [from, to];
    }
  }
  return null;
}

function atom(piece, desk) {
  if (piece.startsWith("`")) return [h("code", {}, unescape(piece.slice(1, -1)))];
  if (piece.startsWith(":")) {
    const known = emoji(piece.slice(1, -1));
    return [known ? emojiNode(known, piece) : piece];
  }
  const inner = piece.slice(1, -1);
  const bar = inner.indexOf("|");
  const name = bar < 0 ? inner : inner.slice(0, bar);
  const label = bar < 0 ? null : unescape(inner.slice(bar + 1));
  if (name.startsWith("@")) return [personMention(name.slice(1), desk, label)];
  if (name.startsWith("#")) return [channelMention(name.slice(1), desk, label)];
  if (name.startsWith("!subteam^")) return [groupMention(name.slice(9), desk, label)];
  if (name.startsWith("!date^")) return [date(name, label, desk)];
  if (name.startsWith("!")) return [everybodyMention(name.slice(1))];
  return [link(unescape(name), label, desk)];
}

function date(name, label, desk) {
  const [, seconds, format] = name.split("^");
  const at = Number(seconds);
  if (!Number.isFinite(at) || !format) return label ?? name;
  return h("time", { datetime: new Date(at * 1000).toISOString(), title: fullTime(at * 1000, desk.zone()) }, slackDate(at, format, desk.zone(), desk.now()));
}

// `rich_text`, which is what people's own messages are made of.

import { h } from "./dom.js";
import { emoji } from "./emoji.js";
import { channelMention, everybodyMention, groupMention, link, personMention } from "./mentions.js";
import { emojiNode, plain } from "./mrkdwn.js";
import { slackDate } from "./times.js";

const PARTS = {
  rich_text_section: (part, desk) => h("div", { class: "line" }, part.elements.map((piece) => inline(piece, desk))),
  rich_text_quote: (part, desk) => h("blockquote", {}, part.elements.map((piece) => inline(piece, desk))),
  rich_text_preformatted: (part, desk) => h("pre", { class: "code-block", tabindex: "0" }, part.elements.map((piece) => inline(piece, desk))),
  rich_text_list: (part, desk) => h(part.style === "ordered" ? "ol" : "ul", { class: `indent-${part.indent ?? 0}` }, part.elements.map((item) => h("li", {}, item.elements.map((piece) => inline(piece, desk))))),
};

const INLINE = {
  text: (piece) => styled(piece, breaks(piece.text)),
  link: (piece, desk) => styled(piece, [link(piece.url, piece.text ?? null, desk)]),
  user: (piece, desk) => [personMention(piece.user_id, desk)],
  usergroup: (piece, desk) => [groupMention(piece.usergroup_id, desk)],
  channel: (piece, desk) => [channelMention(piece.channel_id, desk)],
  broadcast: (piece) => [everybodyMention(piece.range)],
  emoji: (piece) => [emojiNode(emoji(piece.name) ?? `:${piece.name}:`, piece.name)],
  date: (piece, desk) => [slackDate(piece.timestamp, piece.format, desk.zone(), desk.now())],
};

export function richText(block, desk) {
  return h("div", { class: "rich-text" }, block.elements.map((part) => PARTS[part.type]?.(part, desk) ?? unknown(part)));
}

function inline(piece, desk) {
  return INLINE[piece.type]?.(piece, desk) ?? [unknown(piece)];
}

function unknown(part) {
  return h("span", { class: "unknown" }, `This page can't show “${part.type}”.`);
}

function breaks(words) {
  return words.split("\n").flatMap((line, n) => (n === 0 ? plain(line) : [h("br"), ...plain(line)]));
}

function styled(piece, nodes) {
  const style = piece.style ?? {};
  const tags = [["code", "code"], ["bold", "strong"], ["italic", "em"], ["strike", "s"]].filter(([name]) => style[name]);
  return tags.reduce((inner, [, tag]) => [h(tag, {}, inner)], nodes);
}

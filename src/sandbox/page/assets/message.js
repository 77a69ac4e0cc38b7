// One message: who, when, what; its reactions, files and thread; what can be done with it.

import { h } from "./dom.js";
import { blocks } from "./blocks.js";
import { emoji } from "./emoji.js";
import { pickEmoji } from "./emojipicker.js";
import { confirmed } from "./confirm.js";
import { here } from "./mentions.js";
import { openMenu } from "./menu.js";
import { mrkdwn } from "./mrkdwn.js";
import { avatar, nameOf, names } from "./people.js";
import { ago, clockTime, fullTime } from "./times.js";

const ms = (ts) => Number(ts) * 1000;

/** Draws a message of `channel`. `follows` says that the one above is by the same author and near. */
export function message(said, channel, desk, { follows = false, inThread = false } = {}) {
  const author = said.user;
  const app = Boolean(said.bot_id) && author !== "USLACKBOT";
  const at = ms(said.ts);
  const time = (name) => h("time", { class: name, datetime: new Date(at).toISOString(), title: fullTime(at, desk.zone()) }, clockTime(at, desk.zone()));
  const node = h("div", { class: `message${follows ? " follows" : ""}${said.ephemeral ? " ephemeral" : ""}`, role: "article", "aria-label": `${nameOf(author, desk)}, ${clockTime(at, desk.zone())}`, data: { ts: said.ts } },
    h("div", { class: "gutter" }, follows ? time("small-time") : avatar(author, desk, 36)),
    h("div", { class: "body" },
      said.ephemeral && h("div", { class: "only-you" }, h("span", { class: "eye", "aria-hidden": "true" }, "◉"), "Only visible to you"),
      said.subtype === "thread_broadcast" && !inThread && h("div", { class: "only-you" }, "replied to a thread"),
      !follows && h("div", { class: "head" }, h("span", { class: "author" }, nameOf(author, desk)), (app || author === "USLACKBOT") && h("span", { class: "badge" }, "APP"), time("time")),
      words(said, channel, desk),
      files(said, desk),
      reactions(said, channel, desk),
      !inThread && replies(said, channel, desk),
      said.ephemeral && h("button", { type: "button", class: "link dismiss", on: { click: () => desk.dismiss(said.ts) } }, "Dismiss message")),
    said.subtype !== "tombstone" && toolbar(said, channel, desk, inThread));
  return node;
}

function words(said, channel, desk) {
  const edited = said.edited && h("span", { class: "edited", title: fullTime(ms(said.edited.ts), desk.zone()) }, " (edited)");
  if (said.subtype === "tombstone") return h("div", { class: "text tombstone" }, said.text);
  if (desk.editing === said.ts) return editor(said, channel, desk);
  const host = {
    desk,
    current: () => null,
    used: (block, element, value) => desk.press({ channel: channel.id, ts: said.ts, action_id: element.action_id, block_id: block.block_id, value }),
  };
  if (said.blocks?.length) {
    const drawn = blocks(said.blocks, host);
    const line = drawn.querySelector(".rich-text:last-child > .line:last-child");
    if (line && edited) line.append(edited);
    return h("div", { class: "text" }, drawn, !line && edited);
  }
  return said.text ? h("div", { class: "text" }, mrkdwn(said.text, desk), edited) : null;
}

function editor(said, channel, desk) {
  const plain = said.text.replace(/<@([A-Z0-9]+)(?:\|[^>]*)?>/g, (whole, id) => `@${desk.person(id)?.name ?? id}`).replace(/<(https?:[^|>]+)(?:\|[^>]*)?>/g, "$1").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
  const input = h("textarea", { class: "input", rows: 2, "aria-label": "Edit message" });
  input.value = plain;
  const end = () => { desk.editing = null; desk.redraw(); };
  const save = async () => { if (await desk.act("edit", { channel: channel.id, ts: said.ts, text: input.value })) end(); };
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { event.stopPropagation(); end(); }
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); save(); }
  });
  queueMicrotask(() => input.focus());
  return h("div", { class: "editor" }, input, h("div", { class: "editor-foot" }, h("button", { type: "button", class: "button", on: { click: end } }, "Cancel"), h("button", { type: "button", class: "button primary", on: { click: save } }, "Save")));
}

function files(said, desk) {
  if (!said.files?.length) return null;
  return h("div", { class: "files" }, said.files.map((file) => {
    const href = here(file.url_private, desk);
    const image = /^image\/(png|jpe?g|gif)$/.test(file.mimetype);
    const name = file.title || file.name;
    // Slack says of what kind a file is once it has looked at it; until then its name does.
    const kind = file.filetype || /\.(\w{1,4})$/.exec(file.name)?.[1].toLowerCase() || "file";
    return image
      ? h("a", { class: "file-image", href, target: "_blank", rel: "noopener noreferrer" }, h("img", { src: href, alt: file.alt_txt ?? name }))
      : h("a", { class: "file", href, target: "_blank", rel: "noopener noreferrer" }, h("span", { class: `file-icon ${kind}`, "aria-hidden": "true" }, kind.slice(0, 4).toUpperCase()), h("span", {}, h("strong", {}, name), h("span", { class: "file-kind" }, `${file.pretty_type || kind.toUpperCase()}, ${size(file.size)}`)));
  }));
}

function size(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

function reactions(said, channel, desk) {
  if (!said.reactions?.length) return null;
  return h("div", { class: "reactions" }, said.reactions.map((one) => {
    const mine = one.users.includes(desk.me());
    return h("button", {
      type: "button", class: mine ? "reaction mine" : "reaction", "aria-pressed": String(mine), data: { action: `reaction-${one.name}` },
      title: `${names(one.users, desk)} reacted with :${one.name}:`, "aria-label": `${one.name.replaceAll("_", " ")}: ${one.users.length}`,
      on: { click: () => desk.act(mine ? "unreact" : "react", { channel: channel.id, ts: said.ts, name: one.name }) },
    }, h("span", { class: "emoji", "aria-hidden": "true" }, emoji(one.name) ?? `:${one.name}:`), h("span", {}, String(one.users.length)));
  }));
}

function replies(said, channel, desk) {
  if (!said.reply_count) return null;
  const n = said.reply_count;
  return h("button", { type: "button", class: said.n_new_replies ? "replies fresh" : "replies", data: { action: "replies" }, on: { click: () => desk.openThread(channel.id, said.ts) } },
    said.reply_users.slice(0, 3).map((id) => avatar(id, desk, 24)),
    h("span", { class: "replies-count" }, `${n} ${n === 1 ? "reply" : "replies"}`),
    said.n_new_replies ? h("span", { class: "replies-new" }, `${said.n_new_replies} new`) : null,
    h("span", { class: "replies-last" }, `Last reply ${ago(ms(said.latest_reply), desk.now())}`));
}

function toolbar(said, channel, desk, inThread) {
  const tool = (label, glyph, click) => h("button", { type: "button", class: "tool", "aria-label": label, title: label, on: { click } }, h("span", { class: `glyph ${glyph}`, "aria-hidden": "true" }));
  const react = (name) => h("button", { type: "button", class: "tool", "aria-label": `React with ${name.replaceAll("_", " ")}`, title: `:${name}:`, on: { click: () => desk.act("react", { channel: channel.id, ts: said.ts, name }) } }, h("span", { class: "emoji", "aria-hidden": "true" }, emoji(name)));
  if (said.ephemeral) return null;
  const more = tool("More actions", "glyph-more", () => openMenu(desk.layer, more, actions(said, channel, desk, inThread), { label: "More actions", end: true }));
  more.setAttribute("aria-haspopup", "menu");
  more.setAttribute("aria-expanded", "false");
  more.classList.add("tool-more");
  const add = tool("Add reaction", "glyph-react", () => pickEmoji(desk.layer, add, (name) => desk.act("react", { channel: channel.id, ts: said.ts, name })));
  return h("div", { class: "toolbar", role: "group", "aria-label": "Message actions" },
    h("span", { class: "quick" }, react("white_check_mark"), react("eyes"), react("raised_hands")), add,
    !inThread && tool("Reply in thread", "glyph-thread", () => desk.openThread(channel.id, said.thread_ts ?? said.ts, true)),
    more);
}

function actions(said, channel, desk, inThread) {
  const shortcuts = desk.data.app.shortcuts.filter((one) => one.type === "message").map((one) => ({
    words: one.name, hint: desk.data.app.name,
    pick: () => desk.ask("shortcut", { channel: channel.id, ts: said.ts, callback_id: one.callback_id }),
  }));
  const mine = said.user === desk.me();
  const admin = desk.person(desk.me())?.is_admin;
  const link = `${desk.data.team.url}/archives/${channel.id}/p${said.ts.replace(".", "")}${said.thread_ts && said.thread_ts !== said.ts ? `?thread_ts=${said.thread_ts}&cid=${channel.id}` : ""}`;
  const remove = {
    words: "Delete message…", danger: true,
    pick: async () => {
      const plain = (words) => ({ type: "plain_text", text: words });
      const sure = await confirmed(desk, { title: plain("Delete message"), text: plain("Are you sure you want to delete this message? This cannot be undone."), confirm: plain("Delete"), deny: plain("Cancel"), style: "danger" });
      if (sure) desk.act("delete", { channel: channel.id, ts: said.ts });
    },
  };
  return [
    ...shortcuts, shortcuts.length ? null : undefined,
    !inThread && { words: "Reply in thread", pick: () => desk.openThread(channel.id, said.thread_ts ?? said.ts, true) },
    { words: "Copy link", pick: () => navigator.clipboard?.writeText(link).then(() => desk.toast("Link copied."), () => desk.toast(link)) },
    mine && { words: "Edit message", pick: () => { desk.editing = said.ts; desk.redraw(); } },
    (mine || admin) && remove,
  ].filter((item) => item !== undefined && item !== false);
}

// The bar above a conversation, and the one above a thread.

import { h, sign } from "./dom.js";
import { openMenu } from "./menu.js";
import { avatar, nameOf } from "./people.js";

/** What stands above what is open. */
export function conversationHead(desk, channel, title) {
  const back = { key: "back", sign: "", make: () => h("button", { type: "button", class: "back", "aria-label": "All conversations", on: { click: () => { desk.root.dataset.pane = "side"; } } }, h("span", { class: "glyph glyph-back", "aria-hidden": "true" })) };
  const { app } = desk.data;
  const kind = channel?.kind === "group" ? "glyph-lock" : "glyph-hash";
  const named = Boolean(channel?.name) && !desk.at.app && channel.kind !== "mpim";
  const name = {
    key: "name", sign: sign(title, named, kind, channel?.shared, desk.at.app),
    make: () => h("div", { class: "head-name" }, desk.at.app ? avatar(app.user, desk, 24) : named ? h("span", { class: `glyph ${kind}`, "aria-hidden": "true" }) : null,
      h("h1", {}, named ? title.slice(1) : title), desk.at.app && h("span", { class: "badge" }, "APP"), channel?.shared && h("span", { class: "badge" }, "Shared with another organisation")),
  };
  const tabs = desk.at.app && { key: "tabs", sign: sign(desk.at.app, app), make: () => tabsOf(desk) };
  const members = named && { key: "members", sign: sign(channel.members), make: () => membersOf(desk, channel) };
  return [back, name, tabs, members].filter(Boolean);
}

function tabsOf(desk) {
  const { app } = desk.data;
  const tabs = [app.home_tab && ["home", "Home"], app.messages_tab && ["messages", "Messages"], ["about", "About"]].filter(Boolean);
  return h("div", { class: "tabs", role: "group", "aria-label": "Parts of the app" }, tabs.map(([name, words]) => h("button", { type: "button", class: "tab", "aria-pressed": String(desk.at.app === name), data: { action: `tab-${name}` }, on: { click: () => desk.open({ app: name }) } }, words)));
}

function membersOf(desk, channel) {
  const people = channel.members.filter((id) => desk.person(id));
  const button = h("button", { type: "button", class: "members", "aria-haspopup": "menu", "aria-expanded": "false", "aria-label": `${people.length} members` }, people.slice(0, 3).map((id) => avatar(id, desk, 20)), h("span", {}, String(people.length)));
  button.addEventListener("click", () => openMenu(desk.layer, button, people.map((id) => ({
    words: nameOf(id, desk), hint: id === desk.me() ? "you" : desk.person(id).profile.title || (desk.person(id).is_bot ? "App" : ""),
    pick: () => { if (id === desk.data.app.user) desk.open({ app: "home" }); else if (id !== desk.me() && desk.data.cast.includes(id)) desk.open({ with: id }); },
  })), { label: "Members", end: true }));
  return button;
}

/** What stands above a thread. */
export function threadHead(desk, title) {
  return [{
    key: "thread", sign: sign(title),
    make: () => h("div", { class: "head-name" }, h("h2", {}, "Thread"), h("span", { class: "head-where" }, title)),
  }, {
    key: "close", sign: "", make: () => h("button", { type: "button", class: "head-close", "aria-label": "Close thread", on: { click: () => desk.closeThread() } }, "×"),
  }];
}

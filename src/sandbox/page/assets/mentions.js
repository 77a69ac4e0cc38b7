// People, groups, channels and links as they stand in a text.

import { h } from "./dom.js";

export function personMention(id, desk, label) {
  const person = desk.person(id);
  const mine = id === desk.me();
  return h("span", { class: mine ? "mention mention-me" : "mention", title: person?.real_name ?? label }, `@${person ? person.profile.display_name : label ?? id}`);
}

export function groupMention(id, desk, label) {
  const group = desk.data.usergroups.find((one) => one.id === id);
  const mine = group?.users?.includes(desk.me());
  return h("span", { class: mine ? "mention mention-me" : "mention", title: group?.name }, group ? `@${group.handle}` : label ?? `@${id}`);
}

export function everybodyMention(word) {
  return h("span", { class: "mention mention-me" }, `@${word.split("^")[0]}`);
}

export function channelMention(id, desk, label) {
  const channel = desk.channel(id);
  if (!channel) return h("span", { class: "mention" }, `#${label || "private-channel"}`);
  return h("button", { class: "mention", type: "button", on: { click: () => desk.open({ channel: channel.id }) } }, `#${channel.name}`);
}

/** A link; one to a message of this workspace opens it here. */
export function link(url, label, desk) {
  const words = label ?? url;
  const message = url.match(/^https:\/\/[a-z0-9-]+\.slack\.com\/archives\/([A-Z0-9]+)\/p(\d+)(\d{6})(?:\?thread_ts=([\d.]+))?/);
  if (message && desk.channel(message[1])) {
    const ts = `${message[2]}.${message[3]}`;
    return h("button", { class: "link", type: "button", title: url, on: { click: () => desk.open({ channel: message[1], ts, thread: message[4] }) } }, words);
  }
  if (!/^(https?|mailto):/.test(url)) return words;
  return h("a", { href: here(url, desk), target: "_blank", rel: "noopener noreferrer", title: url }, words);
}

/** The address by which a browser may read a file of this workspace; apps need a token for theirs. */
export function here(url, desk) {
  const base = `${desk.data.team.base_url}/files/`;
  return url.startsWith(base) ? `/sandbox/files/${url.slice(base.length)}` : url;
}

// The list of conversations, with what is new in each.

import { h, reconcile, sign } from "./dom.js";
import { avatar, nameOf } from "./people.js";

/** The sidebar of a desk. */
export function sidebar(desk) {
  const list = h("div", { class: "side-list" });
  const title = h("div", { class: "side-title" });
  const node = h("nav", { class: "sidebar", "aria-label": "Conversations" }, title, list);

  function draw() {
    title.replaceChildren(h("span", { class: "team" }, desk.data.team.name));
    reconcile(list, rows());
  }

  function rows() {
    const { channels, app } = desk.data;
    const direct = (one) => one.kind === "im";
    const withApp = channels.find((one) => direct(one) && one.members.includes(app.user));
    const order = (a, b) => Number(a.archived) - Number(b.archived) || a.name.localeCompare(b.name);
    const named = channels.filter((one) => one.kind === "channel" || one.kind === "group").sort(order);
    const people = channels.filter((one) => (direct(one) || one.kind === "mpim") && one !== withApp);
    return [
      heading("Channels"), ...named.map(channelRow),
      heading("Direct messages", h("button", { type: "button", class: "side-add", "aria-label": "New message", title: "New message", on: { click: (event) => desk.newDirect(event.currentTarget) } }, "+")),
      ...people.map(directRow), ...strangers(people).map(personRow),
      ...(app.home_tab || app.messages_tab ? [heading("Apps"), appRow(withApp)] : []),
    ].filter(Boolean);
  }

  function heading(words, more) {
    return { key: `heading-${words}`, sign: words, make: () => h("div", { class: "side-heading" }, h("h2", {}, words), more) };
  }

  // Whom one hasn't written to yet is one click away all the same.
  function strangers(talks) {
    const known = new Set(talks.filter((one) => one.kind === "im").flatMap((one) => one.members));
    return desk.data.cast.filter((id) => id !== desk.me() && !known.has(id));
  }

  function personRow(id) {
    const words = nameOf(id, desk);
    return row(id, { mark: () => avatar(id, desk, 20), words, open: () => desk.open({ with: id }), current: desk.at.with === id, label: words });
  }

  function row(key, { mark, words, n, fresh, open, current, label }) {
    return {
      key, sign: sign(words, n, fresh, current, label),
      make: () => h("button", { type: "button", class: `side-row${fresh ? " fresh" : ""}${current ? " current" : ""}`, "aria-current": current ? "page" : null, data: { action: key }, "aria-label": label, on: { click: open } },
        h("span", { class: "side-mark", "aria-hidden": "true" }, mark()), h("span", { class: "side-words" }, words), n ? h("span", { class: "count", "aria-hidden": "true" }, String(n)) : null),
    };
  }

  function spoken(words, channel) {
    if (channel?.n_mentions) return `${words}, ${channel.n_mentions} for you`;
    return channel?.n_unread ? `${words}, ${channel.n_unread} unread` : words;
  }

  function channelRow(channel) {
    const glyph = channel.kind === "group" ? "glyph-lock" : "glyph-hash";
    return row(channel.id, {
      mark: () => h("span", { class: `glyph ${channel.archived ? "glyph-archive" : glyph}` }), words: channel.name, n: channel.n_mentions, fresh: channel.n_unread > 0 && !channel.archived,
      open: () => desk.open({ channel: channel.id }), current: desk.at.channel === channel.id, label: spoken(channel.name, channel),
    });
  }

  function directRow(channel) {
    const others = channel.members.filter((id) => id !== desk.me());
    const words = others.map((id) => nameOf(id, desk)).join(", ");
    return row(channel.id, {
      mark: () => avatar(others[0], desk, 20), words, n: channel.n_mentions, fresh: channel.n_unread > 0,
      open: () => desk.open({ channel: channel.id }), current: desk.at.channel === channel.id, label: spoken(words, channel),
    });
  }

  function appRow(channel) {
    const { app } = desk.data;
    return row("app", {
      mark: () => avatar(app.user, desk, 20), words: app.name, n: channel?.n_mentions, fresh: Boolean(channel?.n_unread),
      open: () => desk.open({ app: channel?.n_unread || !app.home_tab ? "messages" : "home" }), current: Boolean(desk.at.app), label: spoken(app.name, channel),
    });
  }

  return { node, draw };
}

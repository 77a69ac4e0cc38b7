// One person's Slack: what is open, and how its parts hang together.

import { h, reconcile, sign } from "./dom.js";
import { act, complaint } from "./gestures.js";
import { appHome } from "./apphome.js";
import { composer } from "./composer.js";
import { conversationHead, threadHead } from "./heads.js";
import { follow } from "./live.js";
import { openMenu } from "./menu.js";
import { messageList } from "./conversation.js";
import { modals } from "./modal.js";
import { avatar, nameOf } from "./people.js";
import { sidebar } from "./sidebar.js";
import { toasts } from "./toasts.js";

/** Sits `who` down at a desk. `heard(desk)` is called whenever something changed; `switched(id)` when another sits down. */
export function makeDesk(who, { heard, switched, at = null }) {
  const desk = { data: null, clock: null, at: at ?? {}, thread: null, editing: null, who };
  const dismissed = new Set();
  const live = { stop: () => {} };

  desk.layer = h("div", { class: "layer" });
  desk.covers = h("div", { class: "covers" });
  const told = toasts();
  const persona = h("div", { class: "persona", role: "group", "aria-label": "Who you are" });
  const head = h("header", { class: "head-bar" });
  const line = h("div", { class: "line-down", role: "status", hidden: true }, "Reconnecting…");
  const list = messageList(desk, { label: "Messages" });
  const home = appHome(desk);
  const writes = composer(desk, () => place());
  const main = h("main", { class: "main" }, head, line, list.node, home.node, writes.node);
  const threadBar = h("header", { class: "head-bar" });
  const threadList = messageList(desk, { label: "Thread", inThread: true });
  const threadWrites = composer(desk, () => threadPlace());
  const thread = h("aside", { class: "thread", "aria-label": "Thread", hidden: true }, threadBar, threadList.node, threadWrites.node);
  const side = sidebar(desk);
  const forms = modals(desk);
  const root = h("section", { class: "desk", data: { pane: "main" } }, persona, h("div", { class: "panes" }, side.node, main, thread), desk.covers, desk.layer, told.node);

  Object.assign(desk, {
    root, writes, forms, home,
    me: () => desk.data.me,
    person: (id) => desk.data.people.find((one) => one.id === id),
    channel: (id) => desk.data.channels.find((one) => one.id === id),
    zone: () => desk.person(desk.data.me)?.tz ?? "UTC",
    now: () => (desk.clock.frozen ? desk.clock.ms : desk.clock.ms + performance.now() - desk.clock.read),
    appAvatar: (size) => avatar(desk.data.app.user, desk, size),
    toast: told.say,
    open, openThread, closeThread, newDirect, editLast, redraw: draw,
    dismiss: (ts) => { dismissed.add(ts); draw(); },
    act: gesture, ask, press: (body) => ask("click", body), say, command,
    here: () => conversation(),
    leave: () => { live.stop(); root.remove(); },
  });

  /** Does something as this person; what can't be done is said, and null comes back. */
  async function gesture(route, body) {
    try {
      return await act(route, { as: desk.who, ...body });
    } catch (error) {
      told.say(error.message, true);
      return null;
    }
  }

  /** Does something that the app must answer. */
  async function ask(route, body) {
    const answer = await gesture(route, body);
    const words = answer && complaint(answer, desk.data.app.name);
    if (words) told.say(words, true);
    return answer;
  }

  async function say(at, text, broadcast) {
    const answer = await gesture("say", { channel: at.channel, text, ...(at.thread ? { thread_ts: at.thread, broadcast } : {}) });
    if (answer && desk.at.with) open({ channel: answer.channel });
    return answer;
  }

  async function command(at, text) {
    const [, name, rest] = text.match(/^(\/\S*)\s*([\s\S]*)$/);
    if (!desk.data.app.commands.some((one) => one.command === name)) {
      told.say(`${name} is not a valid command. Commands here: ${desk.data.app.commands.map((one) => one.command).join(", ") || "none"}.`, true);
      return null;
    }
    return ask("slash", { channel: at.channel, command: name, text: rest });
  }

  function conversation() {
    if (desk.at.app === "messages") return desk.data.channels.find((one) => one.kind === "im" && one.members.includes(desk.data.app.user));
    if (desk.at.with) return desk.data.channels.find((one) => one.kind === "im" && one.members.includes(desk.at.with));
    return desk.at.channel ? desk.channel(desk.at.channel) : undefined;
  }

  function title(channel) {
    if (desk.at.app) return desk.data.app.name;
    if (desk.at.with) return nameOf(desk.at.with, desk);
    if (channel.kind === "im" || channel.kind === "mpim") return channel.members.filter((id) => id !== desk.me()).map((id) => nameOf(id, desk)).join(", ");
    return `#${channel.name}`;
  }

  function closedWhy(channel) {
    const { app } = desk.data;
    const direct = desk.at.app === "messages" || (channel?.kind === "im" && channel.members.includes(app.user));
    if (direct && (!app.messages_tab || app.messages_tab_read_only)) return "Sending messages to this app has been turned off.";
    if (channel?.archived) return "This channel is archived. Nobody can post here any more.";
    return null;
  }

  function place() {
    const channel = conversation();
    const name = channel || desk.at.with ? title(channel) : desk.data.app.name;
    return { key: JSON.stringify(desk.at), label: `Message ${name}`, channel: channel?.id ?? `@${desk.person(desk.at.with ?? desk.data.app.user).name}`, closed: closedWhy(channel) };
  }

  function threadPlace() {
    const channel = conversation();
    return { key: `thread ${desk.thread}`, label: "Reply…", channel: channel?.id, thread: desk.thread, closed: closedWhy(channel), name: channel?.name ? `#${channel.name}` : null };
  }

  function open({ channel, ts, thread: parent, app, with: other }) {
    const known = other && desk.data.channels.find((one) => one.kind === "im" && one.members.includes(other));
    const bot = channel && desk.channel(channel)?.kind === "im" && desk.channel(channel).members.includes(desk.data.app.user);
    const next = app || bot ? { app: app ?? "messages" } : channel || known ? { channel: channel ?? known.id } : { with: other };
    if (JSON.stringify(next) !== JSON.stringify(desk.at)) desk.thread = null;
    desk.at = next;
    root.dataset.pane = "main";
    if (next.app && next.app !== "about") gesture("home", { tab: next.app });
    if (parent && parent !== ts) desk.thread = parent;
    draw();
    if (desk.thread) root.dataset.pane = "thread";
    if (ts) (desk.thread && parent !== ts ? threadList : list).reveal(ts);
    else if (!desk.thread && matchMedia("(hover: hover)").matches && !closedWhy(conversation()) && desk.at.app !== "home") writes.focus();
  }

  function openThread(channel, ts, write = false) {
    desk.thread = ts;
    root.dataset.pane = "thread";
    draw();
    if (write || matchMedia("(hover: hover)").matches) threadWrites.focus();
  }

  function closeThread() {
    const from = desk.thread;
    desk.thread = null;
    root.dataset.pane = "main";
    draw();
    list.node.querySelector(`[data-ts="${CSS.escape(from)}"] .replies`)?.focus();
  }

  function newDirect(anchor) {
    const others = desk.data.cast.filter((id) => id !== desk.me());
    openMenu(desk.layer, anchor, others.map((id) => ({ words: nameOf(id, desk), hint: desk.person(id).profile.title, pick: () => open({ with: id }) })), { label: "New message" });
  }

  function editLast(at) {
    const mine = visible(conversation()).filter((said) => said.user === desk.me() && (at.thread ? said.thread_ts === at.thread : said.top_level));
    if (!mine.length) return;
    desk.editing = mine[mine.length - 1].ts;
    draw();
  }

  function visible(channel) {
    return (channel?.messages ?? []).filter((said) => !dismissed.has(said.ts));
  }

  function draw() {
    if (!desk.data) return;
    drawPersona();
    side.draw();
    const channel = conversation();
    const tab = desk.at.app === "home" || desk.at.app === "about" ? desk.at.app : null;
    reconcile(head, conversationHead(desk, channel, channel || desk.at.with || desk.at.app ? title(channel) : ""));
    list.node.hidden = Boolean(tab);
    home.node.hidden = !tab;
    writes.node.hidden = Boolean(tab);
    if (tab) home.draw(tab);
    else list.draw({ channel, messages: visible(channel).filter((said) => said.top_level || (said.ephemeral && !said.thread_ts)), place: JSON.stringify([desk.who, desk.at]), readUntil: channel?.read_until, head: beginning(channel) });
    if (!tab) writes.draw();
    drawThread(channel);
    forms.draw();
    markRead(channel, tab);
  }

  function drawThread(channel) {
    const parent = channel?.messages.find((said) => said.ts === desk.thread);
    if (!parent) desk.thread = null;
    thread.hidden = !desk.thread;
    root.classList.toggle("with-thread", Boolean(desk.thread));
    if (!desk.thread) {
      if (root.dataset.pane === "thread") root.dataset.pane = "main";
      return;
    }
    reconcile(threadBar, threadHead(desk, title(channel)));
    const said = visible(channel).filter((one) => one.ts === desk.thread || one.thread_ts === desk.thread);
    threadList.draw({ channel, messages: said, place: desk.thread, readUntil: null, head: null });
    threadWrites.draw();
  }

  function drawPersona() {
    reconcile(persona, desk.data.cast.map((id) => {
      const person = desk.person(id);
      const current = id === desk.me();
      return {
        key: id, sign: sign(person.real_name, person.profile.title, current),
        make: () => h("button", { type: "button", class: current ? "face current" : "face", "aria-pressed": String(current), title: `${person.real_name}: ${person.profile.title}`, data: { action: `be-${person.name}` }, on: { click: () => switchTo(id) } },
          avatar(id, desk, 24), h("span", { class: "face-words" }, h("span", { class: "face-name" }, person.profile.first_name), h("span", { class: "face-title" }, person.profile.title))),
      };
    }));
  }

  /** Lets somebody else sit down here; what was open stays open if they may see it. */
  function switchTo(id) {
    if (id === desk.data?.me) return;
    live.stop();
    desk.who = id;
    desk.thread = null;
    desk.editing = null;
    if (desk.at.with || (desk.at.channel && desk.channel(desk.at.channel)?.kind === "im")) desk.at = {};
    sitDown();
    switched(id);
  }
  desk.switchTo = switchTo;

  function beginning(channel) {
    if (!channel) return null;
    const words = channel.name ? `#${channel.name}` : title(channel);
    const about = channel.kind === "im" ? `This is the very beginning of your direct message history with ${words}.` : `This is the very beginning of the ${words} channel.`;
    return { sign: words, make: () => h("div", { class: "beginning" }, h("h3", {}, words), h("p", {}, about)) };
  }

  function markRead(channel, tab) {
    if (!channel || tab || document.visibilityState !== "visible") return;
    const tops = channel.messages.filter((said) => said.top_level && !said.ephemeral);
    const last = tops[tops.length - 1];
    if (last && channel.n_unread > 0 && paneShows("main")) quietly({ channel: channel.id, ts: last.ts });
    const parent = channel.messages.find((said) => said.ts === desk.thread);
    if (parent?.n_new_replies) quietly({ channel: channel.id, ts: parent.latest_reply, thread_ts: parent.ts });
  }

  function paneShows(pane) {
    return getComputedStyle(pane === "main" ? main : thread).display !== "none";
  }

  // That something was read isn't worth a word if it can't be said.
  function quietly(body) {
    act("read", { as: desk.who, ...body }).catch(() => {});
  }

  function sitDown() {
    const opened = desk.who;
    live.stop = follow(desk.who, (news) => {
      if (desk.who !== opened) return;
      desk.clock = { ms: Date.parse(news.clock.now), read: performance.now(), frozen: news.clock.frozen, next: news.clock.next };
      if (news.desk) desk.data = news.desk;
      if (!desk.data) return;
      settleDown();
      draw();
      heard(desk);
    }, (connected) => { line.hidden = connected; });
  }

  // Whoever sits down looks at the first channel that they are in, unless something is open already.
  function settleDown() {
    if (conversation() || desk.at.app || desk.at.with) return;
    const open = desk.data.channels.filter((one) => one.name && !one.archived);
    const first = open.find((one) => one.name.startsWith("inc-") && one.kind === "channel") ?? open[0];
    desk.at = first ? { channel: first.id } : { app: "home" };
  }

  document.addEventListener("visibilitychange", () => { if (root.isConnected) draw(); });
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && desk.thread && thread.contains(document.activeElement)) closeThread();
  });
  sitDown();
  return desk;
}

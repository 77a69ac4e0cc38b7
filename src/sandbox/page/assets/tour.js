// A guided tour: says what to do next, points at where, and sees when it was done. What it tells comes from whoever
// started the workspace, as `/page/tour.json`:
//
//   {begin_as, steps: [{title, text, as, open, clock, point, done, linger, act, ...}], webhook: [...]}
//
//   as      who should do it: a handle                open    where: "#channel", "app:home" or "app:messages"
//   clock   moved as the step begins                  point   a CSS selector of what to use
//   scene   what others do then: {as, say, in, react: {as, name}}, in that order
//   done    what ends it: {said, in}, {unsaid, in}, {modal}, {passed_minutes} since the tour began; all must hold
//   act     the words on the button that does it for one: `type`s into the composer, `fill`s the open modal's
//           {block: value}, lets the `webhook` of that name speak, `press`es a selector, `move`s the clock
//
// A move of the clock is {weekday, hour, minute}, {minutes} or {until_posted}.

import { h, unique } from "./dom.js";
import { act } from "./gestures.js";
import { mrkdwn } from "./mrkdwn.js";
import { bodies } from "./webhook.js";

const KEY = "sandbox-tour";

/** The tour, if there is one. `desks()` are those that stand here, `stage()` moves the clock. */
export function makeTour(data, { desks, stage }) {
  const steps = data?.steps ?? [];
  const title = h("h2", { id: unique("tour") });
  const words = h("p", {});
  const count = h("span", { class: "tour-count" });
  const does = h("button", { type: "button", class: "button primary", data: { action: "tour-act" }, on: { click: perform } });
  const next = h("button", { type: "button", class: "button", data: { action: "tour-next" }, on: { click: () => go(mark.at + 1) } });
  const back = h("button", { type: "button", class: "link", data: { action: "tour-back" }, on: { click: () => go(mark.at - 1) } }, "Back");
  const bar = h("div", { class: "tour-bar", "aria-hidden": "true" }, h("span", {}));
  const node = h("section", { class: "tour", "aria-labelledby": title.id, hidden: true }, bar,
    h("button", { type: "button", class: "tour-close", "aria-label": "End the tour", on: { click: () => toggle(false) } }, "×"),
    h("div", { class: "tour-words", "aria-live": "polite" }, title, words), h("div", { class: "tour-foot" }, count, back, next, does));
  // Where one is, which step has begun, and since when what is said counts.
  let mark = { at: 0, begun: -1, since: null, over: false, ...JSON.parse(sessionStorage.getItem(KEY) ?? "{}") };
  let opened = null;
  let leaving = null;
  let pointed = null;

  function keep(change) {
    mark = { ...mark, ...change };
    sessionStorage.setItem(KEY, JSON.stringify(mark));
  }

  function toggle(on = node.hidden) {
    keep(on ? { at: 0, begun: -1, since: null, over: false } : { over: true });
    opened = null;
    look();
  }

  function go(to) {
    clearTimeout(leaving);
    leaving = null;
    opened = null;
    if (to >= steps.length) toggle(false);
    else keep({ at: Math.max(0, to) });
    look();
  }

  /** Looks whether the step is done, and draws it. Called at every change. */
  function look() {
    const desk = desks()[0];
    node.hidden = mark.over || !steps.length || !desk?.data;
    if (node.hidden) {
      point(null);
      return;
    }
    const step = steps[mark.at];
    if (mark.begun < mark.at) {
      keep({ begun: mark.at, since: mark.at === 0 ? null : mark.since ?? desk.now() / 1000 });
      begin(step).catch((error) => desk.toast(error.message, true));
    }
    const ready = !step.as || sits(step.as, desk);
    if (ready && step.open && opened !== mark.at) {
      opened = mark.at;
      open(step.open, desk);
    }
    const done = ready && Boolean(step.done) && holds(step.done, desk);
    if (done && !leaving) leaving = setTimeout(() => go(mark.at + 1), step.linger ?? 1200);
    draw(step, ready, done, desk);
  }

  async function begin(step) {
    if (step.clock) await stage().move(step.clock);
    // What was said before the story doesn't count.
    if (mark.at === 1) keep({ since: desks()[0].now() / 1000 - 60 });
    for (const { as, say, in: channel, react } of step.scene ?? []) {
      const { ts } = await act("say", { as, channel, text: say });
      if (react) await act("react", { ...react, channel, ts });
    }
  }

  function sits(handle, desk) {
    return desk.person(desk.me())?.name === handle;
  }

  function holds(done, desk) {
    if (done.modal !== undefined && (desk.data.views.length > 0) !== done.modal) return false;
    if (done.passed_minutes && desk.now() / 1000 < (mark.since ?? 0) + done.passed_minutes * 60) return false;
    const said = done.in ? conversation(done.in, desk) : "";
    if (done.said && !new RegExp(done.said).test(said)) return false;
    return !(done.unsaid && (said === "[]" || new RegExp(done.unsaid).test(said)));
  }

  // Everything said in a conversation since the tour began, as one string.
  function conversation(name, desk) {
    const channel = desk.data.channels.find((one) => (name === "app" ? one.kind === "im" && one.members.includes(desk.data.app.user) : `#${one.name}` === name));
    const said = channel?.messages.filter((message) => Number(message.ts) >= (mark.since ?? 0)) ?? [];
    return JSON.stringify(said.map((message) => [message.text, message.blocks]));
  }

  function draw(step, ready, done, desk) {
    title.textContent = done ? `✓ ${step.title}` : step.title;
    words.replaceChildren(...mrkdwn(step.text, desk));
    const person = desk.data.people.find((one) => one.name === step.as);
    count.textContent = `${mark.at + 1} of ${steps.length}`;
    bar.firstChild.style.width = `${((mark.at + (done ? 1 : 0)) / steps.length) * 100}%`;
    back.hidden = mark.at === 0 || done;
    does.hidden = done || (ready && !step.act);
    does.textContent = ready || !person ? step.act ?? "" : `Be ${person.profile.first_name}`;
    next.textContent = mark.at === 0 ? "Begin" : mark.at === steps.length - 1 ? "Done" : step.done && !done ? "Skip" : "Next";
    next.className = does.hidden ? "button primary" : "link";
    point(done ? null : ready ? step.point : `[data-action="be-${step.as}"]`);
  }

  function shown(selector) {
    return [...document.querySelectorAll(selector)].filter((one) => one.getClientRects().length).pop() ?? null;
  }

  function point(selector) {
    const target = selector ? shown(selector) : null;
    if (target === pointed) return;
    pointed?.classList.remove("tour-target");
    pointed = target;
    target?.classList.add("tour-target");
  }

  /** Does for somebody what the step asks for, by the same buttons. */
  async function perform() {
    const desk = desks()[0];
    const step = steps[mark.at];
    if (step.as && !sits(step.as, desk)) {
      desk.switchTo(desk.data.people.find((one) => one.name === step.as).id);
      return;
    }
    if (step.open && !step.fill) open(step.open, desk);
    if (step.fill) desk.forms.fill(step.fill);
    if (step.type) desk.writes.put(step.type);
    if (step.webhook) await stage().deploy(bodies(data.webhook.find((one) => one.name === step.webhook), desk));
    if (step.press) shown(step.press)?.click();
    if (step.move) await stage().move(step.move);
    look();
  }

  function open(where, desk) {
    if (where.startsWith("app:")) desk.open({ app: where.slice(4) });
    else desk.open({ channel: desk.data.channels.find((one) => `#${one.name}` === where)?.id });
  }

  return { node, look, toggle, data };
}

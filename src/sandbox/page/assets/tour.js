// A guided tour: says what to do next, points at where, and sees when it was done. What it tells comes from whoever
// started the workspace, as `/page/tour.json`:
//
//   {begin_as, steps: [{title, text, act, as, open, clock, point, type, fill, webhook, done}], webhook: [...]}
//
//   as      who should do it: a handle                open   where: "#channel", "app:home" or "app:messages"
//   clock   where the clock should stand before: {weekday, hour, minute} or {after_minutes}
//   point   a CSS selector on the page                type   words for the composer
//   fill    {block: value} for the open modal         done   what ends it: {said, in}, {unsaid, in}, {as}, {modal},
//           {at}; all that is named must hold          act    the words on the button that does it

import { h, unique } from "./dom.js";
import { bodies } from "./webhook.js";
import { nextTime } from "./times.js";

const KEY = "sandbox-tour";

/** The tour, if there is one. */
export function makeTour(data, { desks, stage }) {
  const steps = data?.steps ?? [];
  const title = h("h2", { id: unique("tour") });
  const words = h("p", {});
  const more = h("p", { class: "tour-who" });
  const count = h("span", { class: "tour-count" });
  const does = h("button", { type: "button", class: "button", data: { action: "tour-act" }, on: { click: perform } });
  const next = h("button", { type: "button", class: "button primary", data: { action: "tour-next" }, on: { click: () => go(at + 1) } }, "Next");
  const back = h("button", { type: "button", class: "link", data: { action: "tour-back" }, on: { click: () => go(at - 1) } }, "Back");
  const bar = h("div", { class: "tour-bar", "aria-hidden": "true" }, h("span", {}));
  const node = h("section", { class: "tour", "aria-labelledby": title.id, hidden: true }, bar,
    h("button", { type: "button", class: "tour-close", "aria-label": "End the tour", on: { click: () => toggle(false) } }, "×"),
    h("div", { class: "tour-words", "aria-live": "polite" }, title, words, more), h("div", { class: "tour-foot" }, count, back, does, next));
  let at = Number(sessionStorage.getItem(KEY) ?? 0);
  let begun = -1;
  let seen = false;
  let pointed = null;

  function toggle(on = node.hidden) {
    node.hidden = !on;
    if (!on) {
      sessionStorage.setItem(KEY, "-1");
      unpoint();
    } else {
      if (at < 0 || at >= steps.length) at = 0;
      begun = -1;
      look();
    }
  }

  function go(to) {
    if (to >= steps.length) {
      at = 0;
      toggle(false);
      return;
    }
    at = Math.max(0, to);
    seen = false;
    sessionStorage.setItem(KEY, String(at));
    look();
  }

  /** Looks whether the step is done, and draws it. Called at every change. */
  function look() {
    const desk = desks()[0];
    if (!steps.length || at < 0 || !desk?.data) return;
    if (begun === -1 && node.hidden && sessionStorage.getItem(KEY) === "-1") return;
    node.hidden = false;
    const step = steps[at];
    if (begun !== at) {
      begun = at;
      begin(step, desk);
    }
    const ready = !step.as || sits(step.as, desk);
    const done = Boolean(step.done) && holds(step.done, desk);
    if (done && !seen) {
      seen = true;
      setTimeout(() => { if (begun === at && steps[at] === step && seen) go(at + 1); }, step.linger ?? 900);
    }
    draw(step, ready, done, desk);
  }

  async function begin(step, desk) {
    if (step.clock?.weekday !== undefined) {
      const to = nextTime(desk.now(), desk.zone(), step.clock.weekday, step.clock.hour, step.clock.minute);
      await stage().move({ to: new Date(to).toISOString() });
    } else if (step.clock?.after_minutes) {
      await stage().move({ by_s: step.clock.after_minutes * 60 });
    }
  }

  function sits(handle, desk) {
    return desk.person(desk.me())?.name === handle;
  }

  function holds(done, desk) {
    if (done.as && !sits(done.as, desk)) return false;
    if (done.modal !== undefined && (desk.data.views.length > 0) !== done.modal) return false;
    if (done.at && (desk.at.app ?? desk.here()?.name) !== done.at) return false;
    const said = done.said || done.unsaid ? conversation(done.in, desk) : "";
    if (done.said && !new RegExp(done.said).test(said)) return false;
    return !(done.unsaid && new RegExp(done.unsaid).test(said));
  }

  // Everything said in a conversation, or on the Home tab, as one string.
  function conversation(name, desk) {
    if (name === "home") return JSON.stringify(desk.data.home?.blocks ?? []);
    const channel = desk.data.channels.find((one) => (name === "app" ? one.kind === "im" && one.members.includes(desk.data.app.user) : `#${one.name}` === name));
    return JSON.stringify(channel?.messages.map((message) => [message.text, message.blocks]) ?? []);
  }

  function draw(step, ready, done, desk) {
    title.textContent = done ? `✓ ${step.title}` : step.title;
    words.textContent = step.text;
    const person = step.as && desk.data.people.find((one) => one.name === step.as);
    more.textContent = ready || !person ? "" : `First become ${person.profile.first_name}, in the row of faces.`;
    more.hidden = ready || !person;
    count.textContent = `${at + 1} of ${steps.length}`;
    bar.firstChild.style.width = `${((at + (done ? 1 : 0)) / steps.length) * 100}%`;
    back.hidden = at === 0;
    next.textContent = at === steps.length - 1 ? "Done" : at === 0 ? "Begin" : "Next";
    next.classList.toggle("primary", !step.done || done || at === 0);
    does.hidden = !step.act || done;
    does.textContent = ready || !person ? step.act ?? "" : `Become ${person.profile.first_name}`;
    does.classList.add("primary");
    point(ready ? step.point : `[data-action="be-${step.as}"]`, desk);
  }

  function point(selector, desk) {
    const found = selector ? [...desk.root.querySelectorAll(selector), ...document.querySelectorAll(selector)] : [];
    const shown = found.filter((one) => one.getClientRects().length);
    const target = shown[shown.length - 1] ?? null;
    if (target === pointed) return;
    unpoint();
    pointed = target;
    target?.classList.add("tour-target");
  }

  function unpoint() {
    pointed?.classList.remove("tour-target");
    pointed = null;
  }

  /** Does for somebody what the step asks for: by the same buttons. */
  async function perform() {
    const desk = desks()[0];
    const step = steps[at];
    if (step.as && !sits(step.as, desk)) {
      desk.switchTo(desk.data.people.find((one) => one.name === step.as).id);
      return;
    }
    if (step.open) open(step.open, desk);
    if (step.fill) desk.forms.fill(step.fill);
    if (step.type) desk.writes.put(step.type);
    if (step.webhook) await stage().deploy(bodies(data.webhook.find((one) => one.name === step.webhook), desk));
    if (step.press) press(step.press, desk);
    look();
  }

  function press(selector, desk) {
    const found = [...desk.root.querySelectorAll(selector), ...document.querySelectorAll(selector)].filter((one) => one.getClientRects().length);
    found[found.length - 1]?.click();
  }

  function open(where, desk) {
    if (where.startsWith("app:")) desk.open({ app: where.slice(4) });
    else desk.open({ channel: desk.data.channels.find((one) => `#${one.name}` === where)?.id });
  }

  return { node, look, toggle, data };
}

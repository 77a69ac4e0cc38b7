// The bar above the workspace: what no Slack has. The clock, the build server, a Slack that misbehaves, two at once.

import { h } from "./dom.js";
import { act } from "./gestures.js";
import { openMenu } from "./menu.js";
import { deadline } from "./deadline.js";
import { presets } from "./webhook.js";
import { longTime, nextTime } from "./times.js";

// What misbehaves when Slack does: about every fourth call is refused, some are done and never answered, payloads come
// twice and out of order. Seeds make it the same trouble each time.
const TROUBLE = [
  { method: "*", fault: "ratelimited", probability: 0.12, retry_after_s: 2, seed: 1 },
  { method: "*", fault: "server_error", probability: 0.12, seed: 2 },
  { method: "*", fault: "applied_then_drop", probability: 0.08, seed: 3 },
  { deliveries: "duplicate", probability: 0.5, seed: 4 },
  { deliveries: "reorder", probability: 0.2, seed: 5 },
];

// What is due at an instant is named to the second; just after it, it is missed.
const SECOND = 1000;

/** The stage. `lead()` is the desk whose zone counts; `pair()` whether two sit side by side. */
export function makeStage({ lead, layer, togglePair, paired, tour, theme, say }) {
  const clock = h("span", { class: "clock-now", "aria-hidden": "true" });
  const stopped = h("span", { class: "clock-stopped", "aria-hidden": "true", hidden: true }, "stopped");
  const clockButton = button("clock", [h("span", { class: "glyph glyph-clock", "aria-hidden": "true" }), clock, stopped], "Move the clock", () => openMenu(layer, clockButton, clockItems(), { label: "Move the clock" }), true);
  const quick = h("div", { class: "quick-clock", role: "group", "aria-label": "Move the clock" });
  const ci = button("ci", [h("span", { class: "glyph glyph-ship", "aria-hidden": "true" }), words("CI deploys")], "CI deploys something", () => openMenu(layer, ci, presets(lead(), tour.data, deploy), { label: "CI deploys" }), true);
  const trouble = button("trouble", [h("span", { class: "glyph glyph-trouble", "aria-hidden": "true" }), words("Misbehaving Slack")], "Misbehaving Slack", toggleTrouble);
  const pair = button("pair", [h("span", { class: "glyph glyph-pair", "aria-hidden": "true" }), words("Side by side")], "Two people side by side", () => { togglePair(); draw(); });
  const dark = button("theme", [h("span", { class: "glyph glyph-theme", "aria-hidden": "true" })], "Light or dark", () => openMenu(layer, dark, theme.items(), { label: "Light or dark", end: true }), true);
  const guide = button("tour", [words("Tour")], "Guided tour", () => tour.toggle());
  const node = h("div", { class: "stage", role: "banner" }, h("span", { class: "stage-name" }, h("img", { src: "/page/icon.svg", alt: "", width: 20, height: 20 }), h("span", { class: "stage-words" }, "Slack in a box")), clockButton, quick, h("span", { class: "stage-gap" }), ci, trouble, pair, guide, dark);
  let moving = false;

  function words(said) {
    return h("span", { class: "stage-words" }, said);
  }

  function button(name, content, label, click, menu = false) {
    return h("button", { type: "button", class: `stage-button stage-${name}`, "aria-label": label, title: label, data: { action: `stage-${name}` }, "aria-haspopup": menu ? "menu" : null, "aria-expanded": menu ? "false" : null, on: { click } }, content);
  }

  function moves() {
    const desk = lead();
    const due = deadline(desk);
    return [
      { name: "hour", words: "+1 h", long: "One hour on", move: { minutes: 60 } },
      { name: "reminder", words: "Next reminder", long: "To the next reminder", move: { until_posted: true } },
      { name: "deadline", words: "Deadline", long: due ? `To the deadline, ${longTime(due, desk.zone())}` : "To the deadline", move: due && { to: due + SECOND } },
      { name: "monday", words: "Monday 09:00", long: "To Monday, 09:00", move: { weekday: 1, hour: 9, minute: 0 } },
    ];
  }

  function clockItems() {
    return [
      ...moves().map((one) => ({ words: one.long, pick: () => (one.move ? move(one.move) : say("Nobody has been told of a deadline yet. Deploy an emergency change first.")) })),
      null,
      { words: lead().clock.frozen ? "Let the clock run" : "Stop the clock", hint: lead().clock.frozen ? "it stands still" : "it runs", pick: () => act("clock/freeze", { frozen: !lead().clock.frozen }).catch(complain) },
    ];
  }

  /**
   * Moves the clock, through everything that becomes due on the way: by `{minutes}`, `{until_posted}`, to `{weekday,
   * hour, minute}` of the leader's zone, or to an instant `{to}`.
   */
  async function move(how) {
    if (moving) return;
    moving = true;
    node.classList.add("moving");
    node.setAttribute("aria-busy", "true");
    try {
      await act("clock/move", asked(how));
    } catch (error) {
      complain(error);
    } finally {
      moving = false;
      node.classList.remove("moving");
      node.setAttribute("aria-busy", "false");
    }
  }

  function asked(how) {
    if (how.until_posted) return how;
    if (how.minutes) return { by_s: how.minutes * 60 };
    const to = how.to ?? nextTime(lead().now(), lead().zone(), how.weekday, how.hour, how.minute);
    return { to: new Date(to).toISOString() };
  }

  async function deploy(body) {
    try {
      const answer = await act("webhook", body);
      const counted = answer.response?.counted?.length;
      say(answer.ok ? `CI said so${counted ? `: ${counted} ${counted === 1 ? "change" : "changes"} counted` : ""}.` : `The bot refused what CI said (${answer.status}).`, !answer.ok);
    } catch (error) {
      complain(error);
    }
  }

  async function toggleTrouble() {
    try {
      if (lead().data.misbehaves) await act("misbehave", null, "DELETE");
      else for (const order of TROUBLE) await act("misbehave", order);
    } catch (error) {
      complain(error);
    }
  }

  function complain(error) {
    say(error.message, true);
  }

  /** Draws what depends on the desks. */
  function draw() {
    const desk = lead();
    if (!desk?.data) return;
    tick();
    const made = moves();
    if (!quick.childElementCount) quick.append(...made.map((one, n) => button(`move-${one.name}`, words(one.words), one.long, () => { const now = moves()[n]; if (now.move) move(now.move); })));
    [...quick.children].forEach((child, n) => { child.title = made[n].long; child.setAttribute("aria-label", made[n].long); child.disabled = !made[n].move; });
    trouble.setAttribute("aria-pressed", String(desk.data.misbehaves));
    pair.setAttribute("aria-pressed", String(paired()));
    ci.hidden = !desk.data.webhook || !tour.data?.webhook;
    guide.hidden = !tour.data?.steps?.length;
  }

  function tick() {
    const desk = lead();
    if (!desk?.data) return;
    clock.textContent = longTime(desk.now(), desk.zone());
    stopped.hidden = !desk.clock.frozen;
    clockButton.setAttribute("aria-label", `Move the clock; it is ${clock.textContent}${stopped.hidden ? "" : " and stopped"}`);
  }
  setInterval(tick, 1000);

  return { node, draw, move, deploy };
}

// A list of messages with days and what is new in it: a channel, a direct conversation or a thread.

import { h, reconcile, sign } from "./dom.js";
import { message } from "./message.js";
import { dayLine, dayOf } from "./times.js";

const NEAR = 5 * 60;
const CLOSE_TO_END = 80;

/** A list that keeps its place: at the end while one is at the end. */
export function messageList(desk, { label, inThread = false }) {
  const list = h("div", { class: "messages", role: "log", "aria-label": label, tabindex: "0" });
  let shown = null;
  let newFrom = null;
  let newest = null;
  let ended = true;
  const toEnd = () => { list.scrollTop = list.scrollHeight; };
  list.addEventListener("scroll", () => { ended = nearEnd(); });
  // A keyboard that comes up, or a picture that is loaded, doesn't move the end out of sight.
  new ResizeObserver(() => { if (ended) toEnd(); }).observe(list);
  list.addEventListener("load", () => { if (ended) toEnd(); }, true);

  function nearEnd() {
    return list.scrollHeight - list.scrollTop - list.clientHeight < CLOSE_TO_END;
  }

  /** Draws `messages` of `channel`; `place` names what is shown, `readUntil` how far it was read, `head` stands first. */
  function draw({ channel, messages, place, readUntil, head }) {
    const moved = place !== shown;
    const last = messages[messages.length - 1];
    // Whoever has just written sees it, wherever they had looked.
    const wrote = last?.user === desk.me() && last.ts !== newest;
    newest = last?.ts;
    ended ||= moved || wrote;
    if (moved) newFrom = null;
    // The line stays where it was when one came, until one goes elsewhere.
    if (moved || newFrom === null) newFrom = firstNew(messages, readUntil, desk.me(), !moved);
    shown = place;
    reconcile(list, items({ channel, messages, head, place }));
    if (ended) toEnd();
  }

  function items({ channel, messages, head, place }) {
    const zone = desk.zone();
    const now = desk.now();
    const out = head ? [{ key: `head-${place}`, sign: sign(head.sign), make: head.make }] : [];
    let above = null;
    for (const said of messages) {
      const at = Number(said.ts) * 1000;
      const newDay = !above || dayOf(Number(above.ts) * 1000, zone) !== dayOf(at, zone);
      const newHere = said.ts === newFrom;
      if (newDay && !(inThread && above)) {
        const words = dayLine(at, zone, now);
        out.push({ key: `day-${dayOf(at, zone)}`, sign: words, make: () => h("div", { class: "day" }, h("span", {}, words)) });
      }
      if (newHere) out.push({ key: "new", sign: "new", make: () => h("div", { class: "new-line", role: "separator", "aria-label": "New messages" }, h("span", {}, "New")) });
      const follows = Boolean(above) && !newDay && !newHere && above.user === said.user && Number(said.ts) - Number(above.ts) < NEAR && !said.ephemeral === !above.ephemeral && !said.subtype && above.subtype !== "tombstone";
      const options = { follows, inThread };
      out.push({ key: said.ts, sign: sign(said, options, zone, desk.me(), desk.editing === said.ts, dayOf(now, zone), said.reply_count ? Math.floor(now / 60_000) : 0), make: () => message(said, channel, desk, options) });
      above = said;
    }
    return out;
  }

  /** Brings a message into view and marks it for a moment. */
  function reveal(ts) {
    const node = list.querySelector(`[data-ts="${CSS.escape(ts)}"]`);
    if (!node) return;
    node.scrollIntoView({ block: "center" });
    node.classList.add("revealed");
    setTimeout(() => node.classList.remove("revealed"), 2500);
  }

  return { node: list, draw, reveal };
}

function firstNew(messages, readUntil, me, looking) {
  // Who looks sees each message come; nothing is new to them.
  if (looking) return null;
  const first = messages.find((said) => said.user !== me && !said.ephemeral && (!readUntil || said.ts > readUntil));
  // If one hasn't read anything yet, everything is new and no line says so.
  return first && readUntil ? first.ts : null;
}

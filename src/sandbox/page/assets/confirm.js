// A small question before something is done. Also the frame of every dialog: it holds the focus and gives it back.

import { h, unique } from "./dom.js";
import { text } from "./mrkdwn.js";

const FOCUSABLE = "button, a[href], input, textarea, select, [tabindex='0']";

/** Puts a dialog over the desk; returns how to take it away. Esc calls `escape`. */
export function dialog(desk, { name, label, content, escape, first, back }) {
  const box = h("div", { class: `dialog ${name}`, role: "dialog", "aria-modal": "true", "aria-labelledby": label, tabindex: "-1" }, content);
  const cover = h("div", { class: "cover", on: { keydown: keys, pointerdown: (event) => event.target === cover && escape(true) } }, box);
  const held = back ?? document.activeElement;
  desk.covers.append(cover);
  (first?.() ?? box).focus({ preventScroll: true });

  function keys(event) {
    if (event.key === "Escape") {
      event.stopPropagation();
      escape(false);
    } else if (event.key === "Tab") {
      const all = [...box.querySelectorAll(FOCUSABLE)].filter((one) => one.offsetParent && !one.disabled && one.tabIndex >= 0);
      if (!all.length) return;
      const [start, end] = [all[0], all[all.length - 1]];
      if (event.shiftKey && (document.activeElement === start || document.activeElement === box)) {
        event.preventDefault();
        end.focus();
      } else if (!event.shiftKey && document.activeElement === end) {
        event.preventDefault();
        start.focus();
      }
    }
  }
  return { box, close: () => { cover.remove(); if (held?.isConnected) held.focus({ preventScroll: true }); } };
}

/** Asks what an element's `confirm` asks; resolves to whether it was confirmed. */
export function confirmed(desk, { title, text: question, confirm, deny, style }, back) {
  return new Promise((resolve) => {
    const label = unique("confirm");
    const end = (yes) => { made.close(); resolve(yes); };
    const yes = h("button", { type: "button", class: `button ${style ?? "primary"}`, data: { action: "confirm-yes" }, on: { click: () => end(true) } }, text(confirm, desk));
    const no = h("button", { type: "button", class: "button", data: { action: "confirm-no" }, on: { click: () => end(false) } }, text(deny, desk));
    const made = dialog(desk, {
      name: "confirm", label, escape: () => end(false), first: () => yes, back,
      content: [h("h2", { id: label }, text(title, desk)), h("div", { class: "confirm-text" }, text(question, desk)), h("div", { class: "dialog-foot" }, no, yes)],
    });
  });
}

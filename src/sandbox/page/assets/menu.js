// A menu: arrows move, Enter or a click chooses.

import { h } from "./dom.js";
import { float, floats, sink } from "./float.js";

/** Opens a menu under `anchor`, or closes it if it is open. Items: `{words, hint, danger, pick}`, or null for a line. */
export function openMenu(layer, anchor, items, { label, above = false, end = false } = {}) {
  if (floats(anchor)) {
    sink(true);
    return;
  }
  const rows = items.map((item) => item
    ? h("button", { type: "button", role: "menuitem", tabindex: "-1", class: item.danger ? "menu-item danger" : "menu-item", on: { click: () => { sink(true); item.pick(); } } },
      h("span", {}, item.words), item.hint && h("span", { class: "menu-hint" }, item.hint))
    : h("div", { role: "separator", class: "menu-line" }));
  const menu = h("div", { role: "menu", class: "menu", "aria-label": label, on: { keydown: move } }, rows);
  float(layer, anchor, menu, { above, end });
  menu.querySelector("[role=menuitem]")?.focus();
}

function move(event) {
  const rows = [...event.currentTarget.querySelectorAll("[role=menuitem]")];
  const at = rows.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1 + rows.length, Home: 0, End: rows.length - 1 }[event.key];
  if (event.key === "Tab") sink(true);
  if (to === undefined) return;
  event.preventDefault();
  rows[to % rows.length].focus();
}

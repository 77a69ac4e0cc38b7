// What floats above a desk beside something: menus, pickers, completions. One at a time; Esc or a click elsewhere ends it.

import { h } from "./dom.js";

let current = null;

/** Ends whatever floats. */
export function sink(refocus = false) {
  if (!current) return;
  const { panel, anchor, ended } = current;
  current = null;
  panel.remove();
  if (anchor.hasAttribute?.("aria-expanded")) anchor.setAttribute("aria-expanded", "false");
  ended?.();
  if (refocus) anchor.focus({ preventScroll: true });
}

/** Whether something floats that belongs to `anchor`. */
export function floats(anchor) {
  return current?.anchor === anchor;
}

/** Shows `content` beside `anchor`; returns the panel. `above` puts it over the anchor if there is room. */
export function float(layer, anchor, content, { above = false, end = false, wide = false, ended = null } = {}) {
  sink();
  const panel = h("div", { class: "float" }, content);
  layer.append(panel);
  current = { panel, anchor, ended, settle: () => place(panel, layer, anchor, { above, end, wide }) };
  if (anchor.hasAttribute?.("aria-expanded")) anchor.setAttribute("aria-expanded", "true");
  current.settle();
  return panel;
}

function place(panel, layer, anchor, { above, end, wide }) {
  Object.assign(panel.style, { top: "", bottom: "", maxHeight: "" });
  const frame = layer.getBoundingClientRect();
  const at = anchor.getBoundingClientRect();
  if (wide) Object.assign(panel.style, { width: `${at.width}px`, maxWidth: "none" });
  const { width, height } = panel.getBoundingClientRect();
  const edge = 8;
  const left = end ? at.right - width : at.left;
  const below = frame.bottom - at.bottom - edge;
  const over = at.top - frame.top - edge;
  const upward = above ? over >= Math.min(height, 160) || over > below : height > below && over > below;
  panel.style.left = `${Math.max(edge, Math.min(left - frame.left, frame.width - width - edge))}px`;
  panel.style.maxHeight = `${Math.max(120, (upward ? over : below) - 4)}px`;
  if (upward) panel.style.bottom = `${frame.bottom - at.top + 4}px`;
  else panel.style.top = `${at.bottom - frame.top + 4}px`;
}

document.addEventListener("pointerdown", (event) => {
  if (current && !current.panel.contains(event.target) && !current.anchor.contains?.(event.target)) sink();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !current) return;
  event.stopPropagation();
  event.preventDefault();
  sink(true);
}, true);
// A phone's keyboard, or the phone turned: it goes along, unless what it belongs to is shown no more. Lists find their
// place first, at the end of this frame.
window.addEventListener("resize", () => requestAnimationFrame(() => requestAnimationFrame(() => {
  if (!current) return;
  if (current.anchor.getClientRects().length) current.settle();
  else sink();
})));

// Short words at the edge that go by themselves.

import { h } from "./dom.js";

const LONG = 7000;

/** A place for them. */
export function toasts() {
  const node = h("div", { class: "toasts", role: "status", "aria-live": "polite" });
  const say = (words, bad = false) => {
    const toast = h("div", { class: bad ? "toast bad" : "toast" }, h("span", {}, words), h("button", { type: "button", "aria-label": "Dismiss", on: { click: () => toast.remove() } }, "×"));
    node.append(toast);
    setTimeout(() => toast.remove(), LONG);
  };
  return { node, say };
}

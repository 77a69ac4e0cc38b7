// Chooses an emoji.

import { h } from "./dom.js";
import { emojiLike } from "./emoji.js";
import { float, sink } from "./float.js";

/** Opens the picker beside `anchor`; `picked(name)` hears the choice. */
export function pickEmoji(layer, anchor, picked) {
  const grid = h("div", { class: "emoji-grid" });
  const search = h("input", { type: "text", class: "search", placeholder: "Search all emoji", "aria-label": "Search all emoji", autocomplete: "off" });
  const choose = (name) => { sink(true); picked(name); };
  const draw = () => grid.replaceChildren(...emojiLike(search.value.trim().toLowerCase().replaceAll(":", "")).map(([name, glyph]) => h("button", { type: "button", class: "emoji-choice", title: `:${name}:`, "aria-label": name.replaceAll("_", " "), on: { click: () => choose(name) } }, glyph)));
  search.addEventListener("input", draw);
  search.addEventListener("keydown", (event) => { if (event.key === "Enter") grid.querySelector("button")?.click(); });
  draw();
  float(layer, anchor, h("div", { class: "emoji-picker" }, search, grid), { end: true });
  search.focus();
}

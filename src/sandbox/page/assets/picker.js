// A select as Slack draws it: a button that opens a list in which one can type.

import { h, unique } from "./dom.js";
import { float, floats, sink } from "./float.js";

/**
 * Makes a select. `options(typed)` gives groups `[{label, options: [{value, words, hint, before}]}]`, maybe later.
 * `changed(chosen)` hears of every choice. Returns `{node, read, write}` of lists of options.
 */
export function picker({ desk, label, placeholder, multiple = false, chosen = [], options, changed }) {
  let held = chosen;
  const words = h("span", { class: "select-words" });
  const button = h("button", { type: "button", class: "select", "aria-haspopup": "listbox", "aria-expanded": "false", on: { click: toggle } }, words, h("span", { class: "select-arrow", "aria-hidden": "true" }));

  function draw() {
    words.classList.toggle("empty", held.length === 0);
    const chips = multiple ? held.map((one) => h("span", { class: "chip" }, one.words)) : held.map((one) => one.words);
    words.replaceChildren(...(held.length ? chips : [placeholder]));
    button.setAttribute("aria-label", `${label}: ${held.length ? held.map((one) => one.words).join(", ") : placeholder}`);
  }

  function toggle() {
    if (floats(button)) sink(true);
    else openList();
  }

  async function openList() {
    const list = h("div", { role: "listbox", id: unique("list"), class: "options", "aria-label": label, "aria-multiselectable": multiple });
    const search = h("input", { class: "search", type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": list.id, "aria-label": `Search: ${label}`, placeholder: "Search", autocomplete: "off" });
    const panel = float(desk.layer, button, [search, list], { wide: true });
    panel.classList.add("float-select");
    search.addEventListener("input", () => show(list, search));
    search.addEventListener("keydown", (event) => keys(event, list, search));
    search.focus();
    await show(list, search);
  }

  async function show(list, search) {
    const groups = await options(search.value.trim().toLowerCase());
    const rows = groups.flatMap((group) => [
      group.label && h("div", { class: "options-label", role: "presentation" }, group.label),
      ...group.options.map((one) => row(one)),
    ]).filter(Boolean);
    list.replaceChildren(...(rows.length ? rows : [h("div", { class: "options-none", role: "option", "aria-disabled": "true", "aria-selected": "false" }, "Nothing matches.")]));
    light(list, search, list.querySelector("[aria-selected=true]") ?? list.querySelector(".option"));
  }

  function row(one) {
    const on = held.some((other) => other.value === one.value);
    return h("div", { role: "option", id: unique("option"), class: "option", "aria-selected": String(on), data: { value: one.value }, on: { click: () => choose(one), pointerdown: (event) => event.preventDefault() } },
      one.before, h("span", { class: "option-words" }, one.words), one.hint && h("span", { class: "option-hint" }, one.hint), on && h("span", { class: "tick", "aria-hidden": "true" }, "✓"));
  }

  function choose(one) {
    const on = held.some((other) => other.value === one.value);
    held = multiple ? (on ? held.filter((other) => other.value !== one.value) : [...held, one]) : [one];
    draw();
    if (multiple) {
      const panel = desk.layer.querySelector(".float-select");
      show(panel.querySelector(".options"), panel.querySelector(".search"));
    } else {
      sink(true);
    }
    changed(held);
  }

  draw();
  return { node: button, read: () => held, write: (now) => { held = now; draw(); } };
}

function light(list, search, row) {
  for (const other of list.querySelectorAll(".lit")) other.classList.remove("lit");
  row?.classList.add("lit");
  row?.scrollIntoView({ block: "nearest" });
  if (row?.id) search.setAttribute("aria-activedescendant", row.id);
}

function keys(event, list, search) {
  const rows = [...list.querySelectorAll(".option")];
  const at = rows.findIndex((row) => row.classList.contains("lit"));
  const to = { ArrowDown: at + 1, ArrowUp: at - 1 + rows.length }[event.key];
  if (to !== undefined && rows.length) {
    event.preventDefault();
    light(list, search, rows[to % rows.length]);
  } else if (event.key === "Enter") {
    event.preventDefault();
    rows[at]?.click();
  } else if (event.key === "Tab") {
    sink(true);
  }
}

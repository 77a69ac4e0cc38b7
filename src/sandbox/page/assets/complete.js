// Completion while one types: `/` commands, `@` people and groups, `#` channels, `:` emoji.

import { h, unique } from "./dom.js";
import { emojiLike } from "./emoji.js";
import { float, floats, sink } from "./float.js";
import { avatar } from "./people.js";

const MOST = 8;

/** Watches a text field; completes what stands before its cursor. `keydown` says whether it took a key. */
export function completion(input, desk, { commands = true } = {}) {
  const list = h("div", { role: "listbox", id: unique("complete"), class: "options complete", "aria-label": "Suggestions" });
  let found = [];
  let lit = 0;
  let range = null;

  function update() {
    const before = input.value.slice(0, input.selectionStart);
    const hit = (commands && /^()(\/[\w-]*)$/.exec(before)) || /(^|[\s(])([@#][\p{L}\p{N}._-]*|:[a-z0-9_+-]{2,})$/u.exec(before);
    found = hit ? suggest(hit[2]) : [];
    range = hit ? [before.length - hit[2].length, before.length] : null;
    lit = 0;
    if (!found.length) {
      if (floats(input)) sink();
      return;
    }
    if (!floats(input)) {
      float(desk.layer, input, list, { above: true, ended: () => { found = []; input.removeAttribute("aria-activedescendant"); input.removeAttribute("aria-controls"); } }).classList.add("float-complete");
      input.setAttribute("aria-controls", list.id);
    }
    draw();
  }

  function suggest(part) {
    const typed = part.slice(1).toLowerCase();
    if (part.startsWith("/")) {
      return desk.data.app.commands.filter((one) => one.command.startsWith(part)).map((one) => ({ put: `${one.command} `, words: one.command, hint: one.usage_hint, more: one.description, before: avatar(desk.data.app.user, desk, 24) }));
    }
    if (part.startsWith(":")) return emojiLike(typed, MOST).map(([name, glyph]) => ({ put: `${glyph} `, words: `:${name}:`, before: h("span", { class: "emoji" }, glyph) }));
    if (part.startsWith("#")) return desk.data.channels.filter((one) => one.name.includes(typed) && one.kind !== "mpim" && one.name).map((one) => ({ put: `#${one.name} `, words: `# ${one.name}` })).slice(0, MOST);
    const people = desk.data.people.filter((one) => !one.deleted && `${one.name} ${one.real_name}`.toLowerCase().includes(typed)).map((one) => ({ put: `@${one.name} `, words: one.real_name, hint: `@${one.name}`, more: one.profile.title, before: avatar(one.id, desk, 24), rank: one.name.startsWith(typed) ? 0 : 1 }));
    const groups = desk.data.usergroups.filter((one) => `${one.handle} ${one.name}`.toLowerCase().includes(typed)).map((one) => ({ put: `@${one.handle} `, words: `@${one.handle}`, more: `${one.name}, ${one.user_count} ${one.user_count === 1 ? "member" : "members"}`, before: h("span", { class: "avatar size-24 group", "aria-hidden": "true" }, "@"), rank: 1 }));
    return [...people, ...groups].sort((a, b) => a.rank - b.rank).slice(0, MOST);
  }

  function draw() {
    list.replaceChildren(...found.map((one, n) => h("div", { role: "option", id: `${list.id}-${n}`, class: n === lit ? "option lit" : "option", "aria-selected": String(n === lit), on: { pointerdown: (event) => { event.preventDefault(); take(one); } } },
      one.before, h("span", { class: "option-words" }, h("strong", {}, one.words), one.hint && h("span", { class: "option-hint" }, ` ${one.hint}`), one.more && h("span", { class: "option-more" }, one.more)))));
    input.setAttribute("aria-activedescendant", `${list.id}-${lit}`);
  }

  function take(one) {
    const [from, to] = range;
    sink();
    input.setRangeText(one.put, from, to, "end");
    input.dispatchEvent(new Event("input"));
    input.focus();
  }

  function keydown(event) {
    if (!found.length || !floats(input)) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      lit = (lit + step + found.length) % found.length;
      draw();
    } else if (event.key === "Enter" || event.key === "Tab") {
      take(found[lit]);
    } else {
      return false;
    }
    event.preventDefault();
    return true;
  }

  input.addEventListener("input", update);
  input.addEventListener("blur", () => { if (floats(input)) sink(); });
  return { keydown };
}

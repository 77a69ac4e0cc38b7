// Where one writes. Enter sends, Shift+Enter makes a line; a draft stays with its conversation.

import { h } from "./dom.js";
import { completion } from "./complete.js";
import { emoji } from "./emoji.js";
import { pickEmoji } from "./emojipicker.js";

/** A composer. `place()` gives `{key, label, channel, thread, closed}` of what is open. */
export function composer(desk, place) {
  const drafts = new Map();
  let key = null;
  const input = h("textarea", { class: "compose-input", rows: 1, "aria-autocomplete": "list", autocomplete: "off", spellcheck: "true" });
  const tool = (label, words, click) => h("button", { type: "button", class: "compose-tool", "aria-label": label, title: label, on: { click } }, words);
  const send = h("button", { type: "button", class: "send", "aria-label": "Send now", title: "Send now", on: { click: submit } }, h("span", { class: "glyph glyph-send", "aria-hidden": "true" }));
  const faces = tool("Emoji", h("span", { class: "glyph glyph-react", "aria-hidden": "true" }), () => pickEmoji(desk.layer, faces, (name) => insert(emoji(name))));
  const broadcast = h("input", { type: "checkbox", class: "broadcast-box" });
  const also = h("label", { class: "broadcast" }, broadcast, h("span", {}));
  const box = h("div", { class: "compose-box" }, input, h("div", { class: "compose-foot" }, faces, tool("Mention someone", "@", () => insert("@")), tool("Run a command", "/", () => { if (!input.value) insert("/"); else input.focus(); }), h("span", { class: "compose-hint" }, h("strong", {}, "Shift + Return"), " to add a new line"), send));
  const closed = h("div", { class: "compose-closed", hidden: true });
  const node = h("div", { class: "composer" }, box, also, closed);
  const completes = completion(input, desk);

  input.addEventListener("input", () => { drafts.set(key, input.value); look(); });
  input.addEventListener("keydown", (event) => {
    if (completes.keydown(event)) return;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      submit();
    }
    if (event.key === "ArrowUp" && input.value === "") {
      event.preventDefault();
      desk.editLast(place());
    }
  });

  function look() {
    send.disabled = input.value.trim() === "";
    input.style.height = "auto";
    input.style.height = `${Math.min(input.scrollHeight, 220)}px`;
  }

  function insert(words) {
    input.focus();
    input.setRangeText(words, input.selectionStart, input.selectionEnd, "end");
    input.dispatchEvent(new Event("input"));
  }

  async function submit() {
    const text = input.value.trim();
    const at = place();
    if (!text || at.closed) return;
    put("");
    const sent = text.startsWith("/") && !at.thread ? await desk.command(at, text) : await desk.say(at, text, broadcast.checked);
    broadcast.checked = false;
    // What couldn't be sent isn't lost.
    if (!sent && input.value === "" && place().key === at.key) put(text);
  }

  function put(words) {
    input.value = words;
    drafts.set(key, words);
    look();
  }

  /** Draws it for what is open now. */
  function draw() {
    const at = place();
    box.hidden = Boolean(at.closed);
    closed.hidden = !at.closed;
    closed.textContent = at.closed ?? "";
    also.hidden = !at.thread || Boolean(at.closed) || !at.name;
    also.lastChild.textContent = `Also send to ${at.name}`;
    input.placeholder = at.label;
    input.setAttribute("aria-label", at.label);
    if (key !== at.key) {
      key = at.key;
      input.value = drafts.get(key) ?? "";
      queueMicrotask(look);
    }
  }

  return { node, draw, put: (words) => { put(words); input.focus(); }, focus: () => input.focus(), input };
}

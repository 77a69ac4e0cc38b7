// Modals: filled in, submitted, sent back with what is wrong, redrawn by the app, stacked. Nothing typed is lost.

import { h, sign, unique } from "./dom.js";
import { blocks, complain } from "./blocks.js";
import { dialog } from "./confirm.js";
import { text } from "./mrkdwn.js";
import { held } from "./values.js";

/** Shows the topmost modal of a desk, if there is one. */
export function modals(desk) {
  let open = null;

  function draw() {
    const view = desk.data.views[desk.data.views.length - 1];
    if (!view) return shut();
    const mark = sign(view.id, view.hash);
    if (open?.mark === mark) return undefined;
    const before = open?.id === view.id ? open : null;
    const typed = before ? values(before) : {};
    const scroll = before?.body.scrollTop ?? 0;
    if (!before) shut();
    return show(view, mark, typed, before, scroll);
  }

  function shut() {
    open?.frame.close();
    open = null;
  }

  function show(view, mark, typed, before, scroll) {
    const fields = new Map();
    const host = {
      desk,
      current: (block, element) => {
        const kept = typed[block.block_id]?.[element.action_id];
        return kept === undefined ? held(view.state.values[block.block_id]?.[element.action_id]) : kept;
      },
      field: (block, element, control) => fields.set(`${block.block_id}\u0000${element.action_id}`, { block: block.block_id, action: element.action_id, ...control }),
      used: async (block, element, value) => {
        // In a form only what asks for it tells the app at once.
        if (block.type === "input" && !block.dispatch_action) return;
        await keep();
        await desk.press({ view_id: view.id, action_id: element.action_id, block_id: block.block_id, value });
      },
    };
    const label = unique("modal");
    const body = h("div", { class: "modal-body", tabindex: "-1" }, blocks(view.blocks, host));
    const trouble = h("div", { class: "modal-trouble", role: "alert", hidden: true });
    const submit = view.submit && h("button", { type: "button", class: "button primary", data: { action: "submit" }, on: { click: send } }, text(view.submit, desk));
    const content = [
      h("div", { class: "modal-head" },
        desk.data.views.length > 1 && h("button", { type: "button", class: "modal-back", "aria-label": "Back", on: { click: close } }, h("span", { class: "glyph glyph-back", "aria-hidden": "true" })),
        h("span", { class: "modal-app", "aria-hidden": "true" }, desk.appAvatar(24)),
        h("h2", { id: label }, text(view.title, desk)),
        h("button", { type: "button", class: "modal-close", "aria-label": "Close", on: { click: () => desk.act("close", { all: true }) } }, "×")),
      trouble, body,
      h("div", { class: "dialog-foot" }, h("button", { type: "button", class: "button", data: { action: "close" }, on: { click: close } }, view.close ? text(view.close, desk) : "Close"), submit),
    ];
    const frame = before?.frame ?? dialog(desk, { name: "modal", label, content: [], escape: (outside) => outside || close(), first: null });
    frame.box.replaceChildren(...content.filter(Boolean));
    frame.box.setAttribute("aria-labelledby", label);
    open = { id: view.id, mark, frame, body, fields, host, view };
    body.scrollTop = scroll;
    if (!before) (firstField(view, fields) ?? frame.box).focus({ preventScroll: true });
    open.send = send;
    if (!before) {
      frame.box.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) open?.send();
      });
    }

    async function keep() {
      await desk.act("submit", { view_id: view.id, values: values(open), only_fill: true });
    }

    function close() {
      desk.act("close", {});
    }

    async function send() {
      if (!submit || submit.disabled) return;
      submit.disabled = true;
      submit.classList.add("busy");
      try {
        const answer = await desk.act("submit", { view_id: view.id, values: values(open) });
        if (answer) settle(answer);
      } finally {
        submit.disabled = false;
        submit.classList.remove("busy");
      }
    }

    function settle(answer) {
      trouble.hidden = answer.outcome !== "timeout" && answer.outcome !== "trouble";
      trouble.textContent = trouble.hidden ? "" : "We had some trouble connecting. Try again?";
      const wrong = complain(body, answer.outcome === "errors" ? answer.errors : {});
      wrong?.scrollIntoView({ block: "center" });
      wrong?.querySelector("input, textarea, button")?.focus({ preventScroll: true });
    }
    return undefined;
  }

  /** Writes into the topmost modal's fields, as the tour does for somebody: `{block: value}`. */
  function fill(given) {
    for (const field of open?.fields.values() ?? []) {
      if (field.block in given) field.write(given[field.block]);
    }
  }

  return { draw, fill, isOpen: () => open !== null };
}

function firstField(view, fields) {
  const wanted = view.blocks.map((block) => block.element).find((element) => element?.focus_on_load);
  const all = [...fields.values()];
  return (all.find((field) => field.action === wanted?.action_id) ?? all[0])?.focus;
}

// Fields that hold nothing are sent as nothing, so that emptying one empties it.
function values(open) {
  const out = {};
  for (const { block, action, read } of open.fields.values()) (out[block] ??= {})[action] = read();
  return out;
}

// The blocks of Block Kit, as Slack lays them out.

import { h, unique } from "./dom.js";
import { chart } from "./chart.js";
import { drawElement, ELEMENTS } from "./elements.js";
import { here } from "./mentions.js";
import { mrkdwn, text } from "./mrkdwn.js";
import { richText } from "./richtext.js";

/** Every kind that this page can show; the README's table and a test hold it to this list. */
export const BLOCKS = {
  section, actions, context, header, divider, image, input,
  rich_text: (block, host) => richText(block, host.desk),
  markdown: (block, host) => h("div", { class: "section" }, mrkdwn(block.text, host.desk)),
  data_visualization: (block) => chart(block),
  table,
};

/** Draws blocks, one under the other. */
export function blocks(all, host) {
  return h("div", { class: "blocks" }, all.map((block) => {
    const make = BLOCKS[block.type];
    return make ? make(block, host) : h("div", { class: "unknown" }, `This page can't show a block “${block.type}”.`);
  }));
}

function section(block, host) {
  const words = [
    block.text && h("div", { class: "section-text" }, text(block.text, host.desk)),
    block.fields && h("div", { class: "fields" }, block.fields.map((field) => h("div", {}, text(field, host.desk)))),
  ];
  if (!block.accessory) return h("div", { class: "section" }, words);
  const beside = block.accessory.type === "image" ? picture(block.accessory, host, "accessory-image") : drawElement(block.accessory, block, host);
  const below = ["radio_buttons", "checkboxes"].includes(block.accessory.type);
  return h("div", { class: below ? "section" : "section with-accessory" }, h("div", { class: "section-words" }, words), h("div", { class: "accessory" }, beside));
}

function actions(block, host) {
  return h("div", { class: "actions" }, block.elements.map((element) => drawElement(element, block, host)));
}

function context(block, host) {
  return h("div", { class: "context" }, block.elements.map((element) => (element.type === "image" ? picture(element, host, "context-image") : h("span", {}, text(element, host.desk)))));
}

function header(block, host) {
  return h("div", { class: "header-block", role: "heading", "aria-level": "4" }, text(block.text, host.desk));
}

function divider() {
  return h("hr", { class: "divider" });
}

function source(block, host) {
  if (block.image_url) return here(block.image_url, host.desk);
  const file = block.slack_file ?? {};
  return file.id ? `/sandbox/files/${encodeURIComponent(file.id)}/image` : here(file.url ?? "", host.desk);
}

function picture(element, host, name) {
  return h("img", { class: name, src: source(element, host), alt: element.alt_text });
}

function image(block, host) {
  const href = source(block, host);
  return h("figure", { class: "image" },
    block.title && h("figcaption", {}, text(block.title, host.desk)),
    h("a", { href, target: "_blank", rel: "noopener noreferrer", "aria-label": `Open the image: ${block.alt_text.slice(0, 120)}` }, h("img", { src: href, alt: block.alt_text })));
}

function table(block) {
  const cell = (one) => one.text ?? (one.elements ? richWords(one) : "");
  const [head, ...rows] = block.rows;
  return h("div", { class: "table", tabindex: "0" }, h("table", {}, h("thead", {}, h("tr", {}, head.map((one) => h("th", {}, cell(one))))), h("tbody", {}, rows.map((row) => h("tr", {}, row.map((one) => h("td", {}, cell(one))))))));
}

const richWords = (block) => block.elements.flatMap((part) => part.elements ?? []).map((piece) => piece.text ?? "").join("");

function input(block, host) {
  const label = unique("label");
  const hint = unique("hint");
  const control = drawElement(block.element, block, host);
  const field = control.matches("input, textarea, button, [role]") ? control : control.querySelector("input, textarea, button");
  if (field) {
    if (!field.matches("button")) field.setAttribute("aria-labelledby", label);
    field.setAttribute("aria-describedby", `${hint} ${hint}-error`);
  }
  const optional = block.optional && h("span", { class: "optional" }, " (optional)");
  return h("div", { class: "input-block", data: { block: block.block_id } },
    h("div", { class: "label", id: label, on: { click: () => field?.focus() } }, text(block.label, host.desk), optional),
    control,
    h("div", { class: "error", id: `${hint}-error`, role: "alert" }),
    h("div", { class: "hint", id: hint }, block.hint ? text(block.hint, host.desk) : []));
}

/** Shows what is wrong beside its fields, `{block: words}`; what was typed stays. Returns the first of them. */
export function complain(root, errors) {
  let first = null;
  for (const block of root.querySelectorAll(".input-block")) {
    const words = errors[block.dataset.block];
    block.classList.toggle("wrong", Boolean(words));
    block.querySelector(".error").textContent = words ?? "";
    const field = block.querySelector("input, textarea, button, [role=radiogroup]");
    field?.setAttribute("aria-invalid", String(Boolean(words)));
    first ??= words ? block : null;
  }
  return first;
}

export { ELEMENTS };

// The interactive elements of Block Kit. Each draws itself, says what it holds, and tells its host when it is used.
//
// A host has `desk`, `used(block, element, value)` for what the app hears at once, `current(block, element)` for what
// the element holds already, and `field(block, element, {read, write, focus})` where a form wants to read it later.

import { h, unique } from "./dom.js";
import { openMenu } from "./menu.js";
import { confirmed } from "./confirm.js";
import { picker } from "./picker.js";
import { avatar } from "./people.js";
import { text } from "./mrkdwn.js";
import { civil, instant } from "./times.js";

const words = (object) => object?.text ?? "";
const labelOf = (block, element) => words(block.label) || words(element.placeholder) || words(block.text).replace(/[*_~`]/g, "") || element.action_id;

/** Every kind that this page can show; the README's table and a test hold it to this list. */
export const ELEMENTS = {
  button, overflow,
  static_select: (element, block, host) => select(element, block, host, fixed(element)),
  multi_static_select: (element, block, host) => select(element, block, host, fixed(element)),
  external_select: (element, block, host) => select(element, block, host, external(element, host)),
  multi_external_select: (element, block, host) => select(element, block, host, external(element, host)),
  users_select: (element, block, host) => select(element, block, host, people(host.desk)),
  multi_users_select: (element, block, host) => select(element, block, host, people(host.desk)),
  channels_select: (element, block, host) => select(element, block, host, channels(host.desk)),
  multi_channels_select: (element, block, host) => select(element, block, host, channels(host.desk)),
  conversations_select: (element, block, host) => select(element, block, host, channels(host.desk)),
  multi_conversations_select: (element, block, host) => select(element, block, host, channels(host.desk)),
  radio_buttons: choices, checkboxes: choices,
  plain_text_input: typed, email_text_input: typed, url_text_input: typed, number_input: typed,
  datepicker: (element, block, host) => native(element, block, host, "date"),
  timepicker: (element, block, host) => native(element, block, host, "time"),
  datetimepicker,
};

/** Draws an element; one that isn't known says so, as Slack's older clients do. */
export function drawElement(element, block, host) {
  const make = ELEMENTS[element.type];
  return make ? make(element, block, host) : h("span", { class: "unknown" }, `This page can't show “${element.type}”.`);
}

function button(element, block, host) {
  const node = h(element.url ? "a" : "button", {
    class: `button ${element.style ?? ""}`, "aria-label": element.accessibility_label,
    data: { action: element.action_id, ...(element.value === undefined ? {} : { value: element.value }) },
    ...(element.url ? { href: element.url, target: "_blank", rel: "noopener noreferrer" } : { type: "button" }),
  }, text(element.text, host.desk));
  node.addEventListener("click", async () => {
    if (node.classList.contains("busy")) return;
    if (element.confirm && !(await confirmed(host.desk, element.confirm, node))) return;
    node.classList.add("busy");
    try {
      await host.used(block, element, element.value);
    } finally {
      node.classList.remove("busy");
    }
  });
  return node;
}

function overflow(element, block, host) {
  const node = h("button", { type: "button", class: "button overflow", "aria-label": "More actions", "aria-haspopup": "menu", "aria-expanded": "false", data: { action: element.action_id } }, h("span", { "aria-hidden": "true" }, "•••"));
  node.addEventListener("click", () => openMenu(host.desk.layer, node, element.options.map((option) => ({
    words: text(option.text, host.desk),
    hint: option.description && text(option.description, host.desk),
    pick: async () => {
      if (element.confirm && !(await confirmed(host.desk, element.confirm, node))) return;
      if (option.url) window.open(option.url, "_blank", "noopener");
      await host.used(block, element, option.value);
    },
  })), { label: "More actions" }));
  return node;
}

const asOption = (option) => ({ value: option.value, words: words(option.text), hint: words(option.description) || null });

function fixed(element) {
  const groups = element.option_groups?.map((group) => ({ label: words(group.label), options: group.options.map(asOption) })) ?? [{ options: (element.options ?? []).map(asOption) }];
  const all = groups.flatMap((group) => group.options);
  return {
    named: (value) => all.find((one) => one.value === value) ?? { value, words: value },
    options: (part) => groups.map((group) => ({ ...group, options: group.options.filter((one) => one.words.toLowerCase().includes(part)) })).filter((group) => group.options.length),
  };
}

function external(element, host) {
  return {
    named: (value) => ({ value, words: value }),
    options: async (part) => {
      if (part.length < (element.min_query_length ?? 3)) return [];
      const answer = await host.desk.act("suggest", { action_id: element.action_id, text: part });
      const said = answer.response?.payload ?? {};
      const groups = said.option_groups?.map((group) => ({ label: words(group.label), options: group.options })) ?? [{ options: said.options ?? [] }];
      return groups.map((group) => ({ ...group, options: group.options.map(asOption) }));
    },
  };
}

function people(desk) {
  const option = (person) => ({ value: person.id, words: person.real_name ?? person.name, hint: person.profile.title, before: avatar(person.id, desk, 20) });
  const all = desk.data.people.filter((one) => !one.deleted).map(option);
  return {
    named: (value) => all.find((one) => one.value === value) ?? { value, words: value },
    options: (part) => [{ options: all.filter((one) => `${one.words} ${one.hint}`.toLowerCase().includes(part)) }],
  };
}

function channels(desk) {
  const all = desk.data.channels.filter((one) => one.name).map((one) => ({ value: one.id, words: `# ${one.name}` }));
  return {
    named: (value) => all.find((one) => one.value === value) ?? { value, words: value },
    options: (part) => [{ options: all.filter((one) => one.words.includes(part)) }],
  };
}

function select(element, block, host, { named, options }) {
  const multiple = element.type.startsWith("multi_");
  const held = host.current(block, element);
  const values = multiple ? held ?? [] : held ? [held] : [];
  const value = (chosen) => (multiple ? chosen.map((one) => one.value) : chosen[0]?.value ?? null);
  const made = picker({
    desk: host.desk, label: labelOf(block, element), placeholder: words(element.placeholder) || "Choose an option", multiple,
    chosen: values.map(named), options,
    changed: async (chosen) => {
      if (element.confirm && !(await confirmed(host.desk, element.confirm, made.node))) {
        made.write(values.map(named));
        return;
      }
      host.used(block, element, value(chosen));
    },
  });
  made.node.dataset.action = element.action_id;
  host.field?.(block, element, {
    read: () => value(made.read()),
    write: (now) => made.write((multiple ? now : [now]).map(named)),
    focus: made.node,
  });
  return made.node;
}

function choices(element, block, host) {
  const many = element.type === "checkboxes";
  const held = host.current(block, element);
  const on = new Set(many ? held ?? [] : held ? [held] : []);
  const name = unique("choice");
  const inputs = element.options.map((option) => h("input", { type: many ? "checkbox" : "radio", name, value: option.value, id: unique("option"), checked: on.has(option.value), on: { change: () => host.used(block, element, read()) } }));
  const chosen = () => inputs.filter((input) => input.checked).map((input) => input.value);
  const read = () => (many ? chosen() : chosen()[0] ?? null);
  const node = h("div", { class: "choices", role: many ? "group" : "radiogroup", "aria-label": labelOf(block, element), data: { action: element.action_id } }, element.options.map((option, n) => h("div", { class: "choice" },
    inputs[n],
    h("label", { for: inputs[n].id }, h("span", {}, text(option.text, host.desk)), option.description && h("span", { class: "choice-hint" }, text(option.description, host.desk))))));
  host.field?.(block, element, {
    read,
    write: (now) => inputs.forEach((input) => { input.checked = many ? now.includes(input.value) : now === input.value; }),
    focus: inputs[0],
  });
  return node;
}

function typed(element, block, host) {
  const kind = { email_text_input: "email", url_text_input: "url", number_input: "text" }[element.type] ?? "text";
  const props = {
    class: "input", placeholder: words(element.placeholder), id: unique("input"), autocomplete: "off",
    inputmode: element.type === "number_input" ? "decimal" : null, data: { action: element.action_id },
  };
  const input = element.multiline ? h("textarea", { ...props, rows: 4 }) : h("input", { ...props, type: kind });
  input.value = host.current(block, element) ?? "";
  const left = element.max_length ? h("span", { class: "counter", "aria-hidden": "true" }) : null;
  const count = () => {
    if (!left) return;
    const rest = element.max_length - [...input.value].length;
    left.textContent = rest <= Math.max(20, element.max_length / 10) ? String(rest) : "";
    left.classList.toggle("over", rest < 0);
  };
  input.addEventListener("input", () => { count(); grow(input); });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && block.dispatch_action && !element.multiline) host.used(block, element, input.value);
  });
  count();
  queueMicrotask(() => grow(input));
  host.field?.(block, element, { read: () => input.value, write: (now) => { input.value = now; count(); grow(input); }, focus: input, labelled: true });
  return left ? h("div", { class: "counted" }, input, left) : input;
}

function grow(input) {
  if (input.tagName !== "TEXTAREA") return;
  input.style.height = "auto";
  input.style.height = `${Math.min(input.scrollHeight + 2, 320)}px`;
}

function native(element, block, host, type) {
  const input = h("input", { type, class: "input short", id: unique("input"), "aria-label": labelOf(block, element), data: { action: element.action_id } });
  input.value = host.current(block, element) ?? "";
  const read = () => input.value || null;
  input.addEventListener("change", () => host.used(block, element, read()));
  host.field?.(block, element, { read, write: (now) => { input.value = now; }, focus: input });
  return input;
}

// People choose a time of their own zone; the app gets the instant.
function datetimepicker(element, block, host) {
  const zone = host.desk.zone();
  const pad = (n) => String(n).padStart(2, "0");
  const label = labelOf(block, element);
  const date = h("input", { type: "date", class: "input short", "aria-label": `${label}: date`, data: { action: element.action_id } });
  const time = h("input", { type: "time", class: "input short", "aria-label": `${label}: time` });
  const write = (seconds) => {
    if (!seconds) return;
    const at = civil(seconds * 1000, zone);
    date.value = `${at.year}-${pad(at.month)}-${pad(at.day)}`;
    time.value = `${pad(at.hour)}:${pad(at.minute)}`;
  };
  const read = () => {
    if (!date.value || !time.value) return null;
    const [year, month, day] = date.value.split("-").map(Number);
    const [hour, minute] = time.value.split(":").map(Number);
    return instant({ year, month, day, hour, minute }, zone) / 1000;
  };
  write(host.current(block, element));
  for (const input of [date, time]) input.addEventListener("change", () => read() && host.used(block, element, read()));
  host.field?.(block, element, { read, write, focus: date });
  return h("div", { class: "date-time", role: "group", "aria-label": label }, date, time);
}

// Faces and names.

import { h } from "./dom.js";

const TONES = 8;

/** A square with somebody's initials, in a colour of their own; an app has its manifest's. */
export function avatar(id, desk, size = 36) {
  const person = desk.person(id);
  const name = nameOf(id, desk);
  const letters = name.split(/\s+/).map((word) => word.charAt(0)).slice(0, size < 24 ? 1 : 2).join("").toUpperCase();
  const app = id === desk.data.app.user;
  const node = h("span", { class: `avatar size-${size} ${app ? "app" : `tone-${tone(id, desk)}`}`, "aria-hidden": "true" }, app ? letters.charAt(0) : letters || "?");
  if (app && desk.data.app.colour) node.style.backgroundColor = desk.data.app.colour;
  if (person?.deleted) node.classList.add("gone");
  return node;
}

// No two of the cast look the same.
function tone(id, desk) {
  const at = desk.data.people.findIndex((one) => one.id === id);
  return (at < 0 ? id.length : at) % TONES;
}

/** What a person is called in messages. */
export function nameOf(id, desk) {
  if (id === "USLACKBOT") return "Slackbot";
  const person = desk.person(id);
  return person?.real_name ?? person?.profile.real_name ?? person?.name ?? id;
}

/** Names in a sentence: `Dana, Morgan and you`. */
export function names(ids, desk) {
  const all = ids.map((id) => (id === desk.me() ? "you" : nameOf(id, desk)));
  return all.length < 2 ? all.join("") : `${all.slice(0, -1).join(", ")} and ${all[all.length - 1]}`;
}

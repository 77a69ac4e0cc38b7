// F6 goes from one part of the page to the next, and with Shift back, as in Slack: nobody should need fifty Tabs.

const PARTS = [".stage", ".tour", ".persona", ".sidebar", ".main .messages", ".home", ".main .composer", ".thread .messages", ".thread .composer"];
const FOCUSABLE = "textarea, input, [tabindex='0'], [aria-current], button:not([disabled])";

const isShown = (one) => one.getClientRects().length > 0;

function step(event) {
  if (event.key !== "F6" || document.querySelector(".cover")) return;
  event.preventDefault();
  const shown = [...document.querySelectorAll(PARTS.join(", "))].filter(isShown);
  const at = shown.findIndex((one) => one.contains(document.activeElement));
  const by = event.shiftKey ? -1 : 1;
  const next = at < 0 ? shown[event.shiftKey ? shown.length - 1 : 0] : shown[(at + by + shown.length) % shown.length];
  const within = FOCUSABLE.split(", ").map((kind) => [...next.querySelectorAll(kind)].find(isShown)).find(Boolean);
  (next.matches("[tabindex='0']") ? next : within)?.focus();
}

/** Listens for F6. */
export function regions() {
  document.addEventListener("keydown", step);
}

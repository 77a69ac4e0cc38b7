// Light or dark: as the system has it, or as one chooses here.

const KEY = "sandbox-theme";

function apply(choice) {
  if (choice) document.documentElement.dataset.theme = choice;
  else delete document.documentElement.dataset.theme;
}

function choose(choice) {
  if (choice) localStorage.setItem(KEY, choice);
  else localStorage.removeItem(KEY);
  apply(choice);
}

/** What was chosen before holds. */
export function theme() {
  apply(localStorage.getItem(KEY));
  const now = () => localStorage.getItem(KEY);
  const item = (words, choice) => ({ words, hint: now() === choice ? "✓" : null, pick: () => choose(choice) });
  return { items: () => [item("Light", "light"), item("Dark", "dark"), item("As the system has it", null)] };
}

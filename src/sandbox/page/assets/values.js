// What an element holds, in the form in which the workspace takes it back.

const FIELDS = [
  ["selected_option", (one) => one?.value ?? null], ["selected_options", (many) => many.map((one) => one.value)],
  ["selected_user"], ["selected_users"], ["selected_conversation"], ["selected_conversations"], ["selected_channel"], ["selected_channels"],
  ["selected_date"], ["selected_time"], ["selected_date_time"], ["value"],
];

/** Reads an element's state, such as `view.state.values.BLOCK.ACTION`. */
export function held(state) {
  for (const [name, read = (value) => value] of FIELDS) {
    if (state && name in state) return read(state[name]);
  }
  return null;
}

const INITIAL = ["option", "options", "user", "users", "conversation", "conversations", "channel", "channels", "date", "time", "date_time", "value"];

/** Reads what an element holds at the beginning. */
export function initial(element) {
  const name = INITIAL.find((one) => `initial_${one}` in element);
  if (!name) return null;
  const value = element[`initial_${name}`];
  if (name === "option") return value.value;
  return name === "options" ? value.map((one) => one.value) : value;
}

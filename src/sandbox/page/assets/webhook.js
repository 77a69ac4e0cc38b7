// What the build server may say. The demo that started the workspace names it; here it only gets its times.

/** The menu of what CI may tell, for `openMenu`. */
export function presets(desk, scenery, tell) {
  return (scenery?.webhook ?? []).map((one) => ({ words: one.words, hint: one.hint, pick: () => tell(bodies(one, desk)) }));
}

const WEEK = 7 * 24 * 60 * 60_000;

/**
 * The changes of a preset: one, or those of `weeks`, the newest first, each `[how many, how many of them emergencies]`
 * within the `days` before this time of its week.
 */
export function bodies(preset, desk) {
  const weeks = preset.weeks ?? [[1, 0]];
  return weeks.flatMap(([n, emergencies], week) => Array.from({ length: n }, (_, i) => {
    const at = desk.now() - week * WEEK - (i * (preset.days ?? 0) * WEEK) / 7 / n;
    const of = (names = []) => names[i % names.length] ?? "";
    const values = { at: new Date(at).toISOString(), run: `${Math.round(at / 1000)}`, system: of(preset.systems), title: of(preset.titles), kind: i < emergencies ? "emergency" : "normal", last: last(preset.last, desk) };
    return Object.fromEntries(Object.entries(preset.change).map(([name, value]) => [name, value.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole)]));
  }));
}

// The newest thing of that form that anybody mentioned, such as the number of a change.
function last(pattern, desk) {
  if (!pattern) return "";
  const said = desk.data.channels.flatMap((channel) => channel.messages).sort((a, b) => (a.ts < b.ts ? 1 : -1));
  for (const message of said) {
    const found = JSON.stringify(message.blocks ?? message.text).match(new RegExp(pattern));
    if (found) return found[0];
  }
  return "";
}

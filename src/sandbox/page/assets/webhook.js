// What the build server may say. The demo that started the workspace names it; here it only gets its times.

/** The menu of what CI may tell, for `openMenu`. */
export function presets(desk, scenery, tell) {
  return (scenery?.webhook ?? []).map((one) => ({ words: one.words, hint: one.hint, pick: () => tell(bodies(one, desk)) }));
}

/** The changes of a preset, the i-th of them `i * every_minutes` ago. */
export function bodies(preset, desk) {
  const now = desk.now();
  return Array.from({ length: preset.n ?? 1 }, (_, i) => {
    const at = now - i * (preset.every_minutes ?? 0) * 60_000;
    const systems = preset.systems ?? [];
    const values = { at: new Date(at).toISOString(), run: `${Math.round(at / 1000)}`, system: systems[i % systems.length] ?? "", last: last(preset.last, desk) };
    return Object.fromEntries(Object.entries(preset.change).map(([name, value]) => [name, value.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole)]));
  });
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

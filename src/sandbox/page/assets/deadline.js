// The next instant that somebody has been told of: the nearest `<!date^…>` ahead in what a person can see.

/** The nearest named instant ahead, in milliseconds, or null. */
export function deadline(desk) {
  const now = desk.now();
  const said = desk.data.channels.flatMap((channel) => channel.messages.map((message) => JSON.stringify(message.blocks ?? message.text)));
  const named = said.flatMap((words) => [...words.matchAll(/<!date\^(\d+)\^/g)].map((found) => Number(found[1]) * 1000));
  const ahead = named.filter((ms) => ms > now + 1000);
  return ahead.length ? Math.min(...ahead) : null;
}

// Listens to what one person's desk looks like. Everything is told anew after a lost connection, so nothing is missed.

/**
 * Follows the desk of `who`. `told({desk, clock})` is called at once and at every change; `desk` is null if only the
 * clock was moved. `connected(yes)` says whether the line is open. Returns how to stop.
 */
export function follow(who, told, connected) {
  const source = new EventSource(`/sandbox/desk/live?as=${encodeURIComponent(who)}`);
  source.addEventListener("open", () => connected(true));
  source.addEventListener("error", () => connected(false));
  source.addEventListener("message", (event) => told(JSON.parse(event.data)));
  return () => source.close();
}

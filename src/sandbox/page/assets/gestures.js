// What people do here reaches the workspace by the same routes that tests use. Nothing else of the page writes.

/** Does something; returns what the workspace answered, or throws its sentence. */
export async function act(route, body, method = "POST") {
  let answer;
  try {
    answer = await fetch(`/sandbox/${route}`, { method, body: method === "POST" ? JSON.stringify(body) : undefined });
  } catch {
    throw new Error("The workspace doesn't answer. Is breakglass demo still running?");
  }
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.error ?? `The workspace refused that (${answer.status}).`);
  return said;
}

/** Whether the app took what it was sent; if not, what Slack would say to the person. */
export function complaint(answer, app) {
  if (answer.status === undefined || answer.status === "acknowledged") return null;
  if (answer.status === "operation_timeout") return `${app} didn't answer within three seconds.`;
  return `${app} can't be reached just now.`;
}

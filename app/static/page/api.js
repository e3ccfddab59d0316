// Questions to the service; failures are errors whose text can be shown.

/** `data` and `meta` of an answer of /api/lightweight. `signal` gives the question up. */
export async function ask(path, query = {}, signal) {
  let answer, body;
  try {
    answer = await fetch(`/api/lightweight/${path}?${new URLSearchParams(query)}`, { cache: "no-cache", signal });
    body = await answer.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The service does not answer.");
  }
  if (answer.ok && body.success) return body;
  throw Object.assign(new Error(body.error ? `${body.error[0].toUpperCase()}${body.error.slice(1)}.` : "The service failed."), {
    status: answer.status,
  });
}

/** How many blocks of the chain the service has not stored yet; 0 where it does not say. */
export async function behind() {
  try {
    const { block, head } = await (await fetch("/stats", { cache: "no-cache" })).json();
    return head === null || block === null ? 0 : head - block;
  } catch {
    return 0; // whether it answers is told elsewhere
  }
}

/** Does `poll` at once and then each `milliseconds`, but not while nobody looks; returns what ends that. */
export function repeatedly(milliseconds, poll) {
  const look = () => document.hidden || poll();
  const timer = setInterval(look, milliseconds);
  document.addEventListener("visibilitychange", look);
  poll();
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", look);
  };
}

// Requests to the UDF endpoints, tried again where the service is away for a moment.

import { LONGEST_MS, backoff } from "./socket.js";

const TRIES = 5;
const PASSING = new Set([429, 502, 503, 504]);

/** `passes` says that the same request may succeed later, `after` how many milliseconds the service asks to wait. */
export class Failure extends Error {
  constructor(message, passes, after = 0) {
    super(message);
    Object.assign(this, { passes, after });
  }
}

export class Udf {
  constructor(url) {
    this.url = new URL(url, globalThis.location?.href).href.replace(/\/+$/, "");
  }

  /** The answer as JSON. Failure after `tries`, or at once where trying again is of no use. */
  async ask(path, query = {}, tries = TRIES) {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#once(path, query);
      } catch (failure) {
        if (!failure.passes || attempt + 1 >= tries) throw failure;
        const pause = Math.max(Math.min(failure.after, LONGEST_MS), backoff(attempt));
        await new Promise((done) => setTimeout(done, pause));
      }
    }
  }

  /** Bars of a series, ascending, times in milliseconds, and `meta` as the library wants it. */
  async history(ticker, resolution, query, tries) {
    const answer = await this.ask("history", { symbol: ticker, resolution, ...query }, tries);
    if (answer.s === "no_data") {
      const { nextTime } = answer;
      return { bars: [], meta: nextTime === undefined ? { noData: true } : { noData: true, nextTime: nextTime * 1_000 } };
    }
    const { t, o, h, l, c, v } = answer;
    const bars = t.map((time, i) => ({ time: time * 1_000, open: o[i], high: h[i], low: l[i], close: c[i], volume: v[i] }));
    return { bars, meta: { noData: false } };
  }

  async #once(path, query) {
    let answer, body;
    try {
      answer = await fetch(`${this.url}/${path}?${new URLSearchParams(query)}`, { cache: "no-cache" });
      body = await answer.json();
    } catch {
      if (!answer) throw new Failure("the datafeed does not answer", true);
      throw new Failure(`the datafeed answered ${answer.status}`, answer.ok || PASSING.has(answer.status));
    }
    if (answer.ok && body?.s !== "error") return body;
    const after = Number(answer.headers.get("Retry-After")) * 1_000 || 0;
    throw new Failure(body?.errmsg || `the datafeed answered ${answer.status}`, PASSING.has(answer.status), after);
  }
}

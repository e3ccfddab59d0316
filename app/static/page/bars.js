// The bars of one market at one interval: history, then what the stream tells, without a gap between the two.

import { ask } from "./api.js";

const PAGE = 600;
const MOST_ASKED = 5_000; // bars of one answer
const MOST_KEPT = 60_000;
const POLL_MS = 5_000; // while there is no stream, and after a failure
const REFUSALS = new Set([400, 401, 403, 404]); // would be the same again

/** `on` has `loaded(bars)`, `changed(bar)` for a newer state of the last bar or a new one, and `failed(error)`. */
export class Bars {
  #market;
  #on;
  #bars = [];
  #hasOlder = false;
  #ending = new AbortController();
  #end = null;
  #waiting = null;
  #again = false;
  #older = null;
  #isLoaded = false;
  #retry = null;

  constructor(symbol, interval, stream, on) {
    this.#market = { symbol, timeframe: interval };
    this.#on = on;
    this.#end = stream.subscribe(`${symbol.toLowerCase()}@kline_${interval}`, {
      joined: () => this.load(),
      reset: () => this.load(),
      frame: ({ k }) => this.#take({ time: k.t / 1_000, open: +k.o, high: +k.h, low: +k.l, close: +k.c, volume: +k.v }),
    });
    const poll = setInterval(() => stream.isLive || document.hidden || this.#poll(), POLL_MS);
    this.#ending.signal.addEventListener("abort", () => clearInterval(poll));
    if (!stream.isLive) this.load();
  }

  /** Nothing more is told. */
  end() {
    this.#ending.abort();
    clearTimeout(this.#retry);
    this.#end();
  }

  /** Read the newest bars anew, as many as there are here. What the stream tells meanwhile comes after them. */
  async load() {
    if (this.#waiting) {
      this.#again = true;
      return;
    }
    this.#waiting = new Map();
    clearTimeout(this.#retry);
    try {
      do {
        this.#again = false;
        const limit = Math.min(MOST_ASKED, Math.max(PAGE, this.#bars.length));
        const { data, meta } = await this.#ask({ limit });
        this.#bars = data;
        this.#hasOlder = meta.next !== null;
      } while (this.#again);
      this.#isLoaded = true;
      for (const bar of this.#waiting.values()) this.#put(bar);
      this.#on.loaded(this.#bars);
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#waiting = null;
    }
  }

  /** Read the page before the oldest bar; once at a time. */
  older() {
    if (!this.#hasOlder || this.#waiting || this.#bars.length >= MOST_KEPT) return;
    this.#older ??= this.#readOlder().finally(() => (this.#older = null));
  }

  async #readOlder() {
    try {
      const first = this.#bars[0];
      const { data, meta } = await this.#ask({ to: first.time, limit: 2 * PAGE });
      if (this.#bars[0] !== first) return; // read anew meanwhile
      this.#bars = [...data, ...this.#bars];
      this.#hasOlder = meta.next !== null;
      this.#on.loaded(this.#bars);
    } catch (error) {
      if (error.name !== "AbortError") console.warn(error.message); // asked for again by the next scroll
    }
  }

  #ask(query) {
    return ask("ohlcv", { ...this.#market, ...query }, this.#ending.signal);
  }

  #take(bar) {
    if (this.#waiting) this.#waiting.set(bar.time, bar);
    else if (this.#isLoaded && this.#put(bar)) this.#on.changed(bar);
  }

  /** Whether `bar` is the last one's newer state, or comes after it. */
  #put(bar) {
    const last = this.#bars.at(-1);
    if (last && bar.time < last.time) return false;
    if (last?.time === bar.time) this.#bars[this.#bars.length - 1] = bar;
    else this.#bars.push(bar);
    return true;
  }

  async #poll() {
    const last = this.#bars.at(-1);
    if (!this.#isLoaded || !last) {
      this.load();
      return;
    }
    try {
      const { data, meta } = await this.#ask({ from: last.time, limit: PAGE });
      if (meta.next !== null && data[0].time > last.time) this.load();
      else for (const bar of data) this.#take(bar);
    } catch {
      // the next one may succeed
    }
  }

  /** What was told meanwhile may have left a gap, so that all is read anew as soon as it can be. */
  #failed(error) {
    if (error.name === "AbortError") return;
    this.#on.failed(error);
    if (!REFUSALS.has(error.status)) this.#retry = setTimeout(() => this.load(), POLL_MS);
  }
}

// Joins what the stream tells to the history that charts have: no bar is missing, none comes twice or late.

import { Series, keyed } from "./series.js";
import { Socket } from "./socket.js";
import { Failure } from "./udf.js";

const LATER = 4_000_000_000; // an end of time that is the same in every request, so that caches know them
const CATCH_UP = [2, 50, 1_000]; // bars that are asked for until they reach back to the last one
const MOST_STREAMED = 50; // subscriptions that one connection may have; further series are polled
const MOST_WAITING = 1_000; // bars that are kept while history is read
const MOST_KNOWN = 500; // series whose newest bar is remembered
const POLL_MS = 5_000; // of what the stream does not tell
const LINGER_MS = 10_000; // a chart that changes its resolution is without a subscription for a moment

const keyOf = (ticker, resolution) => `${ticker} ${keyed(resolution)}`;

export class Live {
  #udf;
  #onReset;
  #socket;
  #polls = null;
  #linger = null;
  #series = new Map();
  #guids = new Map();
  #known = new Map();

  constructor(udf, onReset) {
    this.#udf = udf;
    this.#onReset = onReset;
    this.#socket = new Socket(`${udf.url}/stream`, {
      open: () => this.#ask(),
      message: (message) => this.#heard(message),
      lost: () => this.#lost(),
    });
  }

  /** A chart begins anew with these bars of a series. */
  begin(ticker, resolution, bars) {
    const key = keyOf(ticker, resolution);
    const last = bars.at(-1)?.time ?? null;
    this.#remember(key, last);
    this.#series.get(key)?.begin(last);
  }

  add(guid, ticker, resolution, onTick, onResetNeeded) {
    this.remove(guid);
    const key = keyOf(ticker, resolution);
    if (!this.#series.has(key)) this.#series.set(key, new Series(ticker, keyed(resolution)));
    const series = this.#series.get(key);
    series.add(guid, onTick, onResetNeeded, this.#known.get(key) ?? null);
    this.#guids.set(guid, key);
    clearTimeout(this.#linger);
    this.#polls ??= setInterval(() => this.#poll(), POLL_MS);
    this.#socket.open();
    if (series.isTold) this.#catchUp(series);
    else this.#ask();
  }

  remove(guid) {
    const key = this.#guids.get(guid);
    if (key === undefined) return;
    this.#guids.delete(guid);
    const series = this.#series.get(key);
    const last = series.remove(guid);
    if (last !== null) this.#remember(key, Math.max(last, this.#known.get(key) ?? last)); // it may come back without asking for bars
    if (!series.isIdle) return;
    this.#series.delete(key);
    this.#socket.say({ type: "unsubscribe", symbol: series.ticker, resolution: series.resolution });
    if (this.#series.size) return;
    clearInterval(this.#polls);
    this.#polls = null;
    this.#linger = setTimeout(() => this.#socket.close(), LINGER_MS);
  }

  #remember(key, last) {
    this.#known.delete(key);
    if (last !== null) this.#known.set(key, last);
    if (this.#known.size > MOST_KNOWN) this.#known.delete(this.#known.keys().next().value);
  }

  /** Subscribe to what the connection does not tell of. Where it is subscribed already, that changes nothing. */
  #ask() {
    for (const series of [...this.#series.values()].slice(0, MOST_STREAMED)) {
      if (!series.isTold) this.#socket.say({ type: "subscribe", symbol: series.ticker, resolution: series.resolution });
    }
  }

  #heard({ type, symbol, resolution, ...bar }) {
    const series = this.#series.get(keyOf(symbol, resolution));
    if (!series) return;
    if (type === undefined) {
      const { time, open, high, low, close, volume } = bar;
      this.#take(series, { time: time * 1_000, open, high, low, close, volume });
    } else if (type === "reset") {
      series.isTold = false; // the next bar is joined to history anew
      series.waiting.clear();
      series.again = series.isReading;
      this.#renew(series);
    } else if (type === "subscribed" && series.wasTold) {
      series.wasTold = false;
      this.#renew(series); // what happened while nobody told may have changed older bars
    }
  }

  #take(series, bar) {
    const isBeginning = !series.isTold && series.since !== null;
    series.isTold = true;
    if (!series.isReading && !isBeginning) {
      series.tell(bar);
      return;
    }
    series.waiting.set(bar.time, bar);
    if (series.waiting.size > MOST_WAITING) {
      series.waiting.clear();
      series.again = true;
    }
    this.#catchUp(series);
  }

  #renew(series) {
    series.renew();
    this.#onReset?.(series.ticker, series.resolution);
  }

  #lost() {
    for (const series of this.#series.values()) {
      series.wasTold ||= series.isTold;
      series.isTold = false;
    }
  }

  #poll() {
    this.#ask();
    for (const series of this.#series.values()) if (!series.isTold) this.#catchUp(series);
  }

  /** Tell the bars from the last one on, then those that came meanwhile. What cannot be read now is polled. */
  async #catchUp(series) {
    if (series.isReading) return;
    series.isReading = true;
    try {
      do {
        series.again = false;
        const bars = await this.#barsSince(series);
        if (!series.again) bars.forEach((bar) => series.tell(bar));
      } while (series.again);
      series.waiting.forEach((bar) => series.tell(bar));
    } catch (failure) {
      if (!(failure instanceof Failure)) throw failure;
      series.isTold = false;
    } finally {
      series.isReading = false;
      series.waiting.clear();
    }
  }

  /** Bars from the last one on, and maybe some before it; where too many are missing, the chart is told to begin anew. */
  async #barsSince(series) {
    let bars = [];
    for (const countback of CATCH_UP) {
      const { since } = series;
      ({ bars } = await this.#udf.history(series.ticker, series.resolution, { from: 0, to: LATER, countback }, 1));
      if (since === null || bars.length < countback || bars[0].time <= since) return bars;
    }
    this.#renew(series);
    return bars.slice(-1);
  }
}

// The chart with what belongs to it: bars, legend, notes on loading, emptiness and failure, and the way back to now.

import { Bars } from "./bars.js";
import { Chart } from "./chart.js";

export class Stage {
  #stream;
  #chart;
  #bars = null;
  #note = document.getElementById("chart-note");
  #retry = this.#note.querySelector("button");
  #onPrice;

  /** `onPrice(price)` is called with each new close; `now` is the button that leads to the newest bar, if there is one. */
  constructor(stream, onPrice, now = null) {
    this.#stream = stream;
    this.#onPrice = onPrice;
    this.#chart = new Chart(document.getElementById("chart"), document.getElementById("legend"), {
      older: () => this.#bars?.older(),
      scrolled: (isAtNow) => now && (now.hidden = isAtNow),
    });
    now?.addEventListener("click", () => this.#chart.toNow());
    this.#retry.addEventListener("click", () => this.#bars?.load());
  }

  /** Show this market at this interval from now on. */
  show(symbol, interval) {
    this.#bars?.end();
    let isNew = true;
    const label = `Candles of ${symbol}, ${interval}`;
    this.#chart.show([], { isNew, label });
    this.#say(`Loading ${symbol}…`, { isLoading: true });
    this.#bars = new Bars(symbol, interval, this.#stream, {
      loaded: (bars) => {
        this.#chart.show(bars, { isNew, label });
        isNew &&= !bars.length;
        this.#say(bars.length ? "" : `Nothing was traded in ${symbol} yet. Bars appear with the first trade.`);
        if (bars.length) this.#onPrice(bars.at(-1).close);
      },
      changed: (bar) => {
        this.#chart.update(bar);
        this.#say("");
        this.#onPrice(bar.close);
      },
      failed: (error) => isNew && this.#say(error.message, { canRetry: true }),
    });
  }

  /** Say why there is no chart. */
  empty(text) {
    this.#bars?.end();
    this.#bars = null;
    this.#say(text);
  }

  #say(text, { isLoading = false, canRetry = false } = {}) {
    this.#note.hidden = !text;
    this.#note.dataset.loading = isLoading;
    this.#note.firstElementChild.textContent = text;
    this.#retry.hidden = !canRetry;
  }
}

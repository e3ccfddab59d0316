// A market's figures: open interest by side, funding, liquidations, the last 24 hours.

import { ask, repeatedly } from "./api.js";
import { amount, countdown, direction, exactly, percent, price } from "./format.js";

const POLL_MS = 5_000;
const DOLLARS = (value) => (value === null ? "–" : `$${amount(value)}`);
const numeric = (text) => (text === null ? null : Number(text));

export class Facts {
  #end = null;
  #ending = null;
  #next = null;
  #balance = document.getElementById("balance");
  #onFigures;

  /** `onFigures(figures)` gets them as the service answers them. */
  constructor(onFigures) {
    this.#onFigures = onFigures;
    setInterval(() => this.#count(), 1_000);
  }

  show(symbol) {
    this.#end?.();
    this.#ending?.abort();
    const ending = (this.#ending = new AbortController());
    this.#clear();
    this.#end = repeatedly(POLL_MS, async () => {
      try {
        const { data } = await ask("stats", { symbol }, ending.signal);
        if (!ending.signal.aborted) this.#draw(data);
      } catch {
        // the figures shown stay, and the connection's state says that they are old
      }
    });
  }

  #draw(data) {
    const [index, longs, shorts, interest, rate] = ["index_price", "long_size", "short_size", "open_interest", "funding_rate"].map((name) =>
      numeric(data[name]),
    );
    const share = interest > 0 ? longs / interest : 0.5;
    this.#balance.style.setProperty("--share", `${share * 100}%`);
    this.#balance.ariaValueNow = String(Math.round(share * 100));
    this.#balance.dataset.empty = !(interest > 0);
    this.#next = data.next_funding_time;
    const isKnown = interest > 0;
    this.#put({
      index: price(index),
      high: price(data.high_24h),
      low: price(data.low_24h),
      volume: DOLLARS(data.volume_24h),
      interest: amount(interest),
      "interest-full": exactly(interest),
      long: isKnown ? percent(share, 1).replace("+", "") : "–",
      short: isKnown ? percent(1 - share, 1).replace("+", "") : "–",
      ratio: data.long_short_ratio === null ? "–" : exactly(data.long_short_ratio),
      funding: percent(rate, 4),
      bought: DOLLARS(data.buy_volume_24h),
      sold: DOLLARS(data.sell_volume_24h),
      liquidations: data.liquidations_24h ? `${exactly(data.liquidations_24h)} · ${DOLLARS(data.liquidation_volume_24h)}` : "none",
      trades: exactly(data.trades_24h),
      vwap: price(data.vwap_24h),
      fees: DOLLARS(data.fees_24h),
    });
    for (const place of document.querySelectorAll('[data-figure="funding"]')) place.className = direction(rate);
    this.#count();
    this.#onFigures(data);
  }

  #count() {
    const left = this.#next === null ? "" : countdown(this.#next - Date.now() / 1_000);
    this.#put({ countdown: left, next: left || "–" });
  }

  #clear() {
    this.#next = null;
    this.#balance.dataset.empty = "true";
    for (const place of document.querySelectorAll("[data-figure]")) place.textContent = "–";
  }

  #put(figures) {
    for (const [name, text] of Object.entries(figures)) {
      for (const place of document.querySelectorAll(`[data-figure="${name}"]`)) if (place.textContent !== text) place.textContent = text;
    }
  }
}

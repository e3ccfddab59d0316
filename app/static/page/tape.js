// The tape: trades of the market, the latest first, as they happen.

import { ask } from "./api.js";
import { amount, clock, price } from "./format.js";

const SHOWN = 60;
const POLL_MS = 5_000; // while there is no stream

export class Tape {
  #stream;
  #rows = document.getElementById("trades");
  #note = document.getElementById("trades-note");
  #end = () => {};
  #meanwhile = null; // trades that are told while the latest are asked for

  constructor(stream) {
    this.#stream = stream;
  }

  show(symbol) {
    this.#end();
    this.#rows.replaceChildren();
    this.#note.textContent = "Loading…";
    const ending = new AbortController();
    const load = () => this.#load(symbol, ending.signal);
    const unsubscribe = this.#stream.subscribe(`${symbol.toLowerCase()}@trade`, {
      joined: load,
      reset: load,
      frame: ({ t, T, p, Q, m }) => {
        this.#meanwhile?.add(String(t));
        this.#add([{ id: String(t), time: T / 1_000, price: p, volume: Q, side: m ? "sell" : "buy" }]);
      },
    });
    const poll = setInterval(() => this.#stream.isLive || document.hidden || load(), POLL_MS);
    if (!this.#stream.isLive) load();
    this.#end = () => {
      ending.abort();
      clearInterval(poll);
      unsubscribe();
    };
  }

  async #load(symbol, signal) {
    const meanwhile = (this.#meanwhile = new Set());
    try {
      const { data } = await ask("trades", { symbol, limit: SHOWN }, signal);
      if (signal.aborted || meanwhile !== this.#meanwhile) return;
      const kept = new Set([...meanwhile, ...data.map(({ id }) => id)]);
      for (const row of [...this.#rows.children]) if (!kept.has(row.dataset.id)) row.remove();
      this.#add([...data].reverse());
      this.#note.textContent = this.#rows.children.length ? "" : "No trades yet.";
    } catch (error) {
      if (error.name !== "AbortError" && !this.#rows.children.length) this.#note.textContent = error.message;
    } finally {
      if (meanwhile === this.#meanwhile) this.#meanwhile = null;
    }
  }

  /** Trades, the latest last. */
  #add(trades) {
    const shown = new Map([...this.#rows.children].map((row) => [row.dataset.id, row]));
    for (const trade of trades) {
      if (shown.has(trade.id)) continue;
      const row = this.#row(trade);
      const place = [...this.#rows.children].find((other) => BigInt(other.dataset.id) < BigInt(trade.id));
      this.#rows.insertBefore(row, place ?? null);
    }
    while (this.#rows.children.length > SHOWN) this.#rows.lastElementChild.remove();
    if (trades.length) this.#note.textContent = "";
  }

  #row({ id, time, price: at, volume, side, liquidation }) {
    const row = document.createElement("tr");
    row.dataset.id = id;
    row.className = side === "buy" ? "up" : side === "sell" ? "down" : "flat";
    const cells = [price(at === null ? null : Number(at)), amount(Number(volume)), clock(time)].map((text) =>
      Object.assign(document.createElement("td"), { textContent: text }),
    );
    cells[0].append(Object.assign(document.createElement("span"), { className: "unseen", textContent: side === "buy" ? " bought" : side === "sell" ? " sold" : "" }));
    if (liquidation) cells[1].prepend(Object.assign(document.createElement("abbr"), { className: "liquidated", title: "Liquidation", textContent: "L" }));
    row.append(...cells);
    return row;
  }
}

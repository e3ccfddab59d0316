// The market's price, as large as it deserves, and what became of it in 24 hours.

import { direction, percent, price } from "./format.js";

export class Headline {
  #price = document.getElementById("price");
  #change = document.getElementById("change");
  #last = null;
  #before = null; // 24 hours ago
  #symbol = "";

  /** Another market. */
  begin(symbol) {
    this.#symbol = symbol;
    this.#last = this.#before = null;
    this.#price.textContent = "–";
    this.#price.className = this.#change.className = this.#change.textContent = "";
    document.title = `${symbol} · vAMM datafeed`;
  }

  /** The newest price. */
  tell(value) {
    if (this.#last !== null && value !== this.#last) this.#price.className = value > this.#last ? "up" : "down";
    this.#last = value;
    this.#price.textContent = price(value);
    document.title = `${price(value)} ${this.#symbol} · vAMM datafeed`;
    this.#tellChange();
  }

  /** What the price was 24 hours ago. */
  since(before) {
    this.#before = before;
    this.#tellChange();
  }

  #tellChange() {
    if (!this.#before || this.#last === null) return;
    const ratio = this.#last / this.#before - 1;
    this.#change.textContent = `${percent(ratio)} 24 h`;
    this.#change.className = `change ${direction(ratio)}`;
  }
}

// One market of the list.

import { amount, direction, percent, price } from "./format.js";

const FLASH_MS = 700;
const isCalm = matchMedia("(prefers-reduced-motion: reduce)");

const span = (className, ...children) => {
  const made = Object.assign(document.createElement("span"), { className });
  made.append(...children);
  return made;
};

export class MarketRow {
  element = document.createElement("li");
  link = document.createElement("a");
  #tier = span("tier");
  #name = span("");
  #volume = span("");
  #price = span("market-price");
  #change = span("change");
  #unsubscribe = null;
  #told = null; // the price that the stream told last
  #before = null; // the price 24 hours ago

  constructor(symbol, address) {
    this.symbol = symbol;
    Object.assign(this.link, { href: address, className: "market" });
    this.link.dataset.symbol = symbol;
    const badge = span("badge", symbol.slice(0, 1));
    badge.style.setProperty("--hue", [...symbol].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 360, 7));
    badge.setAttribute("aria-hidden", "true");
    const ticker = span("market-line", span("ticker", symbol), this.#tier);
    this.link.append(badge, span("market-left", ticker, span("market-sub", this.#name, this.#volume)), span("market-right", this.#price, this.#change));
    this.element.append(this.link);
  }

  draw({ name, tier, current_price: current, price_change_24h: change, volume_24h: volume, is_active: isActive }) {
    this.#tier.textContent = isActive ? tier.replace("tier", "T") : "off";
    this.#tier.title = isActive ? tier.replace("tier", "Tier ") : "Switched off by its factory";
    this.#name.textContent = name;
    this.#volume.textContent = volume ? `$${amount(volume)}` : "";
    this.#volume.title = "Volume of 24 hours";
    this.#before = current === null || change === null ? null : current / (1 + change / 100);
    this.#show(this.#told ?? current);
  }

  choose(isCurrent) {
    if (isCurrent) this.link.setAttribute("aria-current", "true");
    else this.link.removeAttribute("aria-current");
  }

  follow(stream) {
    this.#unsubscribe ??= stream.subscribe(`${this.symbol.toLowerCase()}@kline_1m`, {
      frame: ({ k }) => this.#tell(Number(k.c)),
      joined: () => (this.#told = null), // the list knows as much until something happens
    });
  }

  leave() {
    this.#unsubscribe?.();
    this.#unsubscribe = this.#told = null;
  }

  end() {
    this.leave();
    this.element.remove();
  }

  #tell(value) {
    const before = this.#told;
    this.#told = value;
    this.#show(value);
    if (before === null || value === before || isCalm.matches) return;
    const colour = getComputedStyle(document.documentElement).getPropertyValue(value > before ? "--up-soft" : "--down-soft");
    this.#price.animate([{ backgroundColor: colour }, { backgroundColor: "transparent" }], FLASH_MS);
  }

  #show(value) {
    const ratio = value === null || this.#before === null ? null : value / this.#before - 1;
    this.#price.textContent = price(value);
    this.#change.textContent = percent(ratio);
    this.#change.className = `change ${direction(ratio)}`;
  }
}

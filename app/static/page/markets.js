// The list of markets: searched, sorted, by tier; prices move as they happen, the rest every few seconds.

import { ask, repeatedly } from "./api.js";
import { MarketRow } from "./market_row.js";

const PAGE = 50;
const MOST = 500; // of one answer; whoever wants others searches
const LIVE = 40; // rows that the stream moves: a connection has 50 subscriptions
const POLL_MS = 5_000;
const TYPING_MS = 200;

export class Markets {
  #stream;
  #on;
  #list = document.getElementById("markets");
  #note = document.getElementById("markets-note");
  #rows = new Map();
  #wish = { search: "", sort: "volume", tier: "" };
  #limit = PAGE;
  #hasMore = false;
  #asking = null;
  #current = "";

  /** `on.chosen(symbol)`: the reader wants that one; `on.listed(symbols)`: after each answer; `on.address(symbol)` is a market's. */
  constructor(stream, on) {
    this.#stream = stream;
    this.#on = on;
    const search = document.getElementById("search");
    let typing;
    search.addEventListener("input", () => {
      clearTimeout(typing);
      typing = setTimeout(() => this.#want({ search: search.value.trim() }), TYPING_MS);
    });
    document.getElementById("sort").addEventListener("change", ({ target }) => this.#want({ sort: target.value }));
    document.getElementById("tiers").addEventListener("click", ({ target }) => target.matches("button") && this.#wantTier(target));
    document.getElementById("markets-scroll").addEventListener("scroll", ({ target }) => this.#more(target));
    this.#list.addEventListener("click", (event) => this.#click(event));
    this.#list.addEventListener("keydown", (event) => this.#key(event));
    repeatedly(POLL_MS, () => this.#ask());
  }

  /** Mark this one as the market that is shown. */
  choose(symbol) {
    this.#current = symbol;
    for (const [name, row] of this.#rows) row.choose(name === symbol);
    for (const row of this.#rows.values()) row.link.href = this.#on.address(row.symbol);
  }

  #want(change) {
    Object.assign(this.#wish, change);
    this.#limit = PAGE;
    this.#asking?.abort();
    this.#asking = null;
    this.#list.setAttribute("aria-busy", "true");
    this.#ask();
  }

  #wantTier(button) {
    for (const other of button.parentElement.children) other.setAttribute("aria-pressed", String(other === button));
    this.#want({ tier: button.value });
  }

  #more({ scrollTop, clientHeight, scrollHeight }) {
    if (!this.#hasMore || this.#asking || this.#limit >= MOST || scrollTop + clientHeight < scrollHeight - 200) return;
    this.#limit = Math.min(MOST, this.#limit + PAGE);
    this.#ask();
  }

  async #ask() {
    if (this.#asking) return;
    const asking = (this.#asking = new AbortController());
    try {
      const query = Object.entries({ ...this.#wish, limit: this.#limit }).filter(([, value]) => value !== "");
      const { data, meta } = await ask("markets", Object.fromEntries(query), asking.signal);
      this.#hasMore = meta.next !== null;
      this.#draw(data);
      this.#note.textContent = this.#remark(data.length);
      this.#on.listed(data.map(({ symbol }) => symbol));
    } catch (error) {
      if (error.name !== "AbortError" && !this.#rows.size) this.#note.textContent = `${error.message} It is asked again in a moment.`;
    } finally {
      if (this.#asking === asking) {
        this.#asking = null;
        this.#list.setAttribute("aria-busy", "false");
      }
    }
  }

  #remark(count) {
    const { search, tier } = this.#wish;
    if (!count && search) return `No market matches “${search}”.`;
    if (!count && tier) return "No market of this tier.";
    if (!count) return "No markets yet. One appears here as soon as its factory announces it.";
    return this.#hasMore && this.#limit >= MOST ? "There are more: search for them." : "";
  }

  #draw(markets) {
    const wanted = new Set(markets.map(({ symbol }) => symbol));
    for (const [symbol, row] of this.#rows) {
      if (wanted.has(symbol)) continue;
      row.end();
      this.#rows.delete(symbol);
    }
    markets.forEach((market, place) => {
      const row = this.#rows.get(market.symbol) ?? new MarketRow(market.symbol, this.#on.address(market.symbol));
      this.#rows.set(market.symbol, row);
      row.draw(market);
      row.choose(market.symbol === this.#current);
      if (this.#list.children[place] !== row.element) this.#list.insertBefore(row.element, this.#list.children[place] ?? null);
      if (place < LIVE) row.follow(this.#stream);
      else row.leave();
    });
  }

  #click(event) {
    const link = event.target.closest("a");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    this.#on.chosen(link.dataset.symbol);
  }

  #key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const links = [...this.#list.querySelectorAll("a")];
    const next = links[links.indexOf(document.activeElement) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }
}

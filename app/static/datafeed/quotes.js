// Quotes of the Trading Platform's watch lists, by polling.

const MOST = 50; // symbols of one request
const POLL_MS = 5_000;
const SLOW = 6; // polls between two quotes of what is not looked at

export class Quotes {
  #udf;
  #polls = new Map();

  constructor(udf) {
    this.#udf = udf;
  }

  /** One quote for each of `symbols`, in the library's form. */
  async of(symbols) {
    const parts = [];
    for (let at = 0; at < symbols.length; at += MOST) parts.push(symbols.slice(at, at + MOST));
    const answers = await Promise.all(parts.map((part) => this.#udf.ask("quotes", { symbols: part.join(",") }, 1)));
    return answers.flatMap(({ d }) => d);
  }

  subscribe(symbols, fastSymbols, onData, guid) {
    this.unsubscribe(guid);
    let polls = 0;
    const poll = () => {
      const asked = polls++ % SLOW ? fastSymbols : [...new Set([...symbols, ...fastSymbols])];
      this.of(asked).then((quotes) => quotes.length && this.#polls.has(guid) && onData(quotes), () => {}); // the next one may succeed
    };
    this.#polls.set(guid, setInterval(poll, POLL_MS));
    poll();
  }

  unsubscribe(guid) {
    clearInterval(this.#polls.get(guid));
    this.#polls.delete(guid);
  }
}

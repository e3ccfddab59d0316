// A chart as TradingView's library keeps one: bars of the datafeed, then what it is told. Like the library, it throws at an old bar.

const PERIOD = { from: 0, to: 4_000_000_000, countBack: 330, firstDataRequest: true };

function begun(url) {
  window.resets = [];
  window.feed = new VammDatafeed(`${url}/api/tradingview`, { onReset: (...what) => resets.push(what) });
}

// What a method of the datafeed calls back with; the callback for failures comes after the one for results.
function called(name, ...given) {
  return new Promise((resolve, reject) => feed[name](...given, (...result) => resolve(result), (message) => reject(new Error(message))));
}

class Chart {
  voids = 0;

  constructor(symbol, resolution, guid = `${symbol}_${resolution}`) {
    Object.assign(this, { resolution, guid, info: { ticker: symbol } });
  }

  async load() {
    const [bars] = await called("getBars", this.info, this.resolution, PERIOD);
    this.bars = bars;
  }

  subscribe() {
    feed.subscribeBars(this.info, this.resolution, (bar) => this.#take(bar), this.guid, () => this.voids++);
  }

  unsubscribe() {
    feed.unsubscribeBars(this.guid);
  }

  // Waits until the last bar closes at this price; returns all bars.
  async until(close) {
    while (this.bars.at(-1)?.close !== close) await new Promise((done) => setTimeout(done, 5));
    return this.bars;
  }

  // Waits until what it shows may be void.
  async voided() {
    while (!this.voids) await new Promise((done) => setTimeout(done, 5));
  }

  #take(bar) {
    const last = this.bars.at(-1);
    if (last && bar.time < last.time) throw new Error(`time violation: ${bar.time} after ${last.time}`);
    if (last && bar.time === last.time) this.bars.pop();
    this.bars.push(bar);
  }
}

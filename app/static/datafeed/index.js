// TradingView's Datafeed API on top of this service: history by UDF, live bars by one WebSocket for all charts of a page.

import { Live } from "./live.js";
import { Quotes } from "./quotes.js";
import { Udf } from "./udf.js";

const SEARCH_LIMIT = 30;

const tickerOf = (symbolInfo) => symbolInfo.ticker ?? symbolInfo.name;

/**
 * Give it to the widget as `datafeed`; `url` is that of the UDF endpoints, `https://HOST/api/tradingview`.
 * `onReset(ticker, resolution)` is called when bars may have changed that a chart shows already: let it call the chart's `resetData`.
 */
export class VammDatafeed {
  #udf;
  #live;
  #quotes;

  constructor(url, { onReset } = {}) {
    this.#udf = new Udf(url);
    this.#live = new Live(this.#udf, onReset);
    this.#quotes = new Quotes(this.#udf);
  }

  onReady(callback) {
    this.#udf.ask("config", {}, Infinity).then(callback);
  }

  searchSymbols(userInput, exchange, type, onResult) {
    this.#udf.ask("search", { query: userInput, exchange, type, limit: SEARCH_LIMIT }).then(onResult, () => onResult([]));
  }

  resolveSymbol(symbol, onResolve, onError, { currencyCode = "", unitId = "" } = {}) {
    this.#udf.ask("symbols", { symbol, currencyCode, unitId }).then(onResolve, (failure) => onError(failure.message));
  }

  getBars(symbolInfo, resolution, { from, to, countBack, firstDataRequest }, onResult, onError) {
    const ticker = tickerOf(symbolInfo);
    const query = countBack === undefined ? { from, to } : { from, to, countback: countBack };
    this.#udf.history(ticker, resolution, query).then(
      ({ bars, meta }) => {
        if (firstDataRequest) this.#live.begin(ticker, resolution, bars);
        onResult(bars, meta);
      },
      (failure) => onError(failure.message),
    );
  }

  subscribeBars(symbolInfo, resolution, onTick, listenerGuid, onResetCacheNeeded) {
    this.#live.add(listenerGuid, tickerOf(symbolInfo), resolution, onTick, onResetCacheNeeded);
  }

  unsubscribeBars(listenerGuid) {
    this.#live.remove(listenerGuid);
  }

  getMarks(symbolInfo, from, to, onData, resolution) {
    this.#udf.ask("marks", { symbol: tickerOf(symbolInfo), from, to, resolution }).then(onData, () => onData([]));
  }

  getTimescaleMarks(symbolInfo, from, to, onData, resolution) {
    this.#udf.ask("timescale_marks", { symbol: tickerOf(symbolInfo), from, to, resolution }).then(onData, () => onData([]));
  }

  getServerTime(callback) {
    this.#udf.ask("time").then(callback, () => {}); // the library keeps to its own clock then
  }

  getQuotes(symbols, onData, onError) {
    this.#quotes.of(symbols).then(onData, (failure) => onError?.(failure.message));
  }

  subscribeQuotes(symbols, fastSymbols, onData, listenerGuid) {
    this.#quotes.subscribe(symbols, fastSymbols, onData, listenerGuid);
  }

  unsubscribeQuotes(listenerGuid) {
    this.#quotes.unsubscribe(listenerGuid);
  }
}

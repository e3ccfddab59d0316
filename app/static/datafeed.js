// The TradingView datafeed for pages without modules: defines VammDatafeed, and loads datafeed/index.js from beside itself.
(() => {
  "use strict";

  const loading = import(new URL("datafeed/index.js", document.currentScript.src));
  const METHODS = [
    "onReady", "searchSymbols", "resolveSymbol", "getBars", "subscribeBars", "unsubscribeBars", "getMarks", "getTimescaleMarks",
    "getServerTime", "getQuotes", "subscribeQuotes", "unsubscribeQuotes",
  ];

  globalThis.VammDatafeed = class VammDatafeed {
    constructor(url, options) {
      const datafeed = loading.then((module) => new module.VammDatafeed(url, options));
      for (const name of METHODS) this[name] = (...given) => void datafeed.then((made) => made[name](...given));
    }
  };
})();

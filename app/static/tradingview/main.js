// TradingView's Advanced Charts on our datafeed: live bars, marks, and charts that are saved.

import { VammDatafeed } from "../datafeed/index.js";
import { asked, keyOf } from "../page/address.js";

const USER = "chart-user";

/** Who saves: nobody can guess it, so that it is this browser's alone. */
function user() {
  try {
    const known = localStorage.getItem(USER) ?? crypto.getRandomValues(new Uint32Array(4)).join("-");
    localStorage.setItem(USER, known);
    return known;
  } catch {
    return null; // without storage nothing could be found again
  }
}

function saving() {
  const isOn = document.querySelector('meta[name="storage"]').content === "on";
  const user_id = isOn && user();
  if (!user_id) return { disabled_features: ["header_saveload"] };
  const charts_storage_url = new URL("/api/tradingview/storage", location.href).href;
  return { charts_storage_url, charts_storage_api_version: "1.1", client_id: "vamm-datafeed", user_id };
}

function show(datafeed, symbol, interval) {
  return new TradingView.widget({
    container: "chart",
    library_path: "/tradingview/library/",
    datafeed,
    symbol,
    interval: keyOf(interval),
    autosize: true,
    locale: "en",
    timezone: "Etc/UTC",
    theme: document.documentElement.dataset.theme,
    enabled_features: ["seconds_resolution"],
    ...saving(),
  });
}

let widget = null;
const datafeed = new VammDatafeed("/api/tradingview", { onReset: () => widget?.activeChart().resetData() });
const { symbol, interval } = asked();
if (symbol) widget = show(datafeed, symbol, interval);
else datafeed.searchSymbols("", "", "", ([first]) => (widget = show(datafeed, first?.ticker ?? "", interval)));

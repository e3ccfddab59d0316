// What the address asks for: ?symbol=GOLD&interval=1h.

export const INTERVALS = ["1s", "1m", "5m", "15m", "30m", "1h", "4h", "1d", "1w", "1M"];
const DEFAULT = "1m";
const KEYS = { S: "1s", "1S": "1s", 1: "1m", 5: "5m", 15: "15m", 30: "30m", 60: "1h", 240: "4h", D: "1d", "1D": "1d", W: "1w", "1W": "1w", M: "1M", "1M": "1M" };

/** What TradingView calls an interval of ours: `60` of `1h`, `1D` of `1d`. */
export const keyOf = (interval) => Object.keys(KEYS).filter((key) => KEYS[key] === interval).at(-1);

/** The market (null where none is named) and the interval, by our name of it or TradingView's. */
export function asked() {
  const query = new URLSearchParams(location.search);
  const named = query.get("interval") ?? DEFAULT;
  const interval = KEYS[named] ?? named;
  const symbol = query.get("symbol")?.trim().toUpperCase().replace(/^VAMM:/, "") || null;
  return { symbol, interval: INTERVALS.includes(interval) ? interval : DEFAULT };
}

/** The address of the page with that market and interval, and all else as it is. */
export function addressed({ symbol, interval }) {
  const query = new URLSearchParams(location.search);
  query.set("symbol", symbol);
  query.set("interval", interval);
  return `?${query}`;
}

-- Days of one market in [lower, upper), newest first: when each begins, its trades, and the ordinal of its last event.
SELECT toUnixTimestamp(timestamp), sum(trades_count), max(open_interest.1)
FROM vamm_ohlcv_1d
WHERE market_id = {market_id:UInt64} AND timestamp >= {lower:UInt32} AND timestamp < {upper:UInt32}
GROUP BY timestamp
ORDER BY timestamp DESC
LIMIT {limit:UInt32}
SETTINGS max_threads = 1

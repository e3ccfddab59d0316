-- The newest figures of the {limit} markets that changed last, of those that changed in the {seconds} before the newest row of all.
-- Which rows these are is looked up among the keys alone.
SELECT
    market_id, market_symbol, toUnixTimestamp(timestamp), mark_price, index_price, funding_rate, volume_1m, volume_5m, volume_1h,
    open_interest, long_short_ratio, price_change_1h, price_change_24h, volatility_24h, bid_ask_spread, market_depth,
    active_traders_1h, active_traders_24h
FROM vamm_live_prices FINAL
WHERE (market_id, timestamp) IN
(
    SELECT market_id, max(timestamp) AS newest
    FROM vamm_live_prices
    WHERE timestamp > (SELECT max(timestamp) FROM vamm_live_prices) - toIntervalSecond({seconds:UInt32})
    GROUP BY market_id
    ORDER BY newest DESC, market_id
    LIMIT {limit:UInt32}
)
ORDER BY timestamp DESC, market_id

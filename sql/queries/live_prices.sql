-- The newest figures of each of {market_ids}.
SELECT
    market_id, market_symbol, toUnixTimestamp(timestamp), mark_price, index_price, funding_rate, volume_1m, volume_5m, volume_1h,
    open_interest, long_short_ratio, price_change_1h, price_change_24h, volatility_24h, bid_ask_spread, market_depth,
    active_traders_1h, active_traders_24h
FROM vamm_live_prices FINAL
WHERE market_id IN {market_ids:Array(UInt64)}
ORDER BY market_id, timestamp DESC
LIMIT 1 BY market_id

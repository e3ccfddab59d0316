-- The figures of {market_id} in [{since}, {until}), of those the newest {limit}, ascending.
SELECT * FROM
(
    SELECT
        market_id, market_symbol, toUnixTimestamp(timestamp) AS time, mark_price, index_price, funding_rate, volume_1m, volume_5m, volume_1h,
        open_interest, long_short_ratio, price_change_1h, price_change_24h, volatility_24h, bid_ask_spread, market_depth,
        active_traders_1h, active_traders_24h
    FROM vamm_live_prices FINAL
    WHERE market_id = {market_id:UInt64}
        AND timestamp >= toDateTime({since:UInt32}, 'UTC') AND timestamp < toDateTime({until:UInt32}, 'UTC')
    ORDER BY timestamp DESC
    LIMIT {limit:UInt32}
)
ORDER BY time

-- Candles of the last days: the 24 hours of the statistics, the day in which they begin, and some hours for clocks that differ.
-- Older ones are in no statistics, so that a backfill of years costs nothing.
SELECT
    market_id, timestamp, open, high, low, close, volume, trades_count, turnover, total_fees, buy_volume, sell_volume,
    liquidation_volume, liquidation_count
FROM vamm_ohlcv_{{resolution}}
WHERE timestamp >= now() - INTERVAL 54 HOUR AND {{scope}}

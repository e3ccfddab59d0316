-- The last price of each of {market_ids} before the day {day}, and the day that it is of.
SELECT market_id, argMax(close.2, close.1), toUnixTimestamp(max(timestamp))
FROM vamm_ohlcv_1d
WHERE market_id IN {market_ids:Array(UInt64)} AND timestamp < {day:UInt32} AND close.1 > 0
GROUP BY market_id

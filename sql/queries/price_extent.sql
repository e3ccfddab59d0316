-- For each of some markets that have had a price: the first, and how low and how high it ever was.
SELECT market_id, argMin(k.open.2, k.open.1), min(k.low), max(k.high)
FROM vamm_ohlcv_1d AS k
WHERE market_id IN {market_ids:Array(UInt64)} AND k.close.1 > 0
GROUP BY market_id

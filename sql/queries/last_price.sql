-- The last known price of a market; 0 where there is none.
SELECT max(close).2
FROM vamm_ohlcv_1d
WHERE market_id = {market_id:UInt64}

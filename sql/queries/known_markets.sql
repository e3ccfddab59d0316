-- Those of {market_ids} that are markets.
SELECT DISTINCT market_id
FROM vamm_listings
WHERE market_id IN {market_ids:Array(UInt64)}

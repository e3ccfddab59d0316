-- The figures of the moment of up to 1,000 markets, from the last of their days that tells each. What a market never told has ordinal 0.
SELECT
    s.market_id,
    max(s.price.1), argMax(s.price.2, s.price.1),
    max(s.index_price.1), argMax(s.index_price.2, s.index_price.1),
    argMax(s.sizes.2, s.sizes.1) AS long, argMax(s.sizes.3, s.sizes.1) AS short, long + short,
    argMax(s.funding, s.funding.1),
    argMax(s.reserves, s.reserves.1)
FROM vamm_market_states AS s
WHERE s.market_id IN {markets:Array(UInt64)}
GROUP BY s.market_id

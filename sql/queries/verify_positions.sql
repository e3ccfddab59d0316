-- Openings of positions that are not what the raw rows say.
WITH
    raw AS
    (
        SELECT e.market_id, e.position_id, toStartOfDay(e.timestamp) AS day, argMax(assumeNotNull(e.is_long), (e.block_number, e.log_index)) AS side
        FROM vamm_market_transactions AS e
        WHERE toYYYYMM(e.timestamp) = {month:UInt32} AND e.action = 'open' AND e.is_long IS NOT NULL
        GROUP BY e.market_id, e.position_id, day
    ),
    rolled AS
    (
        SELECT market_id, position_id, timestamp AS day, max(p.opening).2 AS side
        FROM vamm_positions AS p WHERE toYYYYMM(timestamp) = {month:UInt32} GROUP BY market_id, position_id, timestamp
    )
SELECT
    if(x.market_id != 0, x.market_id, r.market_id) AS market,
    toUnixTimestamp(if(x.market_id != 0, x.day, r.day)) AS at,
    toString((r.position_id, r.side)) AS stored,
    toString((x.position_id, x.side)) AS expected
FROM raw AS x
FULL OUTER JOIN rolled AS r
    ON x.market_id = r.market_id AND x.position_id = r.position_id AND toUnixTimestamp(x.day) = toUnixTimestamp(r.day)
WHERE x.market_id = 0 OR r.market_id = 0 OR x.side != r.side
ORDER BY market, at
LIMIT {limit:UInt32}

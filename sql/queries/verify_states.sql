-- Running states at a day's end that are not those of the day's last raw row.
WITH
    raw AS
    (
        SELECT
            e.market_id, toStartOfDay(e.timestamp) AS day,
            argMaxIf(e.price, (e.block_number, e.log_index), e.price_type IN ('mark', 'entry', 'exit', 'liquidation')) AS price,
            argMax((e.total_long_size, e.total_short_size), (e.block_number, e.log_index)) AS sizes,
            argMaxIf(assumeNotNull(e.funding_rate), (e.block_number, e.log_index), e.funding_rate IS NOT NULL) AS rate
        FROM vamm_market_transactions AS e WHERE toYYYYMM(e.timestamp) = {month:UInt32} GROUP BY e.market_id, day
    ),
    rolled AS
    (
        SELECT
            market_id, timestamp AS day, max(s.price).2 AS price, (max(s.sizes).2, max(s.sizes).3) AS sizes, max(s.funding_rate).2 AS rate
        FROM vamm_market_states AS s WHERE toYYYYMM(timestamp) = {month:UInt32} GROUP BY market_id, timestamp
    )
SELECT
    if(x.market_id != 0, x.market_id, r.market_id) AS market,
    toUnixTimestamp(if(x.market_id != 0, x.day, r.day)) AS at,
    toString((r.price, r.sizes, r.rate)) AS stored,
    toString((x.price, x.sizes, x.rate)) AS expected
FROM raw AS x
FULL OUTER JOIN rolled AS r ON x.market_id = r.market_id AND toUnixTimestamp(x.day) = toUnixTimestamp(r.day)
WHERE x.market_id = 0 OR r.market_id = 0 OR stored != expected
ORDER BY market, at
LIMIT {limit:UInt32}

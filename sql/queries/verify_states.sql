-- Running states at a day's end that are not those of the day's last raw rows.
WITH
    raw AS
    (
        SELECT
            e.market_id AS market, toUnixTimestamp(toDateTime(toStartOfDay(e.timestamp), 'UTC')) AS at,
            toString((
                argMaxIf(e.price, (e.block_number, e.log_index), e.price_type IN ('mark', 'entry', 'exit', 'liquidation')),
                argMax((e.total_long_size, e.total_short_size), (e.block_number, e.log_index)),
                argMaxIf(assumeNotNull(e.funding_rate), (e.block_number, e.log_index), e.funding_rate IS NOT NULL),
                argMaxIf(assumeNotNull(e.index_price), (e.block_number, e.log_index), e.index_price IS NOT NULL),
                argMaxIf(
                    (toUInt32(toUnixTimestamp(e.timestamp)), assumeNotNull(e.funding_rate), e.funding_index),
                    (e.block_number, e.log_index), e.action = 'funding' AND e.funding_rate IS NOT NULL),
                argMaxIf(
                    (assumeNotNull(e.quote_reserve), assumeNotNull(e.base_reserve)),
                    (e.block_number, e.log_index), e.quote_reserve IS NOT NULL AND e.base_reserve IS NOT NULL)
            )) AS said
        FROM vamm_market_transactions AS e
        WHERE toYYYYMM(e.timestamp) IN {months:Array(UInt32)}
        GROUP BY market, at
    ),
    rolled AS
    (
        SELECT
            s.market_id AS market, toUnixTimestamp(s.timestamp) AS at,
            toString((
                max(s.price).2, (max(s.sizes).2, max(s.sizes).3), max(s.funding_rate).2, max(s.index_price).2,
                (max(s.funding).2, max(s.funding).3, max(s.funding).4), (max(s.reserves).2, max(s.reserves).3)
            )) AS said
        FROM vamm_market_states AS s
        WHERE toYYYYMM(s.timestamp) IN {months:Array(UInt32)}
        GROUP BY market, at
    )
SELECT market, at, maxIf(said, source = 'rolled') AS stored, maxIf(said, source = 'raw') AS expected
FROM (SELECT *, 'raw' AS source FROM raw UNION ALL SELECT *, 'rolled' AS source FROM rolled)
GROUP BY market, at
HAVING stored != expected
ORDER BY market, at
LIMIT {limit:UInt32} BY toYYYYMM(toDateTime(at, 'UTC'))
SETTINGS max_bytes_before_external_group_by = 500000000

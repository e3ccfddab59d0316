-- Days of positions that are not what the raw rows say. Both are put side by side by grouping, which can spill to disk where a join cannot.
WITH
    raw AS
    (
        SELECT
            e.market_id AS market, e.position_id AS position, toUnixTimestamp(toDateTime(toStartOfDay(e.timestamp), 'UTC')) AS at,
            toString((
                argMaxIf(assumeNotNull(e.is_long), (e.block_number, e.log_index), e.action = 'open' AND e.is_long IS NOT NULL AND e.size > 0),
                argMaxIf(
                    e.entry_price, (e.block_number, e.log_index), e.action IN ('increase', 'trade') OR (e.action = 'open' AND e.size > 0)),
                argMaxIf((assumeNotNull(e.is_long), assumeNotNull(e.position_size)), (e.block_number, e.log_index), e.action = 'trade'),
                sum(if(e.action IN ('open', 'increase'), toDecimal256(e.size, 18), 0)),
                sum(if(e.action IN ('close', 'liquidate'), toDecimal256(e.size, 18), 0)),
                sum(toDecimal256(coalesce(e.pnl, 0), 18)),
                sum(toDecimal256(e.fee, 18)),
                sum(toDecimal256(e.liquidation_volume, 18)),
                argMaxIf(e.user_address, (e.block_number, e.log_index),
                    e.user_address != '' AND (e.action = 'trade' OR (e.action = 'open' AND e.is_long IS NOT NULL AND e.size > 0))),
                toUInt32(min(toUnixTimestamp(e.timestamp))),
                toUInt8(argMin(e.action = 'open' AND e.is_long IS NOT NULL AND e.size > 0, (e.block_number, e.log_index))),
                toUInt32(max(toUnixTimestamp(e.timestamp)))
            )) AS said
        FROM vamm_market_transactions AS e
        WHERE toYYYYMM(e.timestamp) IN {months:Array(UInt32)}
            AND (e.action IN ('open', 'increase', 'close', 'liquidate')
                OR (e.action = 'trade' AND e.is_long IS NOT NULL AND e.position_size IS NOT NULL)
                OR (e.action = 'liquidation_note' AND e.position_id != 0))
        GROUP BY market, position, at
    ),
    rolled AS
    (
        SELECT
            p.market_id AS market, p.position_id AS position, toUnixTimestamp(p.timestamp) AS at,
            toString((
                max(p.opening).2, max(p.entry).2, (max(p.netted).2, max(p.netted).3),
                sum(p.opened), sum(p.closed), sum(p.realised_pnl), sum(p.fees), sum(p.liquidated), max(p.owner).2,
                min(p.first_event).2, min(p.first_event).3, max(p.last_event).2
            )) AS said
        FROM vamm_positions AS p
        WHERE toYYYYMM(p.timestamp) IN {months:Array(UInt32)}
        GROUP BY market, position, at
    )
SELECT
    market,
    at,
    if(maxIf(said, source = 'rolled') = '', '', concat(toString(position), ': ', maxIf(said, source = 'rolled'))) AS stored,
    if(maxIf(said, source = 'raw') = '', '', concat(toString(position), ': ', maxIf(said, source = 'raw'))) AS expected
FROM (SELECT *, 'raw' AS source FROM raw UNION ALL SELECT *, 'rolled' AS source FROM rolled)
GROUP BY market, position, at
HAVING stored != expected
ORDER BY market, at, position
LIMIT {limit:UInt32} BY toYYYYMM(toDateTime(at, 'UTC'))
SETTINGS max_bytes_before_external_group_by = 500000000

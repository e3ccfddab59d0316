-- Each market's first day whose last row has a running long and short size that are not what its positions come to by then: what follows
-- goes on from it. Each event counts with the side of its position's last opening before it; those of positions opened before the first
-- block read never count. A netted position's trade counts with what it changed of either side, the first one seen with all that is there
-- after it. Markets with trades that do not tell the size after them are left out.
WITH
    moves AS
    (
        SELECT
            e.market_id AS market, e.position_id AS position, toStartOfDay(e.timestamp) AS day,
            (e.block_number, e.log_index) AS place, e.action AS action,
            if(e.action = 'open' AND e.size > 0, e.is_long, NULL) AS opens,
            toDecimal256(e.size, 18) * if(e.action IN ('open', 'increase'), 1, -1) AS change,
            toDecimal256(coalesce(e.position_size, 0), 18) * if(e.is_long, 1, -1) AS after,
            toDecimal256(e.size, 18) * if(e.side = 'sell', -1, 1) AS traded,
            e.action = 'trade' AND e.is_long IS NOT NULL AND e.position_size IS NULL AS untold
        FROM vamm_market_transactions AS e
        WHERE e.action IN ('open', 'increase', 'close', 'liquidate')
            OR (e.action = 'trade' AND e.is_long IS NOT NULL)
    ),
    sided AS
    (
        SELECT
            *,
            action = 'trade' AND row_number() OVER (PARTITION BY market, position, action ORDER BY place) = 1 AS is_first,
            if(is_first, toDecimal256(0, 18), after - traded) AS counted,
            anyLast(opens) OVER (PARTITION BY market, position ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS is_long
        FROM moves
    ),
    days AS
    (
        SELECT
            market, day, toUInt32(0) AS at, '' AS said, max(untold) AS untold,
            sum(if(action = 'trade', greatest(after, 0) - greatest(counted, 0), if(ifNull(is_long, 0) = 1, change, 0))) AS long,
            sum(if(action = 'trade', greatest(-after, 0) - greatest(-counted, 0), if(ifNull(is_long, 1) = 0, change, 0))) AS short
        FROM sided
        GROUP BY market, day
        UNION ALL
        SELECT
            e.market_id AS market, toStartOfDay(e.timestamp) AS day, toUInt32(toUnixTimestamp(max(e.timestamp))) AS at,
            toString(argMax((e.total_long_size, e.total_short_size, e.open_interest), (e.block_number, e.log_index))) AS said,
            0 AS untold, toDecimal256(0, 18) AS long, toDecimal256(0, 18) AS short
        FROM vamm_market_transactions AS e
        GROUP BY market, day
    ),
    running AS
    (
        SELECT
            market, max(at) AS told_at, max(said) AS told,
            max(max(untold)) OVER (PARTITION BY market) AS left_out,
            sum(sum(long)) OVER (PARTITION BY market ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS longs,
            sum(sum(short)) OVER (PARTITION BY market ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS shorts
        FROM days
        GROUP BY market, day
    )
SELECT
    market,
    told_at AS at,
    concat('long, short, interest ', told) AS stored,
    concat('long, short, interest ', toString((longs, shorts, longs + shorts))) AS expected
FROM running
WHERE NOT left_out AND stored != expected
ORDER BY market, at
LIMIT 1 BY market
LIMIT {limit:UInt32}
SETTINGS max_bytes_before_external_sort = 500000000, max_bytes_before_external_group_by = 500000000

-- Positions of one owner after ({after_market}, {after_position}), or from the first on where {from_start} = 1, in order of market and id.
-- Columns, and the last one looked at, as in positions.sql. The owner stands on the days of openings only, so that these are found first.
SELECT
    market_id, position_id, holder, side, size, average, pnl, paid, volume, opened_at, updated_at,
    row_number() OVER (ORDER BY market_id, position_id) AS place
FROM
(
    SELECT
        p.market_id AS market_id,
        p.position_id AS position_id,
        argMax(p.owner.2, p.owner.1) AS holder,
        max(p.netted.1) > 0 AS is_netted,
        argMin(p.first_event.3, p.first_event.1) AS is_whole,
        multiIf(is_netted, toNullable(argMax(p.netted.2, p.netted.1)), max(p.opening.1) > 0, argMax(p.opening.2, p.opening.1), NULL) AS side,
        multiIf(is_netted, toNullable(toDecimal256(argMax(p.netted.3, p.netted.1), 18)), is_whole, sum(p.opened) - sum(p.closed), NULL) AS size,
        nullIf(argMax(p.entry.2, p.entry.1), 0) AS average,
        sum(p.realised_pnl) AS pnl,
        sum(p.fees) AS paid,
        sum(p.liquidated) AS volume,
        if(is_netted OR is_whole, toNullable(argMin(p.first_event.2, p.first_event.1)), NULL) AS opened_at,
        argMax(p.last_event.2, p.last_event.1) AS updated_at
    FROM vamm_positions AS p
    WHERE (p.market_id, p.position_id) IN
    (
        SELECT DISTINCT o.market_id, o.position_id
        FROM vamm_positions AS o
        WHERE o.owner.2 = {owner:String}
            AND ({from_start:UInt8} = 1 OR (o.market_id, o.position_id) > ({after_market:UInt64}, {after_position:UInt256}))
        ORDER BY o.market_id, o.position_id
        LIMIT {scanned:UInt32}
    )
    GROUP BY p.market_id, p.position_id
)
QUALIFY (holder = {owner:String} AND ({open_only:UInt8} = 0 OR size > 0)) OR place = {scanned:UInt32}
ORDER BY market_id, position_id
LIMIT {limit:UInt32}

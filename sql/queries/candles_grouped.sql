-- Bars made of several stored ones, that begin in [lower, upper), of those the newest {limit}: as candles.sql. Both bounds are bars' beginnings.
SELECT t, o, h, l, c, v
FROM
(
    SELECT
        if({monthly:Bool},
            toUnixTimestamp(toDateTime(toStartOfMonth(timestamp), 'UTC')),
            toUInt32(toUnixTimestamp(timestamp) - (toUnixTimestamp(timestamp) - {offset:UInt32}) % {seconds:UInt32})) AS t,
        argMin(open.2, open.1) AS o,
        max(high) AS h,
        min(low) AS l,
        argMax(close.2, close.1) AS c,
        sum(volume) AS v
    FROM {table:Identifier}
    WHERE market_id = {market_id:UInt64} AND timestamp >= {lower:UInt32} AND timestamp < {upper:UInt32}
    GROUP BY t
    HAVING max(close.1) > 0
    ORDER BY t DESC
    LIMIT {limit:UInt32}
)
ORDER BY t
SETTINGS max_threads = 1, optimize_move_to_prewhere = 0

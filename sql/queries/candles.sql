-- Bars of a stored resolution that begin in [lower, upper), of those the newest {limit}: the columns of a UDF answer, ascending.
-- One thread: a few thousand rows at most are read, and the next query needs the other core. Nothing is moved to PREWHERE: the conditions are the
-- key's, which has left hardly a row to skip, and reading in two steps takes half a millisecond more.
SELECT t, o, h, l, c, v
FROM
(
    SELECT
        toUnixTimestamp(timestamp) AS t,
        argMin(open.2, open.1) AS o,
        max(high) AS h,
        min(low) AS l,
        argMax(close.2, close.1) AS c,
        sum(volume) AS v
    FROM {table:Identifier}
    WHERE market_id = {market_id:UInt64} AND timestamp >= {lower:UInt32} AND timestamp < {upper:UInt32}
    GROUP BY timestamp
    HAVING max(close.1) > 0
    ORDER BY t DESC
    LIMIT {limit:UInt32}
)
ORDER BY t
SETTINGS max_threads = 1, optimize_move_to_prewhere = 0

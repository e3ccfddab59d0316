-- How many bars begin in [lower, upper), of those the newest {limit}, and when the first and the last of them begin. Both bounds are bars' beginnings.
SELECT count(), min(t), max(t)
FROM
(
    SELECT DISTINCT
        if({monthly:Bool},
            toUnixTimestamp(toDateTime(toStartOfMonth(timestamp), 'UTC')),
            toUInt32(toUnixTimestamp(timestamp) - (toUnixTimestamp(timestamp) - {offset:UInt32}) % {seconds:UInt32})) AS t
    FROM {table:Identifier}
    WHERE market_id = {market_id:UInt64} AND timestamp >= {lower:UInt32} AND timestamp < {upper:UInt32} AND close.1 > 0
    ORDER BY t DESC
    LIMIT {limit:UInt32}
)
SETTINGS max_threads = 1

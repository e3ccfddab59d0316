-- How far back the newest {limit} priced buckets in [lower, upper) reach, and how many there are. Read in the reverse of the table's order,
-- so that dense markets stop early; DISTINCT, since parts may be unmerged.
SELECT count(), toUnixTimestamp(min(timestamp))
FROM
(
    SELECT DISTINCT timestamp
    FROM {table:Identifier}
    WHERE market_id = {market_id:UInt64} AND timestamp >= {lower:UInt32} AND timestamp < {upper:UInt32} AND close.1 > 0
    ORDER BY timestamp DESC
    LIMIT {limit:UInt32}
)

-- The {limit:UInt32} slowest statements on this database since {since:UInt32}.
SELECT
    toUnixTimestamp(event_time),
    query_duration_ms,
    read_rows,
    read_bytes,
    memory_usage,
    toString(query_kind),
    query
FROM system.query_log
WHERE event_date >= toDate({since:UInt32}) AND event_time >= toDateTime({since:UInt32})
    AND type = 'QueryFinish' AND current_database = currentDatabase()
ORDER BY query_duration_ms DESC, event_time
LIMIT {limit:UInt32}

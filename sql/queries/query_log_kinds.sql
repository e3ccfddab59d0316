-- Statements on this database since {since:UInt32}, by kind: how many, how many of them failed, and how long those that ended well took.
SELECT
    toString(query_kind),
    count(),
    countIf(type != 'QueryFinish'),
    quantileIf(0.5)(query_duration_ms, type = 'QueryFinish'),
    quantileIf(0.95)(query_duration_ms, type = 'QueryFinish'),
    quantileIf(0.99)(query_duration_ms, type = 'QueryFinish'),
    sum(read_rows)
FROM system.query_log
WHERE event_date >= toDate({since:UInt32}) AND event_time >= toDateTime({since:UInt32})
    AND type != 'QueryStart' AND current_database = currentDatabase()
GROUP BY query_kind
ORDER BY count() DESC

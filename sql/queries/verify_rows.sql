-- Events that are stored more than once: an event's place in the chain is its identity.
SELECT
    market_id AS market,
    toUnixTimestamp(toDateTime(min(timestamp), 'UTC')) AS at,
    concat(toString(count()), ' rows of block ', toString(block_number), ', log ', toString(log_index)) AS stored,
    'one row; rewind to before it' AS expected
FROM vamm_market_transactions
WHERE toYYYYMM(timestamp) IN {months:Array(UInt32)}
GROUP BY market_id, block_number, log_index
HAVING count() > 1
ORDER BY market, at
LIMIT {limit:UInt32} BY toYYYYMM(toDateTime(at, 'UTC'))
SETTINGS optimize_aggregation_in_order = 1

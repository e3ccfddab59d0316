-- Index prices of one market in [since, until), newest first, from below ({block}, {log}) on; read like funding.sql.
SELECT toUnixTimestamp(e.timestamp), assumeNotNull(e.index_price), e.block_number, e.log_index
FROM vamm_market_transactions AS e
WHERE e.market_id = {market_id:UInt64} AND e.action IN ('index', 'funding') AND e.index_price IS NOT NULL
    AND e.timestamp >= toDateTime({since:UInt32}, 'UTC') AND e.timestamp < toDateTime({until:UInt32}, 'UTC')
    AND e.timestamp >=
    (
        SELECT min(if(s.index_price.1 > 0, s.timestamp, toDateTime(4294967295, 'UTC')))
        FROM vamm_market_states AS s WHERE s.market_id = {market_id:UInt64}
    )
    AND (e.block_number, e.log_index) < ({block:UInt64}, {log:UInt32})
ORDER BY e.market_id DESC, e.block_number DESC, e.log_index DESC
LIMIT {limit:UInt32}

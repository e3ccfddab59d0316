-- Funding updates of one market in [since, until), newest first, from below ({block}, {log}) on: the rate is running state in other rows,
-- and counts where it was told. Read in the reverse of the table's order, so that a page costs what lies between its first and last row;
-- the first day that had an update, known to the states, spares a market that never had one a look at all of its rows.
SELECT toUnixTimestamp(e.timestamp), assumeNotNull(e.funding_rate), e.funding_index, e.funding_premium, e.block_number, e.log_index
FROM vamm_market_transactions AS e
WHERE e.market_id = {market_id:UInt64} AND e.action = 'funding' AND e.funding_rate IS NOT NULL
    AND e.timestamp >= toDateTime({since:UInt32}, 'UTC') AND e.timestamp < toDateTime({until:UInt32}, 'UTC')
    AND e.timestamp >=
    (
        SELECT min(if(s.funding.1 > 0, s.timestamp, toDateTime(4294967295, 'UTC')))
        FROM vamm_market_states AS s WHERE s.market_id = {market_id:UInt64}
    )
    AND (e.block_number, e.log_index) < ({block:UInt64}, {log:UInt32})
ORDER BY e.market_id DESC, e.block_number DESC, e.log_index DESC
LIMIT {limit:UInt32}

CREATE MATERIALIZED VIEW IF NOT EXISTS vamm_market_states_mv TO vamm_market_states AS
-- Each market's running state at the end of each day.
SELECT
    market_id,
    toDateTime(toStartOfDay(timestamp), 'UTC') AS timestamp,
    max(if(price_type IN ('mark', 'entry', 'exit', 'liquidation'), (ordinal, price), (toUInt64(0), toDecimal128(0, 18)))) AS price,
    max((ordinal, total_long_size, total_short_size)) AS sizes,
    max(if(isNull(funding_rate), (toUInt64(0), toDecimal128(0, 18)), (ordinal, assumeNotNull(funding_rate)))) AS funding_rate
FROM
(
    SELECT *, bitOr(bitShiftLeft(block_number, 20), toUInt64(log_index)) AS ordinal
    FROM vamm_market_transactions
    WHERE 1
)
GROUP BY market_id, timestamp


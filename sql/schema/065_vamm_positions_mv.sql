CREATE MATERIALIZED VIEW IF NOT EXISTS vamm_positions_mv TO vamm_positions AS
-- Openings of positions: closes and liquidations carry no side, it is the opening's.
SELECT
    market_id,
    position_id,
    toDateTime(toStartOfDay(timestamp), 'UTC') AS timestamp,
    max((bitOr(bitShiftLeft(block_number, 20), toUInt64(log_index)), assumeNotNull(is_long))) AS opening
FROM vamm_market_transactions
WHERE action = 'open' AND is_long IS NOT NULL AND 1
GROUP BY market_id, position_id, timestamp


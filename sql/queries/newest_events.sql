-- The newest event and the newest price point of each of {markets}: (block << 20 | log index), time, whether it is a price point, chain,
-- and the chain's checkpoint. One row where both are the same event. They are found by the table's own key.
SELECT
    e.market_id,
    bitOr(bitShiftLeft(e.block_number, 20), toUInt64(e.log_index)),
    toUnixTimestamp(e.timestamp),
    e.price_type IN ('mark', 'entry', 'exit', 'liquidation'),
    e.chain_id,
    c.checkpoint
FROM vamm_market_transactions AS e
LEFT JOIN (SELECT chain_id, max(block_number) AS checkpoint FROM vamm_checkpoints GROUP BY chain_id) AS c ON c.chain_id = e.chain_id
WHERE (e.market_id, e.block_number, e.log_index) IN
(
    SELECT market_id, bitShiftRight(place, 20), bitAnd(place, 1048575)
    FROM
    (
        SELECT s.market_id AS market_id, arrayJoin([max(s.price.1), max(s.sizes.1)]) AS place
        FROM vamm_market_states AS s
        WHERE s.market_id IN {markets:Array(UInt64)}
        GROUP BY s.market_id
    )
)
SETTINGS max_threads = 1

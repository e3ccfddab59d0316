-- Versions of one market, newest first: when each began, whether the market is active in it, its place, and when the market was created.
SELECT toUnixTimestamp(updated_timestamp), is_active, updated_block, updated_log_index, toUnixTimestamp(created_timestamp)
FROM vamm_markets
WHERE market_id = {market_id:UInt64}
ORDER BY updated_block DESC, updated_log_index DESC
LIMIT 1 BY updated_block, updated_log_index
LIMIT {limit:UInt32}

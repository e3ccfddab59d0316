-- How far a market's candles have come: its first day, its newest event (time, block, log index, chain), the checkpoint of each chain, and
-- the market's rewinds (since, epoch); no row where there is no event. An event above its chain's checkpoint is one of a commit under way:
-- the candles may not have it yet. The last day bounds the look at the events: it is in the candles before the checkpoint is.
WITH
    (SELECT (min(timestamp), max(timestamp)) FROM vamm_ohlcv_1d WHERE market_id = {market_id:UInt64}) AS days
SELECT
    toUnixTimestamp(days.1), toUnixTimestamp(timestamp), block_number, log_index, chain_id,
    (SELECT groupArray((chain, newest)) FROM (SELECT chain_id AS chain, max(block_number) AS newest FROM vamm_checkpoints GROUP BY chain)),
    (SELECT groupUniqArray((toUnixTimestamp(since), epoch)) FROM vamm_rewinds WHERE market_id = {market_id:UInt64})
FROM vamm_market_transactions
WHERE market_id = {market_id:UInt64} AND timestamp >= days.2
ORDER BY block_number DESC, log_index DESC
LIMIT 1
SETTINGS max_threads = 1

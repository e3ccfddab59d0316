-- How far a market's candles have come: its first day, its newest event (time, block, log index; zeros where there is none), the
-- checkpoint of its chain, and its rewinds (since, epoch). An event above the checkpoint is one of a commit under way: the candles may
-- not have it yet. The last day bounds the look at the events: it is in the candles before the checkpoint is.
WITH
    (SELECT (min(timestamp), max(timestamp)) FROM vamm_ohlcv_1d WHERE market_id = {market_id:UInt64}) AS days,
    (
        SELECT (timestamp, block_number, log_index, chain_id) FROM vamm_market_transactions
        WHERE market_id = {market_id:UInt64} AND timestamp >= days.2
        ORDER BY block_number DESC, log_index DESC
        LIMIT 1
    ) AS newest
SELECT
    toUnixTimestamp(days.1),
    ifNull(toUnixTimestamp(newest.1), 0),
    ifNull(newest.2, 0),
    ifNull(newest.3, 0),
    (SELECT max(block_number) FROM vamm_checkpoints WHERE chain_id = newest.4),
    (
        SELECT groupArray((time, latest))
        FROM (SELECT toUnixTimestamp(since) AS time, max(epoch) AS latest FROM vamm_rewinds WHERE market_id = {market_id:UInt64} GROUP BY since)
    )
SETTINGS max_threads = 1

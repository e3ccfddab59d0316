-- Every version that is still there of the undertakings of {kinds}, and whether each touches {market_id}; the reader takes the latest of
-- each chain and kind, which costs less than to ask for it.
SELECT chain_id, kind, version, is_open AND has(market_ids, {market_id:UInt64})
FROM vamm_journal
WHERE kind IN {kinds:Array(String)}
SETTINGS max_threads = 1

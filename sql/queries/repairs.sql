-- Every version that is still there of the undertakings of {kinds}, and which of {market_ids} each is at; the reader takes the latest of
-- each chain and kind, which costs less than to ask for it.
SELECT chain_id, kind, version, if(is_open, arrayIntersect(market_ids, {market_ids:Array(UInt64)}), [])
FROM vamm_journal
WHERE kind IN {kinds:Array(String)}
SETTINGS max_threads = 1

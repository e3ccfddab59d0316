-- Every version that is still there of the undertakings of {kinds}, and which of {market_ids} (of all where none is named) each is at; the
-- reader takes the latest of each chain and kind, which costs less than to ask for it.
SELECT
    chain_id, kind, version,
    multiIf(
        NOT is_open, [],
        empty({market_ids:Array(UInt64)}), market_ids,
        arrayIntersect(market_ids, {market_ids:Array(UInt64)}))
FROM vamm_journal
WHERE kind IN {kinds:Array(String)}
SETTINGS max_threads = 1

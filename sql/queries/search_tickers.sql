-- Markets whose ticker begins with {beginning}: the exact one, then active ones, then short tickers. Where very many begin so, the
-- first {scan} of them are ranked. A market counts once, however many versions it has: by its first such ticker, as it was last.
SELECT market_id
FROM
(
    SELECT ticker, market_id, is_active
    FROM vamm_tickers
    WHERE startsWith(ticker, {beginning:String})
    ORDER BY ticker, market_id, updated_block DESC, updated_log_index DESC
    LIMIT 1 BY market_id
    LIMIT {scan:UInt32}
)
ORDER BY ticker = {beginning:String} DESC, is_active DESC, length(ticker), ticker
LIMIT {limit:UInt32}
SETTINGS max_threads = 1

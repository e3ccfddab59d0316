-- Markets that hold {text} in ticker, symbol, name or description; those that begin with it first, then those still active, then the shortest.
-- Plain text in any case: there are no patterns to escape. An empty text is found at the beginning of everything.
WITH arrayMap(field -> positionCaseInsensitiveUTF8(field, {text:String}), [ticker, market_symbol, name, description]) AS found
SELECT market_id, ticker, market_symbol, name, description, quote_asset, toFloat64(starting_price)
FROM
(
    SELECT *
    FROM vamm_markets
    ORDER BY market_id, updated_block DESC, updated_log_index DESC
    LIMIT 1 BY market_id
)
WHERE arrayMax(found) > 0
ORDER BY indexOf(found, 1) = 0, indexOf(found, 1), is_active DESC, length(ticker), ticker
LIMIT {limit:UInt32}

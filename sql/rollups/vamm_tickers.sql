-- What each version of a market is found by.
SELECT
    ticker,
    market_id,
    updated_block,
    updated_log_index,
    chain_id,
    is_active,
    if(upperUTF8(market_symbol) = ticker, ticker, concat(ticker, '\n', upperUTF8(market_symbol))) AS text
FROM vamm_markets

-- Everything that the catalogue says of one market.
SELECT
    market_id, chain_id, contract_address, name, description, category, base_asset, quote_asset, icon_url, banner_url, website_url,
    min_trade_size, max_leverage, fee_rate, funding_interval, toUnixTimestamp(imported_at)
FROM vamm_catalogue FINAL
WHERE market_id = {market_id:UInt64}
SETTINGS max_threads = 1

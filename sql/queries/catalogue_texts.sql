-- What the catalogue says of {market_ids} to charts.
SELECT market_id, name, description, category, base_asset, quote_asset, icon_url
FROM vamm_catalogue FINAL
WHERE market_id IN {market_ids:Array(UInt64)}
SETTINGS max_threads = 1

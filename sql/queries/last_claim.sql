-- The moment by the store's clock, and the newest claim of what stands in the place of {chain_id} (0: none for a day): both in milliseconds.
SELECT toUnixTimestamp64Milli(now64(3)), toUnixTimestamp64Milli(toDateTime64(max(claimed_at), 3))
FROM vamm_leases
WHERE chain_id = {chain_id:UInt64}

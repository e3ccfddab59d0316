-- The store's own name, as long as it lives: a store made anew under the same name, or another one of that name, has another.
SELECT toString(uuid) FROM system.tables WHERE database = currentDatabase() AND name = 'vamm_schema'

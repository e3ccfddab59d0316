-- Live prices expire by whole days, which are partitions: no part is rewritten for that.
ALTER TABLE vamm_live_prices MODIFY SETTING ttl_only_drop_parts = 1

-- Whether the engine keeps a log of queries. A server makes the table when it writes the first of them.
SELECT count() FROM system.tables WHERE database = 'system' AND name = 'query_log'

-- Every rewind of each market, and every other time that its candles are made anew, for as long as a cache may hold what was read before it: from when on it may have changed the candles.
CREATE TABLE IF NOT EXISTS vamm_rewinds
(
    market_id UInt64,
    since     DateTime('UTC') COMMENT 'nothing before is touched, by the rewind or by what is read anew after it',
    epoch     UInt64 COMMENT 'version of the journal''s entry, which is written first: grows from one rewind to the next',
    recorded  DateTime('UTC') DEFAULT now()
)
ENGINE = MergeTree
ORDER BY (market_id, epoch)
TTL recorded + INTERVAL 60 DAY
SETTINGS index_granularity = 1024

-- What events tell of positions, funding and the curve besides. Rows from before these columns know what can be told from the others.
ALTER TABLE vamm_market_transactions
    ADD COLUMN IF NOT EXISTS entry_price     Decimal(38, 18) DEFAULT if(action = 'open', price, 0) CODEC(ZSTD(1)) COMMENT 'the position''s average price after this event; 0 where that is not known',
    ADD COLUMN IF NOT EXISTS position_size   Nullable(Decimal(38, 18)) CODEC(ZSTD(1)) COMMENT 'the position''s size after this event, where the event tells it',
    ADD COLUMN IF NOT EXISTS index_price     Nullable(Decimal(38, 18)) DEFAULT if(price_type = 'index', price, NULL) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS funding_index   Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS funding_premium Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS quote_reserve   Nullable(Decimal(38, 18)) CODEC(ZSTD(1)) COMMENT 'of the curve after this event',
    ADD COLUMN IF NOT EXISTS base_reserve    Nullable(Decimal(38, 18)) CODEC(ZSTD(1))

-- Each position's life, by day: sums add up over its days, of the others the last one counts. Ordinals are 0 where a day tells nothing.
ALTER TABLE vamm_positions
    ADD COLUMN IF NOT EXISTS entry        SimpleAggregateFunction(max, Tuple(UInt64, Decimal(38, 18))) CODEC(ZSTD(1)) COMMENT '(ordinal, average price; 0 where that is not known)',
    ADD COLUMN IF NOT EXISTS netted       SimpleAggregateFunction(max, Tuple(UInt64, UInt8, Decimal(38, 18))) CODEC(ZSTD(1)) COMMENT '(ordinal, is long, size) after the last trade of a netted position',
    ADD COLUMN IF NOT EXISTS opened       SimpleAggregateFunction(sum, Decimal(76, 18)) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS closed       SimpleAggregateFunction(sum, Decimal(76, 18)) CODEC(ZSTD(1)) COMMENT 'and liquidated',
    ADD COLUMN IF NOT EXISTS realised_pnl SimpleAggregateFunction(sum, Decimal(76, 18)) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS fees         SimpleAggregateFunction(sum, Decimal(76, 18)) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS liquidated   SimpleAggregateFunction(sum, Decimal(76, 18)) CODEC(ZSTD(1)) COMMENT 'volume',
    ADD COLUMN IF NOT EXISTS owner        SimpleAggregateFunction(max, Tuple(UInt64, String)) CODEC(ZSTD(1)) COMMENT '(ordinal, who opened or traded it last)',
    ADD COLUMN IF NOT EXISTS first_event  SimpleAggregateFunction(min, Tuple(UInt64, UInt32, UInt8)) CODEC(ZSTD(1)) COMMENT '(ordinal, seconds, whether it is the opening)',
    ADD COLUMN IF NOT EXISTS last_event   SimpleAggregateFunction(max, Tuple(UInt64, UInt32)) CODEC(ZSTD(1)) COMMENT '(ordinal, seconds)',
    ADD INDEX IF NOT EXISTS by_owner owner.2 TYPE bloom_filter GRANULARITY 1

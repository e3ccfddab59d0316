-- What a trader sees beside the price: the oracle's price, the last funding update, the curve.
ALTER TABLE vamm_market_states
    ADD COLUMN IF NOT EXISTS index_price SimpleAggregateFunction(max, Tuple(UInt64, Decimal(38, 18))) CODEC(ZSTD(1)) COMMENT '(ordinal, last index price)',
    ADD COLUMN IF NOT EXISTS funding     SimpleAggregateFunction(max, Tuple(UInt64, UInt32, Decimal(38, 18), Nullable(Decimal(38, 18)))) CODEC(ZSTD(1)) COMMENT '(ordinal, seconds, rate, index) of the last update',
    ADD COLUMN IF NOT EXISTS reserves    SimpleAggregateFunction(max, Tuple(UInt64, Decimal(38, 18), Decimal(38, 18))) CODEC(ZSTD(1)) COMMENT '(ordinal, quote, base) of the curve'

-- What users of the charting library save. Every save and every deletion appends a version; the highest one counts.
-- The owner is part of the key: nobody's save can touch what is another's.
CREATE TABLE IF NOT EXISTS vamm_charts
(
    client     String CODEC(ZSTD(1)) COMMENT 'the site that embeds the library',
    user       String CODEC(ZSTD(1)),
    shelf      String CODEC(ZSTD(1)) COMMENT 'charts, study_templates, or drawing_templates/ and the tool''s name',
    item       String CODEC(ZSTD(1)) COMMENT 'a chart''s id in decimal; a template''s name',
    version    UInt64 CODEC(ZSTD(1)) COMMENT 'microseconds since 1970 in the upper 52 bits, chance in the others; grows with every save of an item',
    deleted    UInt8,

    name       String CODEC(ZSTD(1)),
    symbol     String CODEC(ZSTD(1)),
    resolution String CODEC(ZSTD(1)),
    content    String CODEC(ZSTD(3)) COMMENT 'the bytes that were sent',

    saved_at   DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(toInt64(bitShiftRight(version, 12)), 'UTC')
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (client, user, shelf, item)
SETTINGS index_granularity = 256, index_granularity_bytes = 1048576

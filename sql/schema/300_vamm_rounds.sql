-- How far the last round of the ticker on demand came: what each channel was told by then. Rounds are done one at a time; the last counts.
CREATE TABLE IF NOT EXISTS vamm_rounds
(
    id       UInt8 DEFAULT 0,
    number   UInt64 COMMENT 'grows from round to round',
    marks    String COMMENT 'JSON',
    recorded DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree(number)
ORDER BY id
TTL recorded + INTERVAL 1 DAY

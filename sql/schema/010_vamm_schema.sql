-- Which schema files were applied, and with what content.
CREATE TABLE IF NOT EXISTS vamm_schema
(
    name       String,
    checksum   String,
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = MergeTree
ORDER BY name

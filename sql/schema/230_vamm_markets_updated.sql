-- When each version of a market began. Of versions from before this column only the first knows: it began with the market.
ALTER TABLE vamm_markets
    ADD COLUMN IF NOT EXISTS updated_timestamp DateTime('UTC') DEFAULT if(updated_block = deployment_block, created_timestamp, toDateTime(0, 'UTC')) COMMENT '1970: not known'

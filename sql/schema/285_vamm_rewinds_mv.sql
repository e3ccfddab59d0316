-- A rewind is announced in the journal before it deletes anything, and closed there when it is done: both make all earlier epochs old.
-- What is read anew comes after the newest block that stays; where that is not known, everything may change.
CREATE MATERIALIZED VIEW IF NOT EXISTS vamm_rewinds_mv TO vamm_rewinds AS
SELECT arrayJoin(market_ids) AS market_id, least(since, floor) AS since, version AS epoch
FROM
(
    SELECT
        j.version AS version,
        any(j.since) AS since,
        any(j.market_ids) AS market_ids,
        max(if(c.block_number < j.from_block, c.block_timestamp, toDateTime(0, 'UTC'))) AS floor
    FROM vamm_journal AS j LEFT JOIN vamm_checkpoints AS c ON c.chain_id = j.chain_id
    WHERE j.kind = 'rewind'
    GROUP BY j.version
)

-- Two users of least privilege for a ClickHouse server, in place of `default`: one for `datafeed listen`, `serve --all`, `migrate` and what
-- repairs, one for `datafeed serve` and the API as a function. Put passwords in, and the database where it is not vamm_analytics, and
-- run it as an administrator: clickhouse-client --multiquery < users.sql
CREATE DATABASE IF NOT EXISTS vamm_analytics;

CREATE USER IF NOT EXISTS datafeed_writer IDENTIFIED WITH sha256_password BY 'PASSWORD-OF-THE-WRITER';
GRANT SELECT, INSERT, ALTER, CREATE TABLE, CREATE VIEW, DROP TABLE, DROP VIEW ON vamm_analytics.* TO datafeed_writer;
-- What `datafeed storage` and `datafeed queries` tell of the server.
GRANT SELECT ON system.parts TO datafeed_writer;
GRANT SELECT ON system.query_log TO datafeed_writer;
-- Where CLICKHOUSE_CLUSTER is set: GRANT CLUSTER ON *.* TO datafeed_writer;

-- Reads everything, writes what users save and nothing else.
CREATE USER IF NOT EXISTS datafeed_api IDENTIFIED WITH sha256_password BY 'PASSWORD-OF-THE-API';
GRANT SELECT ON vamm_analytics.* TO datafeed_api;
GRANT INSERT, ALTER DELETE ON vamm_analytics.vamm_charts TO datafeed_api;

-- `datafeed tick` and the API of crons (CRON_SECRET) take turns by the leases; a user who only ticks needs these beside SELECT.
GRANT INSERT ON vamm_analytics.vamm_leases TO datafeed_api;
-- What a round of crons has told.
GRANT INSERT ON vamm_analytics.vamm_rounds TO datafeed_api;

"""The schema: applied once, from anywhere, on any engine."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.domain.resolution import STORED
from app.store.client import Database
from app.store.rewind import DERIVED
from app.store.schema import SchemaChanged, migrate, rollup, statements


def tables(database: Database) -> dict[str, str]:
    return dict(database.rows("SELECT name, engine FROM system.tables WHERE database = currentDatabase()"))


def test_migrates_once(empty_database: Database) -> None:
    names = [statement.name for statement in statements()]
    assert migrate(empty_database) == names
    assert migrate(empty_database) == []
    found = tables(empty_database)
    for name in STORED:
        assert found[f"vamm_ohlcv_{name}"] == "AggregatingMergeTree"
        assert found[f"vamm_ohlcv_{name}_mv"] == "MaterializedView"
    assert {"vamm_market_transactions", "vamm_markets", "vamm_live_prices"} <= set(found)


def test_migrates_from_several_processes_at_once(empty_database: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: migrate(empty_database), range(4)))
    recorded = empty_database.rows("SELECT DISTINCT name FROM vamm_schema")
    assert {name for (name,) in recorded} == {statement.name for statement in statements()}


def test_goes_on_where_it_was_interrupted(empty_database: Database) -> None:
    for statement in list(statements())[:7]:
        empty_database.run(statement.sql)
    migrate(empty_database)
    assert "vamm_leases" in tables(empty_database)


def test_what_was_applied_but_not_recorded_is_applied_again_to_no_effect(empty_database: Database) -> None:
    definitions = "SELECT name, create_table_query FROM system.tables WHERE database = currentDatabase() ORDER BY name"
    for statement in statements():
        empty_database.run(statement.sql)
    before = empty_database.rows(definitions)
    assert len(migrate(empty_database)) == len(list(statements()))
    assert empty_database.rows(definitions) == before


def test_refuses_a_file_changed_after_the_fact(database: Database) -> None:
    database.run("ALTER TABLE vamm_schema UPDATE checksum = 'other' WHERE name = '070_vamm_markets'")
    with pytest.raises(SchemaChanged, match="070_vamm_markets"):
        migrate(database)


@pytest.mark.parametrize(
    ("table", "setting", "time"),
    [
        ("vamm_ohlcv_1s", "retention_1s_days", "timestamp"),
        ("vamm_live_prices", "retention_live_days", "toDateTime(timestamp)"),
    ],
)
def test_retention_follows_the_setting(database: Database, table: str, setting: str, time: str) -> None:
    def ttl() -> str:
        definition = "SELECT create_table_query FROM system.tables WHERE database = currentDatabase() AND name = {table:String}"
        found = re.search(r"TTL (.*?) SETTINGS", str(database.rows(definition, {"table": table})[0][0]))
        return found[1] if found else ""

    for days, expected in ((30, f"{time} + toIntervalDay(30)"), (7, f"{time} + toIntervalDay(7)"), (0, "")):
        migrate(database, **{setting: days})  # type: ignore[arg-type]
        assert ttl() == expected


def test_cluster_ddl_is_replicated_everywhere() -> None:
    for plain, clustered in zip(statements(), statements("blue"), strict=True):
        assert "ON CLUSTER" not in plain.sql
        does = re.search(r"^(CREATE TABLE|CREATE MATERIALIZED VIEW|ALTER TABLE|INSERT INTO) ", plain.sql, re.MULTILINE)
        assert does
        assert clustered.sql.count(" ON CLUSTER 'blue'") == (does[1] != "INSERT INTO")  # rows replicate by themselves
        engine = re.search(r"^ENGINE = (\w+)(.*)$", clustered.sql, re.MULTILINE)
        assert (does[1] == "CREATE TABLE") == bool(engine)
        if engine:
            assert engine[1].startswith("Replicated")
            assert engine[2].startswith("('/clickhouse/tables/{uuid}/{shard}', '{replica}'")


@pytest.mark.parametrize("table", DERIVED)
def test_views_are_what_the_rollup_files_say(database: Database, table: str) -> None:
    """A rewind inserts from the files: were a view still an older text, what it rebuilds would differ from what was there."""
    database.run(f"CREATE MATERIALIZED VIEW probe TO {table} AS {rollup(table)}")
    definition = "SELECT as_select FROM system.tables WHERE database = currentDatabase() AND name = {name:String}"
    assert database.rows(definition, {"name": f"{table}_mv"}) == database.rows(definition, {"name": "probe"})


def test_views_fill_every_column_of_their_table(database: Database) -> None:
    """A view that names a column wrongly would silently leave it at its default; an insert by position would mix them up."""
    for table in (*DERIVED, "vamm_tickers", "vamm_listings"):
        columns = """
            SELECT name FROM system.columns
            WHERE database = currentDatabase() AND table = {table:String} AND default_kind != 'ALIAS' ORDER BY position
        """
        assert database.rows(columns, {"table": table}) == database.rows(columns, {"table": f"{table}_mv"})

"""What the engine tells an operator: sizes of tables, and its log of queries, which is made here as a server has it: chDB keeps none."""

from collections.abc import Iterator

import pytest

from app.store.client import Database
from app.store.inspection import NoQueryLog, query_kinds, slow_queries, table_sizes
from app.store.queries import query
from tests.feed.points import Point, add_points

LOG = """
CREATE TABLE system.query_log
(
    type Enum8('QueryStart' = 1, 'QueryFinish' = 2, 'ExceptionBeforeStart' = 3, 'ExceptionWhileProcessing' = 4),
    event_date Date, event_time DateTime, query_duration_ms UInt64, read_rows UInt64, read_bytes UInt64, memory_usage UInt64,
    query_kind LowCardinality(String), query String, current_database String
)
ENGINE = Memory
"""
LINE = """
INSERT INTO system.query_log
SELECT {type:String}, toDate({time:UInt32}), {time:UInt32}, {ms:UInt64}, 100, 2000000, 3000000, {kind:String}, {query:String},
    {database:String}
"""
NOW = 1_700_000_000


@pytest.fixture
def log(database: Database) -> Iterator[None]:
    """A log with statements of this database and of another, old and new."""
    database.run(LOG)
    lines = [
        ("QueryStart", NOW, 0, "Select", query("standing"), database.name),
        *(("QueryFinish", NOW + ms, ms, "Select", query("standing"), database.name) for ms in range(1, 101)),
        ("QueryFinish", NOW, 500, "Select", query("candles").strip() + "\nFORMAT Native", database.name),
        ("ExceptionWhileProcessing", NOW, 900, "Select", "SELECT 1", database.name),
        ("QueryFinish", NOW, 30, "Insert", "INSERT  INTO vamm_markets\nFORMAT Native", database.name),
        ("QueryFinish", NOW - 9_000, 7_000, "Select", "SELECT 2", database.name),
        ("QueryFinish", NOW, 8_000, "Select", "SELECT 3", "another"),
    ]
    for line in lines:
        database.run(LINE, dict(zip(("type", "time", "ms", "kind", "query", "database"), line, strict=True)))
    yield
    database.run("DROP TABLE system.query_log SYNC")


def test_tables_are_told_with_what_they_take(database: Database) -> None:
    add_points(database, 1, [Point(NOW + second, 200_000, 10) for second in range(1_000)])
    sizes = {size.table: size for size in table_sizes(database)}
    raw, empty = sizes["vamm_market_transactions"], sizes["vamm_charts"]
    assert (raw.rows, raw.parts) == (1_000, 1)
    assert raw.on_disk >= raw.compressed > 0
    assert raw.ratio == raw.uncompressed / raw.compressed > 2
    assert (empty.rows, empty.parts, empty.ratio) == (0, 0, None)
    assert [size.on_disk for size in sizes.values()] == sorted((size.on_disk for size in sizes.values()), reverse=True)


@pytest.mark.usefixtures("log")
def test_statements_are_told_by_kind(remote: Database) -> None:
    select, insert = query_kinds(remote, NOW - 3_600)
    assert (select.kind, select.statements, select.failed) == ("Select", 102, 1)
    assert 45 < select.p50 < 55
    assert 93 < select.p95 < 98
    assert 98 < select.p99 <= 500
    assert (insert.kind, insert.statements, insert.failed, insert.p95) == ("Insert", 1, 0, 30)
    assert query_kinds(remote, NOW + 9_000) == []


@pytest.mark.usefixtures("log")
def test_the_slowest_are_told_with_the_file_that_they_are_from(remote: Database) -> None:
    first, second, third = slow_queries(remote, NOW - 3_600, 3)
    assert (first.name, first.milliseconds, first.time, first.read_rows) == ("candles", 500, NOW, 100)
    assert (second.name, second.milliseconds, third.milliseconds) == ("standing", 100, 99)
    assert slow_queries(remote, NOW - 3_600, 200)[71].name == "INSERT INTO vamm_markets FORMAT Native"


def test_where_there_is_no_log_that_is_told(database: Database, remote: Database) -> None:
    with pytest.raises(NoQueryLog, match="chDB"):
        query_kinds(database, 0)
    with pytest.raises(NoQueryLog, match="this server keeps no log"):
        slow_queries(remote, 0, 5)

"""What a query of the API may cost: the engine enforces it on those connections and on no others."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from app.store.client import Database, StoreError, open_database
from app.store.limits import QueryTooLarge, QueryTooSlow, query_limits
from tests.store.bridge import Bridge

LIMITS = query_limits(Settings(query_max_seconds=1, query_max_memory_bytes=50_000_000, query_max_rows=1_000_000, query_max_threads=1))
ENDLESS = "SELECT sum(cityHash64(number)) FROM numbers(100000000000)"
LARGE = "SELECT count() FROM numbers({rows:UInt64}) WHERE number % 3 = 0"
BULKY = "SELECT groupArray(repeat(toString(number), 100)) FROM numbers(900000)"


@pytest.fixture
def limited(empty_database: Database) -> Iterator[Database]:
    with empty_database.limited(LIMITS, size=2) as limited:
        yield limited


@pytest.mark.parametrize("sql", [LARGE, BULKY])
def test_what_reads_or_holds_too_much_is_refused(limited: Database, sql: str) -> None:
    for _ in range(2):
        with pytest.raises(QueryTooLarge):
            limited.rows(sql, {"rows": 2_000_000})
        with pytest.raises(QueryTooLarge):
            limited.raw(sql, "JSONColumns", {"rows": 2_000_000})
    assert limited.rows(LARGE, {"rows": 900}) == [(300,)]


@pytest.mark.parametrize("fmt", ["JSONColumns", "JSONEachRow", "CSV", "Parquet"])
def test_nothing_of_a_query_that_failed_half_way_comes_out_with_the_next_answer(empty_database: Database, fmt: str) -> None:
    with empty_database.limited({}, size=1) as one:
        with pytest.raises(StoreError):
            one.raw("SELECT throwIf(number = 500000) FROM numbers(1000000)", fmt)
        assert one.raw("SELECT 1", "CSV") == b"1\n"
        assert one.rows("SELECT 2") == [(2,)]


def test_what_takes_too_long_is_ended(empty_database: Database) -> None:
    limits = query_limits(Settings(query_max_seconds=1, query_max_rows=0))
    with empty_database.limited(limits, size=1) as limited, pytest.raises(QueryTooSlow):
        limited.rows(ENDLESS)


def test_other_connections_to_the_same_database_are_not_limited(empty_database: Database, limited: Database) -> None:
    empty_database.run("CREATE TABLE written (n UInt64) ENGINE = MergeTree ORDER BY n")
    empty_database.run("INSERT INTO written SELECT number FROM numbers(2000000)")
    assert empty_database.rows("SELECT count() FROM written WHERE n % 2 = 0") == [(1_000_000,)]
    with pytest.raises(QueryTooLarge):
        limited.rows("SELECT count() FROM written WHERE n % 2 = 0")
    assert limited.rows("SELECT count() FROM written WHERE n < 10") == [(10,)]


def test_other_mistakes_are_what_they_were(limited: Database) -> None:
    with pytest.raises(StoreError, match="nowhere"):
        limited.rows("SELECT 1 FROM nowhere")


def test_a_request_that_asks_for_too_much_is_told_so(database: Database) -> None:
    columns = "(market_id, contract_address, chain_id, market_symbol, ticker)"
    database.run(f"INSERT INTO vamm_markets {columns} SELECT number, toString(number), 1, 'GOLD', toString(number) FROM numbers(100)")
    with TestClient(create_app(Settings(query_max_rows=10), database)) as client:
        refused = client.get("/api/tradingview/search")
    assert refused.status_code == 400
    assert refused.json()["s"] == "error"
    assert "too much" in refused.json()["errmsg"]
    assert "DB::" not in refused.text


def test_a_server_is_asked_to_enforce_them_with_every_query(server: Bridge, empty_database: Database) -> None:
    with open_database(server.settings(empty_database.name)) as remote, remote.limited(LIMITS, size=1) as limited:
        with pytest.raises(QueryTooLarge):
            limited.rows(LARGE, {"rows": 2_000_000})
        assert limited.rows(LARGE, {"rows": 900}) == [(300,)]
        assert remote.rows(LARGE, {"rows": 3_000_000}) == [(1_000_000,)]
    asked = [request.settings for request in server.requests if "numbers(" in request.sql]
    assert [settings.get("max_rows_to_read") for settings in asked] == ["1000000", "1000000", None]

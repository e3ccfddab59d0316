"""The users of docs/deploy/files/users.sql may do what their processes do, and nothing else; the engine of the tests has no users."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from starlette.testclient import TestClient

from app.checks.clickhouse import RIGHTS
from app.domain.ticking import Mark
from app.main import create_app
from app.settings import Settings
from app.store.client import Database, StoreError, open_database
from app.store.inspection import table_sizes
from app.store.lease import TICKING, Lease
from app.store.queries import SQL
from app.store.round_reader import remember
from app.store.schema import migrate
from app.store.verify import verify
from app.store.writer import ClickHouseLedger
from tests.store.bridge import Around, Bridge
from tests.store.ledgers import ledger_on
from tests.store.rows import CHAIN, batch
from tests.store.wire import Refused, Request

USERS: Final = (Path(__file__).parents[2] / "docs" / "deploy" / "files" / "users.sql").read_text()
WRITER, API = "datafeed_writer", "datafeed_api"

_GRANT = re.compile(r"^GRANT (.+) ON (?:vamm_analytics\.)?(\S+) TO (\w+);$", re.MULTILINE)
_CLOSED = re.compile(r"FROM (system\.(?:parts|query_log|mutations|merges|processes))\b")
"""Of the system's tables some that a server does not show to everybody, as it does `tables`, `columns` and `settings`."""

_NEEDS: Final = (
    (r"INSERT INTO (?:TABLE )?`?(\w+)", "INSERT"),
    (r"DELETE FROM `?(\w+)", "ALTER DELETE"),
    (r"ALTER TABLE `?(\w+)", "ALTER"),
    (r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)", "CREATE TABLE"),
    (r"CREATE MATERIALIZED VIEW (?:IF NOT EXISTS )?(\w+)", "CREATE VIEW"),
    (r"KILL QUERY()", ""),  # of one's own
    (r"(?:SELECT|WITH|EXPLAIN)()", "SELECT"),
)


class Grant(NamedTuple):
    """A right on a table, or on all (`*`)."""

    right: str
    table: str


def grants(user: str) -> set[Grant]:
    """Those that *user* is given."""
    return {Grant(right, table) for rights, table, to in _GRANT.findall(USERS) if to == user for right in rights.split(", ")}


def holding_to(given: set[Grant], refused: list[str]) -> Around:
    """Refuses what is not *given*, as a server does; what it *refused* is noted."""

    def around(request: Request, execute: Callable[[], bytes]) -> bytes:
        sql = re.sub(r"\A(\s*--.*\n)+", "", request.sql).lstrip()
        right, table = next((right, found[1]) for pattern, right in _NEEDS if (found := re.match(pattern, sql)))
        whole = right.partition(" ")[0]  # ALTER holds ALTER DELETE
        closed = {Grant("SELECT", name) for name in _CLOSED.findall(sql)} - given
        if closed or (right and not {Grant(name, at) for name in (right, whole) for at in ("*", table)} & given):
            refused.append(request.sql)
            raise Refused(497, f"Not enough privileges: {right} ON {table}. (ACCESS_DENIED)")
        return execute()

    return around


def test_the_writer_has_the_rights_that_are_checked_for() -> None:
    inspecting = {Grant("SELECT", "system.parts"), Grant("SELECT", "system.query_log")}
    assert grants(WRITER) == {Grant(right, "*") for right in RIGHTS} | inspecting
    assert Grant("SELECT", "*") in grants(API)
    tables = {re.search(r"TABLE IF NOT EXISTS (\w+)", path.read_text()) for path in (SQL / "schema").glob("*.sql")}
    named = {found[1] for found in tables if found}
    assert {grant.table for grant in grants(API)} - {"*"} <= named


def test_the_writer_may_do_what_writing_takes(server: Bridge, empty_database: Database) -> None:
    refused: list[str] = []
    server.around = holding_to(grants(WRITER), refused)
    with open_database(server.settings(empty_database.name)) as remote:
        assert migrate(remote, retention_live_days=7)
        ledger = ClickHouseLedger(remote, CHAIN, Lease(remote, CHAIN, ttl=60))
        ledger.recover()
        ledger.commit(batch(100, 119))
        ledger.commit(batch(120, 139))
        ledger.refresh([1, 2])
        ledger.rewind(120)
        ledger.release()
        assert verify(remote) == []
        assert {size.table for size in table_sizes(remote)} >= {"vamm_ohlcv_1s", "vamm_checkpoints"}
    assert refused == []


def test_what_the_system_tells_is_told_to_the_writer_alone(server: Bridge, database: Database) -> None:
    refused: list[str] = []
    server.around = holding_to(grants(API), refused)
    with open_database(server.settings(database.name)) as remote, pytest.raises(StoreError, match="Not enough privileges"):
        table_sizes(remote)
    assert len(refused) == 1


def test_the_api_may_read_and_save_charts_and_nothing_else(server: Bridge, database: Database) -> None:
    ledger_on(database).commit(batch(100, 119))
    refused: list[str] = []
    server.around = holding_to(grants(API), refused)
    storage = "/api/tradingview/storage/1.1/charts?client=site&user=ann"
    with open_database(server.settings(database.name)) as remote:
        with TestClient(create_app(Settings(rate_limit_requests=0, max_lag_blocks=0), remote)) as client:
            for path in (
                "/readyz", "/api/tradingview/search?query=", "/api/tradingview/history?symbol=T1&resolution=1&from=0&to=4000000000",
                "/api/v1/markets", "/api/v1/markets/T1", "/api/v1/markets/T1/trades", "/api/tradingview/quotes?symbols=T1",
            ):  # fmt: skip
                assert client.get(path).status_code in (200, 404), path
            form = {"name": "mine", "symbol": "T1", "resolution": "1", "content": "all of it"}
            saved = client.post(storage, data=form)
            assert saved.json()["status"] == "ok"
            assert client.delete(f"{storage}&chart={saved.json()['id']}").json()["status"] == "ok"
        remote.run("DELETE FROM vamm_charts WHERE user = {user:String}", {"user": "ann"})
        Lease(remote, TICKING, ttl=5).try_acquire()
        remember(remote, 1, [Mark(0, {}, frozenset({"market-T1"}))])
        assert refused == []
        for statement in (
            "INSERT INTO vamm_market_transactions SELECT * FROM vamm_market_transactions",
            "DELETE FROM vamm_market_transactions WHERE 1",
            "ALTER TABLE vamm_charts DROP COLUMN content",
            "CREATE TABLE other (id UInt8) ENGINE = Memory",
        ):
            with pytest.raises(StoreError, match="Not enough privileges"):
                remote.run(statement)

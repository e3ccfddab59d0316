"""A ClickHouse server that is not as it should be is told so: who is wrong, what is missing, what to do."""

from collections.abc import Callable

import pytest

from app.checks.service import Service
from app.store.client import Database
from app.store.schema import migrate
from tests.checks.conftest import failure, found, port
from tests.store.bridge import PASSWORD, Bridge
from tests.store.wire import Refused, Request

pytestmark = pytest.mark.anyio
CLICKHOUSE = Service.CLICKHOUSE


def denying(*rights: str) -> Callable[[Request, Callable[[], bytes]], bytes]:
    """A server that says of *rights* that they were not granted."""

    def around(request: Request, execute: Callable[[], bytes]) -> bytes:
        answer = execute()
        return b"0\n" if any(f"CHECK GRANT {right} ON" in request.sql for right in rights) else answer

    return around


def refusing(words: str, code: int) -> Callable[[Request, Callable[[], bytes]], bytes]:
    """A server that refuses statements with *words* in them."""

    def around(request: Request, execute: Callable[[], bytes]) -> bytes:
        if words in request.sql:
            raise Refused(code, "a reason of the server")
        return execute()

    return around


async def test_a_store_that_is_ready(server: Bridge, database: Database) -> None:
    first, second = await found(server.settings(database.name), CLICKHOUSE)
    assert (first.level, second.level) == ("ok", "ok")
    assert f"127.0.0.1:{server.port}" in first.text
    assert "version 26." in first.text
    assert "schema up to date" in second.text
    assert not database.rows("SELECT name FROM system.tables WHERE database = currentDatabase() AND name LIKE 'vamm\\_check\\_%'")


async def test_a_store_without_its_schema(server: Bridge, empty_database: Database) -> None:
    settings = server.settings(empty_database.name)
    _, behind, tried = await found(settings, CLICKHOUSE)
    assert behind.level == "warning"
    assert "`datafeed migrate`" in behind.help
    assert tried.level == "ok"
    migrate(empty_database)
    empty_database.run("ALTER TABLE vamm_schema UPDATE checksum = 'other' WHERE name = '020_vamm_market_transactions'")
    changed = (await found(settings, CLICKHOUSE))[-1]
    assert changed.level == "failed"
    assert "020_vamm_market_transactions" in changed.text


async def test_a_database_that_is_not_there_is_not_made(server: Bridge, database: Database) -> None:
    _, missing = await found(server.settings("nowhere"), CLICKHOUSE)
    assert missing.level == "warning"
    assert "nowhere is not there yet" in missing.text
    assert not database.rows("SELECT 1 FROM system.databases WHERE name = 'nowhere'")
    server.around = denying("CREATE DATABASE")
    refused = (await found(server.settings("nowhere"), CLICKHOUSE))[-1]
    assert refused.level == "failed"
    assert "GRANT CREATE DATABASE, SELECT, INSERT" in refused.help


async def test_a_wrong_password_or_user(server: Bridge, database: Database) -> None:
    for wrong in ({"clickhouse_password": "hunter2-hunter2"}, {"clickhouse_user": "nobody"}):
        one = await failure(server.settings(database.name, **wrong), CLICKHOUSE)
        assert "no such user with such a password" in one.text
        assert "CLICKHOUSE_PASSWORD" in one.help
        assert "hunter2" not in one.line
        assert PASSWORD not in one.line


async def test_rights_that_are_missing_are_named_with_the_grant_that_gives_them(server: Bridge, database: Database) -> None:
    server.around = denying("INSERT", "CREATE TABLE")
    _, reader = await found(server.settings(database.name), CLICKHOUSE)
    assert reader.level == "warning"
    assert "no INSERT, CREATE TABLE" in reader.text
    assert reader.help == f"As an administrator: GRANT INSERT, CREATE TABLE ON {database.name}.* TO `writer`."
    server.around = denying("SELECT")
    _, blind = await found(server.settings(database.name), CLICKHOUSE)
    assert blind.level == "failed"


async def test_what_is_granted_is_tried(server: Bridge, database: Database) -> None:
    server.around = refusing("INSERT INTO", 164)
    _, tried = await found(server.settings(database.name), CLICKHOUSE)
    assert tried.level == "failed"
    assert "readonly" in tried.help
    assert not database.rows("SELECT name FROM system.tables WHERE database = currentDatabase() AND name LIKE 'vamm\\_check\\_%'")
    server.around = refusing("CHECK GRANT", 62)  # an older server
    assert [one.level for one in await found(server.settings(database.name), CLICKHOUSE)] == ["ok", "ok"]


async def test_an_address_that_is_not_let_in(server: Bridge, database: Database) -> None:
    server.around = refusing("SELECT", 195)
    assert "IP access list" in (await failure(server.settings(database.name), CLICKHOUSE)).help


async def test_tls_at_a_port_that_speaks_none(server: Bridge, database: Database) -> None:
    settings = server.settings(database.name, clickhouse_host=f"https://127.0.0.1:{server.port}")
    one = await failure(settings, CLICKHOUSE)
    assert f"127.0.0.1 port {server.port} speaks no TLS" in one.text
    assert "CLICKHOUSE_HOST" in one.help


async def test_a_server_that_says_nothing_or_hangs_up(server: Bridge) -> None:
    async with port(silent=True) as number:
        one = await failure(server.settings("any", clickhouse_host=f"http://127.0.0.1:{number}"), CLICKHOUSE, 1.0)
        assert "no answer within 1 s" in one.text
    async with port(silent=False) as number:
        one = await failure(server.settings("any", clickhouse_host=f"http://127.0.0.1:{number}"), CLICKHOUSE)
        assert "https://" in one.help

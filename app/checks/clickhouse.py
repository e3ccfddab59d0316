"""Checks a ClickHouse server: the way there, who we are to it, what we may do in our database, its schema, and how far away it is."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncGenerator, Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, TypeVar

from anyio.to_thread import run_sync

from app.checks.finding import Failed, Found, ok, warning
from app.checks.reach import reach
from app.ops.endpoint import CLOUD
from app.store.client import UNKNOWN_DATABASE, Database, StoreError, server_options
from app.store.schema import SchemaChanged, pending

if TYPE_CHECKING:
    from app.settings import Settings

T = TypeVar("T")

FAR_MS: Final = 100
"""Milliseconds of a query that does nothing, from which on every chart is slow: another continent."""

RIGHTS: Final = ("SELECT", "INSERT", "ALTER", "CREATE TABLE", "CREATE VIEW", "DROP TABLE", "DROP VIEW")
"""On the database, for who writes."""

READ: Final = "SELECT"
"""What who only serves cannot do without."""

CLOUD_HINT: Final = "ClickHouse Cloud lets in only the addresses of its IP access list (the service's Settings, Security)."
ASLEEP: Final = "A ClickHouse Cloud service that sleeps takes up to a minute to wake: try again, or with --timeout 60."

_CODE = re.compile(r"^Code: (\d+)")
_WRONG_LOGIN = frozenset({"192", "193", "194", "516"})
_SYNTAX = "62"
_HELP = {
    "195": CLOUD_HINT,
    "115": "This server is too old: use ClickHouse Cloud, or the newest stable version.",
    "164": "This user is bound to `readonly` by its profile: use another, or have the profile changed.",
    "201": "A quota of this user is used up: wait, or have it raised.",
    "497": "Have the missing grant given to CLICKHOUSE_USER.",
    str(UNKNOWN_DATABASE): "`datafeed migrate` makes it.",
}
_REGION = re.compile(r"\.([a-z0-9-]+)\.(aws|gcp|azure)\.clickhouse\.cloud$")


async def check(settings: Settings, seconds: float) -> AsyncGenerator[Found, None]:
    """Everything that `serve`, `listen` and `migrate` need of the server that is set."""
    endpoint = settings.clickhouse_endpoint
    assert endpoint
    hint = CLOUD_HINT if endpoint.host.endswith(CLOUD) else ""
    place, tls = endpoint.host, endpoint.secure
    await reach(place, endpoint.port, tls=tls, setting="CLICKHOUSE_HOST", seconds=seconds / 2, proxied=True, hint=hint)
    options = server_options(settings, endpoint)
    options |= {"send_receive_timeout": max(1, int(seconds)), "connect_timeout": max(1, int(seconds / 2))}
    name = settings.clickhouse_database
    with await _asked(lambda: Database(options, "system", size=1)) as server:  # the one that is always there
        version, took = await _asked(lambda: (_first(server, "SELECT version()"), min(_query_ms(server) for _ in range(3))))
        region = _REGION.search(endpoint.host)
        place = f"{place}:{endpoint.port}{' over TLS' if tls else ''}{f', {region[1]} ({region[2]})' if region else ''}"
        yield ok(f"version {version} at {place}, {took:.0f} ms a query")
        if took > FAR_MS:
            yield warning(f"{took:.0f} ms a query is far away", "Run the service in the region of the store.")
        exists = await _asked(lambda: _first(server, "SELECT count() FROM system.databases WHERE name = {name:String}", name=name))
        if not exists:
            if "CREATE DATABASE" in await _asked(lambda: missing_rights(server, name, ("CREATE DATABASE",)) or []):
                raise Failed(f"database {name} is not there, and may not be made", _grant(name, ("CREATE DATABASE", *RIGHTS), settings))
            yield warning(f"database {name} is not there yet", _HELP[str(UNKNOWN_DATABASE)])
        lacking = await _asked(lambda: missing_rights(server, name, RIGHTS))
    if not exists:
        if lacking:
            raise Failed(f"no {', '.join(lacking)} on {name}", _grant(name, lacking, settings))
        return
    with await _asked(lambda: Database(options, name, size=1)) as database:
        try:
            behind = await _asked(lambda: pending(database))
        except SchemaChanged as error:
            raise Failed(str(error), error.help) from None
        if behind:
            yield warning(f"{len(behind)} objects of the schema are missing in {name}", "`datafeed migrate` applies them.")
        if lacking:
            text, help = f"no {', '.join(lacking)} on {name}", _grant(name, lacking, settings)
            if behind or READ in lacking:
                raise Failed(text, help)
            yield warning(f"{text}: enough to serve, too little to listen or to save charts", help)
            return
        await _asked(lambda: _written(database))
        yield ok(f"database {name}: a table was made, written, read and dropped; schema {'incomplete' if behind else 'up to date'}")


def missing_rights(server: Database, name: str, rights: tuple[str, ...]) -> list[str] | None:
    """Those of *rights* that we lack on database *name*; None where the server is too old to say."""
    try:
        # `name` is letters, digits and _ by its setting: this statement takes no parameters.
        return [right for right in rights if str(_first(server, f"CHECK GRANT {right} ON `{name}`.*")) != "1"]
    except StoreError as error:
        if _code(error) == _SYNTAX:
            return None
        raise


def _written(database: Database) -> None:
    """Make a scratch table, write to it, read, delete a row; drop it, whatever happens."""
    table = {"table": f"vamm_check_{secrets.token_hex(6)}"}
    database.run("CREATE TABLE {table:Identifier} (id UInt64) ENGINE = MergeTree ORDER BY id", table)
    try:
        database.run("INSERT INTO {table:Identifier} SELECT number FROM numbers(2)", table)
        database.run("DELETE FROM {table:Identifier} WHERE id = 0", table)
        if (found := database.rows("SELECT id FROM {table:Identifier}", table)) != [(1,)]:
            raise Failed(f"a table that was written to holds {found}", "Check that every replica is up, and CLICKHOUSE_CLUSTER.")
    finally:
        database.run("DROP TABLE {table:Identifier} SYNC", table)


async def _asked(ask: Callable[[], T]) -> T:
    """What *ask* finds, in a thread; Failed says what a refusal means."""
    try:
        return await run_sync(ask, abandon_on_cancel=True)
    except StoreError as error:
        raise _failed(error) from None


def _failed(error: StoreError) -> Failed:
    text, code = str(error), _code(error)
    if code in _WRONG_LOGIN:
        return Failed(
            "the server knows no such user with such a password",
            "Check CLICKHOUSE_USER and CLICKHOUSE_PASSWORD; ClickHouse Cloud shows and resets them under Connect.",
        )
    if "did not answer in time" in text:
        return Failed(text, ASLEEP)
    if "broke the connection off" in text or "cannot be reached" in text:  # though the port takes connections
        return Failed(text, "If the port wants TLS, begin CLICKHOUSE_HOST with https://; else the server's log may say more.")
    if "unknown or readonly" in text:
        return Failed(text, f"{_HELP['115']} Or: {_HELP['164']}")
    return Failed(text, _HELP.get(code, StoreError.help))


def _code(error: StoreError) -> str:
    found = _CODE.match(str(error))
    return found[1] if found else ""


def _grant(name: str, rights: tuple[str, ...] | list[str], settings: Settings) -> str:
    return f"As an administrator: GRANT {', '.join(rights)} ON {name}.* TO `{settings.clickhouse_user}`."


def _first(database: Database, sql: str, **parameters: Any) -> Any:
    return database.rows(sql, parameters)[0][0]


def _query_ms(database: Database) -> float:
    begun = perf_counter()
    database.rows("SELECT 1")
    return (perf_counter() - begun) * 1_000

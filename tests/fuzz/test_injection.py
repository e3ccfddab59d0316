"""Texts that would be more than texts to SQL, shells, templates, file systems or HTTP: here they are texts, in every parameter."""

import itertools
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from app.store.client import Database
from tests.depth import share
from tests.fuzz.answers import check_answer, check_headers, check_silent
from tests.fuzz.routes import Asked, Value, asked, query

STRINGS: Final[tuple[Value, ...]] = (
    "'", '"', "\\", "'; DROP TABLE vamm_markets; --", "GOLD' OR '1'='1", "GOLD'/*", "1) UNION ALL (", "`", "{market_id:UInt64}",
    "{ticker:String}", "%s%(ticker)s", "${HOME}", "$(reboot)", "{{7*7}}", "{0.__class__}", "<script>alert(1)</script>", "GOLD\0",
    "GOLD\r\nX-Injected: 1", "\r\n\r\n<b>", "\x1b[2J\t\x7f", "../../etc/passwd", "..%2f", "/", "..", "?a#b&c=d", "%", "%00", "*",
    "[a-", "a" * 129, "a" * 5_000, "\u202egold", "\uff27\uff2f\uff2c\uff24", "G\u0130LD ß", "\u2028", "\ud7ff\ue000\U0010ffff",
    b"\xff\xfe", b"\xed\xa0\x80", "NaN", "٣", "9" * 19, "9" * 400, "",
)  # fmt: skip

TABLES: Final = "SELECT name, engine FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree' ORDER BY name"
ROWS: Final = "SELECT count() FROM {table:Identifier}"
ROWS_MERGED: Final = "SELECT count() FROM {table:Identifier} FINAL"
SAVED: Final = "vamm_charts"
"""The only table that requests write to."""


@pytest.fixture(scope="module")
def routes(client: TestClient) -> Sequence[Asked]:
    """All that can be asked."""
    return asked(client)


def test_every_parameter_takes_every_string(client: TestClient, stored: Database, routes: Sequence[Asked]) -> None:
    before = rows(stored)
    for number, (route, name) in enumerate((each, name) for each in routes for name in each.parameters):
        for text in share(STRINGS, number):
            check_answer(route.request(client, {name: text}), route.path)
    assert rows(stored) == before


def test_names_of_parameters_are_only_names(client: TestClient, stored: Database, routes: Sequence[Asked]) -> None:
    before = rows(stored)
    for number, route in enumerate(routes):
        path = route.path.replace("{symbol}", "GOLD")
        for text in share(STRINGS, number):
            pairs = [(text, text), ("symbol[]", text), ("symbol[$ne]", text), ("limit", text), ("limit", "9")]
            check_answer(client.request(route.method, f"{path}?{query(pairs)}"), route.path)
    assert rows(stored) == before


@pytest.mark.parametrize("prefix", ["/", "/api/tradingview/", "/api/tradingview/storage/1.1/", "/api/lightweight/", "/api/v1/", "/static/"])
def test_paths_that_lead_nowhere(client: TestClient, prefix: str) -> None:
    for text in STRINGS:
        response = client.get(prefix + quote(text, safe=""), follow_redirects=False)
        if response.url.path == "/":  # the page
            continue
        assert response.status_code in (307, 404), response.text
        check_headers(response)
        check_silent(response)


def test_headers(client: TestClient) -> None:
    names = ("Accept-Encoding", "Authorization", "Content-Type", "If-None-Match", "Origin", "X-API-Key", "X-Forwarded-For", "X-Request-ID")
    for name, text in itertools.product(names, STRINGS):
        value = text.encode(errors="replace") if isinstance(text, str) else text
        if value.translate(None, b"\r\n\0") != value:
            continue  # no server lets such a header through
        check_answer(client.get("/api/v1/intervals?symbol=GOLD", headers={name.encode(): value}), "/api/v1/intervals")


def rows(database: Database) -> dict[str, int]:
    """How many rows each table has once its parts are merged, but for those that requests may write."""
    tables = [(table, ROWS if engine == "MergeTree" else ROWS_MERGED) for table, engine in database.rows(TABLES) if table != SAVED]
    assert tables
    return {table: database.rows(sql, {"table": table})[0][0] for table, sql in tables}

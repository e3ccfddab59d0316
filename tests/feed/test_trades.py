"""Trades over HTTP, page by page."""

from decimal import Decimal

import pytest
from starlette.testclient import TestClient

from app.domain.fixed import ONE
from app.feed.trades import exact
from app.store import rows
from app.store.client import Database
from tests.feed.points import add_market
from tests.store.rows import trade


@pytest.fixture(autouse=True)
def market(database: Database) -> None:
    add_market(database, 1, "GOLD")
    opened = [trade(100 + number, 0, 1, 2_000 + number, 5) for number in range(25)]
    marks = [trade(100 + number, 1, 1, 3_000, 0, volume=0, price_type="mark", action="mark") for number in range(25)]
    closed = [trade(200, 3, 1, 1, 7, price=ONE // 8, side="sell", is_long=None, action="close", position_id=2**255)]
    database.insert("vamm_market_transactions", rows.trades([*opened, *marks, *closed]))


@pytest.mark.parametrize("surface", ["lightweight", "v1"])
def test_pages_hold_every_trade_once_the_latest_first(client: TestClient, surface: str) -> None:
    blocks: list[int] = []
    before: str | None = ""
    while before is not None:
        answer = client.get(f"/api/{surface}/trades", params={"symbol": "gold", "limit": 10, "before": before}).json()
        assert answer["meta"]["count"] == len(answer["data"]) <= 10
        blocks += [row["block"] for row in answer["data"]]
        before = answer["meta"]["next"]
    assert blocks == [200, *reversed(range(100, 125))]


def test_a_trade_is_told_exactly(client: TestClient) -> None:
    [row] = client.get("/api/v1/trades?symbol=GOLD&limit=1").json()["data"]
    expected = {"id": str(200 << 20 | 3), "price": "0.125", "volume": "7", "side": "sell", "is_long": None, "action": "close", "block": 200}
    assert expected.items() <= row.items()
    assert row["position_id"] == str(2**255)


def test_a_span(client: TestClient) -> None:
    times = [row["time"] for row in client.get("/api/v1/trades?symbol=GOLD").json()["data"]]
    span = {"symbol": "GOLD", "from": times[9], "to": times[4]}
    assert [row["time"] for row in client.get("/api/v1/trades", params=span).json()["data"]] == times[5:10]


def test_what_is_no_cursor_is_refused(client: TestClient) -> None:
    response = client.get("/api/v1/trades?symbol=GOLD&before=yesterday")
    assert (response.status_code, response.json()["error"]) == (400, "before must be the `next` of an answer, or the id of a trade")


def test_amounts_as_text() -> None:
    amounts = ("0.000000000000000000", "2000.500000000000000000", "1E+3", "100", "-0.10")
    assert [exact(Decimal(amount)) for amount in amounts] == ["0", "2000.5", "1000", "100", "-0.1"]

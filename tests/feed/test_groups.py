"""All symbols as a table, read as the charting library's client reads it."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from app.domain.fixed import ONE
from app.feed import groups
from app.store.client import Database
from tests.feed.points import Point, add_market, add_points, seconds

PATH = "/api/tradingview"
NEW_YEAR = seconds("2024-01-01")
NAMES = {"name": "symbol", "minmov": "minmovement", "session": "session-regular", "exchange": "exchange-traded"}
LISTS = (
    "intraday-multipliers",
    "supported-resolutions",
    "seconds-multipliers",
    "weekly-multipliers",
    "monthly-multipliers",
    "daily-multipliers",
)


def field(table: dict[str, Any], name: str, row: int) -> Any:
    """One value of *row*: of a column, or the one that stands for all; lists are values themselves."""
    value = table[name]
    return value[row] if isinstance(value, list) and (name not in LISTS or isinstance(value[0], list)) else value


@pytest.fixture
def markets(database: Database) -> None:
    """GOLD trades in the newest week, OIL more often but long ago, NEW never."""
    add_market(database, 1, "GOLD", symbol="Gold")
    add_points(database, 1, [Point(NEW_YEAR + 90 * 86_400, 200_000, 5)])
    add_market(database, 2, "OIL")
    add_points(database, 2, [Point(NEW_YEAR + second, 8_000, 5) for second in range(9)])
    add_market(database, 3, "NEW", starting_price=12_340_000_000_000)


@pytest.mark.usefixtures("markets")
@pytest.mark.parametrize("group", ["", "VAMM", "NYSE", "FOREX", "AMEX", "' OR 1=1"])
def test_each_row_is_the_symbol_that_its_own_request_answers(client: TestClient, group: str) -> None:
    table = client.get(f"{PATH}/symbol_info", params={"group": group}).json()
    assert table["symbol"] == ["GOLD", "NEW", "OIL"]
    for row, ticker in enumerate(table["ticker"]):
        symbol = client.get(f"{PATH}/symbols", params={"symbol": ticker}).json()
        names = {"listed_exchange": "exchange-listed"} | NAMES
        assert {name: field(table, names.get(name, name.replace("_", "-")), row) for name in symbol} == symbol


@pytest.mark.usefixtures("markets")
def test_so_many_at_most_the_busy_ones(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "MOST_SYMBOLS", 1)
    assert client.get(f"{PATH}/symbol_info?group=VAMM").json()["symbol"] == ["GOLD"]


def test_without_markets_the_table_is_empty(client: TestClient) -> None:
    assert client.get(f"{PATH}/symbol_info").json()["symbol"] == []


def test_a_busy_market_beyond_what_is_answered(client: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "MOST_SYMBOLS", 3)
    for number in range(1, 6):
        add_market(database, number, f"M{number}", starting_price=ONE)
        add_points(database, number, [Point(NEW_YEAR + second, 100, 1) for second in range(number)])
    assert client.get(f"{PATH}/symbol_info").json()["symbol"] == ["M5", "M4", "M3"]

"""Marks over HTTP: aligned to the bars that `/history` answers, bounded, and refused where they cannot be given."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.domain.fixed import ONE
from app.main import create_app
from app.settings import Settings
from app.store import rows
from app.store.client import Database
from tests.feed.points import RESOLUTIONS, add_market, seconds
from tests.store.rows import trade

PATH = "/api/tradingview"
FRIDAY = seconds("2024-03-01T09:30:07")
YEAR_2037 = 2_114_380_800


@pytest.fixture
def particular(database: Database) -> Iterator[TestClient]:
    """A client for whom a trade of 500 is a large one."""
    add_market(database, 1, "GOLD")
    with TestClient(create_app(Settings(marks_trade_size=500), database)) as client:
        yield client


def ask(client: TestClient, endpoint: str = "marks", **query: str | int) -> Any:
    usual: dict[str, str | int] = {"symbol": "GOLD", "resolution": "1", "from": 0, "to": YEAR_2037}
    return client.get(f"{PATH}/{endpoint}", params=usual | query)


def test_marks_stand_at_bars_of_the_history(particular: TestClient, database: Database) -> None:
    trades = [trade(number, 0, 1, 5, 600, timestamp=FRIDAY + number * 100_000) for number in range(1, 31)]
    database.insert("vamm_market_transactions", rows.trades(trades))
    for resolution in RESOLUTIONS:
        times = {mark["time"] for mark in ask(particular, resolution=resolution).json()}
        assert times == set(ask(particular, "history", resolution=resolution).json()["t"])


def test_how_large_a_large_trade_is_can_be_set(particular: TestClient, database: Database) -> None:
    trades = [trade(number, 0, 1, 5, 0, volume=500 * ONE - 1 + number, timestamp=FRIDAY) for number in range(2)]
    database.insert("vamm_market_transactions", rows.trades(trades))
    assert [mark["id"] for mark in ask(particular).json()] == [f"trade-{1 << 20}"]


def test_ten_a_bar_and_the_same_ids_at_every_resolution(particular: TestClient, database: Database) -> None:
    trades = [trade(number, 3, 1, 5, 500 + number, timestamp=FRIDAY + number) for number in range(40)]
    database.insert("vamm_market_transactions", rows.trades(trades))
    assert len(ask(particular, resolution="1S").json()) == 40
    largest = [f"trade-{number << 20 | 3}" for number in range(39, 29, -1)]
    for resolution in ("1", "240", "1W", "1M"):
        assert [mark["id"] for mark in ask(particular, resolution=resolution).json()] == largest


@pytest.mark.parametrize("endpoint", ["marks", "timescale_marks"])
@pytest.mark.parametrize(
    ("query", "status", "word"),
    [
        ({"from": ""}, 400, "from"),
        ({"to": ""}, 400, "to"),
        ({"from": 9, "to": 8}, 400, "from"),
        ({"to": "soon"}, 400, "to"),
        ({"resolution": "7"}, 400, "resolution"),
        ({"symbol": "SILVER"}, 404, "SILVER"),
        ({"symbol": ""}, 400, "symbol"),
    ],
)
def test_what_is_refused(particular: TestClient, endpoint: str, query: dict[str, str | int], status: int, word: str) -> None:
    response = ask(particular, endpoint, **query)
    assert response.status_code == status
    assert response.json()["s"] == "error"
    assert word in response.json()["errmsg"]


@pytest.mark.parametrize("endpoint", ["marks", "timescale_marks"])
@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_any_range_has_an_answer(particular: TestClient, endpoint: str, resolution: str) -> None:
    for since, until in ((-1_577_836_800, 0), (0, 2**32), (2**32 - 1, 253_402_300_799)):
        response = ask(particular, endpoint, resolution=resolution, **{"from": since, "to": until})
        assert (response.status_code, response.json()) == (200, [])

"""`/api/v1`: candles for programs."""

import pytest
from starlette.testclient import TestClient

from app.feed.fields import INTERVALS
from app.store.client import Database
from tests.feed.points import Point, add_market, add_points, bars, seconds

POINTS = [Point(seconds("2024-01-01") + 40 * number, 100 + number % 17, 3) for number in range(300)]


@pytest.fixture(autouse=True)
def market(database: Database) -> None:
    add_market(database, 1, "BTC")
    add_points(database, 1, POINTS)


@pytest.mark.parametrize(("interval", "resolution"), [("1s", "1S"), ("1m", "1"), ("4h", "240"), ("1M", "1M")])
def test_candles_are_rows_in_milliseconds(client: TestClient, interval: str, resolution: str) -> None:
    expected = [[time * 1_000, *rest] for time, *rest in bars(POINTS, resolution)]
    answer = client.get("/api/v1/candles", params={"symbol": "btc", "interval": interval, "limit": 50}).json()
    assert answer == {"symbol": "BTC", "interval": interval, "data": expected[-50:]}


def test_a_span(client: TestClient) -> None:
    query = {"symbol": "BTC", "interval": "1m", "from": "2024-01-01T00:10:00Z", "to": "2024-01-01T00:20:00Z"}
    times = [row[0] for row in client.get("/api/v1/candles", params=query).json()["data"]]
    assert times == [1_000 * (seconds("2024-01-01T00:10:00") + 60 * number) for number in range(10)]


@pytest.mark.parametrize("path", ["/api/v1/intervals?symbol=btc", "/api/v1/symbols/BTC/intervals"])
def test_intervals(client: TestClient, path: str) -> None:
    assert client.get(path).json() == {"symbol": "BTC", "intervals": list(INTERVALS)}


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("candles?interval=1m", 400, "symbol is missing"),
        ("candles?symbol=BTC&interval=1y", 400, f"interval must be one of {' '.join(INTERVALS)}"),
        ("symbols/none/intervals", 404, "there is no market none"),
        ("nothing", 404, "Not Found"),
        ("candles/?symbol=BTC&interval=1m", 404, "Not Found"),
        ("candles?symbol=BTC&interval=1m&limit=1_0", 400, "limit must be a whole number"),
        ("candles?symbol=BTC&interval=1m&limit=1.0", 400, "limit must be a whole number"),
        ("candles?symbol=BTC&interval=1m&limit=0", 400, "limit must be 1 or more"),
    ],
)
def test_refusals(client: TestClient, path: str, status: int, error: str) -> None:
    response = client.get(f"/api/v1/{path}")
    assert (response.status_code, response.json()) == (status, {"success": False, "error": error})

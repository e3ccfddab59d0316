"""`/api/lightweight`: what goes into a chart, compared with plain Python."""

import itertools
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from app.feed.bars import iso
from app.store.client import Database
from tests.feed.points import Point, add_market, add_points, bars, seconds
from tests.feed.test_history import few, markets, stored

TIMEFRAMES = {"1s": "1S", "1m": "1", "30m": "30", "1h": "60", "4h": "240", "1d": "1D", "1w": "1W", "1M": "1M"}


def ask(client: TestClient, what: str = "ohlcv", **query: Any) -> Any:
    response = client.get(f"/api/lightweight/{what}", params={name.rstrip("_"): value for name, value in query.items()})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    answer = response.json()
    assert answer["success"] is True
    assert answer["meta"]["count"] == len(answer["data"])
    return answer


def row(bar: tuple[float, ...]) -> dict[str, float]:
    return dict(zip(("time", "open", "high", "low", "close", "volume"), bar, strict=True))


@pytest.fixture
def gold(database: Database) -> list[Point]:
    """A market with an event each 90 s for half a day, and a gap."""
    add_market(database, 1, "GOLD")
    begin = seconds("2024-01-01")
    points = [Point(begin + 90 * number + (7_200 if number > 200 else 0), 100 + number, 5) for number in range(400)]
    add_points(database, 1, points)
    return points


@few
@given(data=st.data(), steps=markets)
def test_the_newest_bars_of_a_span(database: Database, client: TestClient, data: st.DataObject, steps: list[tuple[int, int, int]]) -> None:
    symbol, points = stored(database, steps, 1)
    moment = st.builds(lambda point, nudge: max(0, point.time + nudge), st.sampled_from(points), st.sampled_from((-1, 0, 1, 5_000)))
    for timeframe, resolution in TIMEFRAMES.items():
        since, until = sorted((data.draw(moment), data.draw(moment)))
        limit = data.draw(st.integers(1, 20))
        inside = [row(bar) for bar in bars(points, resolution) if since <= bar[0] < until]
        answer = ask(client, symbol=symbol, timeframe=timeframe, from_=since, to=until, limit=limit)
        assert answer["data"] == inside[-limit:]
        assert answer["meta"]["next"] == (inside[-limit]["time"] if len(inside) >= limit else None)


def test_page_by_page_gives_every_bar_once(client: TestClient, gold: list[Point]) -> None:
    found: list[Any] = []
    query: dict[str, Any] = {"symbol": "GOLD", "timeframe": "1m", "limit": 70}
    while True:
        answer = ask(client, **query)
        found = answer["data"] + found
        if answer["meta"]["next"] is None:
            break
        query["to"] = answer["meta"]["next"]
    assert found == [row(bar) for bar in bars(gold, "1")]


@pytest.mark.parametrize(("timeframe", "resolution"), [("1m", "1"), ("1h", "60"), ("1d", "1D")])
def test_gaps_are_filled_flat(client: TestClient, gold: list[Point], timeframe: str, resolution: str) -> None:
    until = seconds("2024-01-02T06:00:00")
    filled = ask(client, symbol="GOLD", timeframe=timeframe, fill="previous", to=until, limit=5_000)["data"]
    present = {bar[0]: row(bar) for bar in bars(gold, resolution)}
    assert [bar for bar in filled if bar["time"] in present] == list(present.values())
    assert filled[0]["time"] == min(present)
    for earlier, bar in itertools.pairwise(filled):
        assert bar["time"] - earlier["time"] == filled[1]["time"] - filled[0]["time"]
        if bar["time"] not in present:
            assert bar == row((bar["time"], *[earlier["close"]] * 4, 0))
    assert filled[-1]["time"] < until <= filled[-1]["time"] + 86_400


def test_filled_pages_meet(client: TestClient, gold: list[Point]) -> None:
    until = seconds("2024-01-01T08:00:00")
    whole = ask(client, symbol="GOLD", timeframe="1m", fill="previous", to=until, limit=5_000)
    assert whole["meta"]["next"] is None
    found: list[Any] = []
    following: int | None = until
    while following is not None:
        answer = ask(client, symbol="GOLD", timeframe="1m", fill="previous", to=following, limit=33)
        found, following = answer["data"] + found, answer["meta"]["next"]
    assert found == whole["data"]


def test_nothing_is_filled_beyond_now(client: TestClient, gold: list[Point]) -> None:
    last = ask(client, symbol="GOLD", timeframe="1d", fill="previous", to="2037-01-01")["data"][-1]["time"]
    assert last in (int(time.time()) // 86_400 * 86_400, (int(time.time()) - 60) // 86_400 * 86_400)


def test_before_the_first_bar_there_is_nothing(client: TestClient, gold: list[Point]) -> None:
    for fill in ("none", "previous"):
        answer = ask(client, symbol="GOLD", timeframe="1m", to="2023-12-31", fill=fill)
        assert (answer["data"], answer["meta"]["next"]) == ([], None)


def test_times_as_text(client: TestClient, gold: list[Point]) -> None:
    query = {"symbol": "GOLD", "timeframe": "1h", "from_": "2024-01-01", "to": "2024-01-01T03:00:00Z"}
    plain, written = ask(client, **query), ask(client, **query, time_format="iso")
    assert [bar["time"] for bar in written["data"]] == [iso(bar["time"]) for bar in plain["data"]]
    assert (written["meta"]["from"], written["meta"]["to"]) == ("2024-01-01T00:00:00.000Z", "2024-01-01T03:00:00.000Z")


def test_volume_has_the_colour_of_its_bar(client: TestClient, database: Database) -> None:
    add_market(database, 2, "OIL")
    points = [Point(1_704_067_200 + 20 * number, cents, 9) for number, cents in enumerate((100, 110, 105, 104, 90, 95))]
    add_points(database, 2, points)
    answer = ask(client, "volume", symbol="oil", timeframe="1m", up="#0f0", down="#f00")
    assert answer["data"] == [
        {"time": 1_704_067_200, "value": 27, "color": "#0f0"},
        {"time": 1_704_067_260, "value": 27, "color": "#f00"},
    ]


def test_how_many(client: TestClient, gold: list[Point]) -> None:
    assert ask(client, symbol="GOLD", timeframe="1s")["meta"]["count"] == 400
    assert len(ask(client, symbol="GOLD", timeframe="1m", fill="previous", to="2024-02-01")["data"]) == 600
    assert ask(client, symbol="VAMM:gold", timeframe="60", limit="")["meta"]["symbol"] == "GOLD"


@pytest.mark.parametrize(
    ("query", "status", "error"),
    [
        ("timeframe=1m", 400, "symbol is missing"),
        ("symbol=GOLD", 400, "timeframe is missing"),
        ("symbol=GOLD&timeframe=2m", 400, "timeframe must be one of 1s 1m 5m 15m 30m 1h 4h 1d 1w 1M"),
        ("symbol=NONE&timeframe=1m", 404, "there is no market NONE"),
        (f"symbol={'X' * 129}&timeframe=1m", 400, "symbol is longer than 128 characters"),
        ("symbol=GOLD&timeframe=1m&limit=0", 400, "limit must be 1 or more"),
        ("symbol=GOLD&timeframe=1m&limit=5001", 400, "limit must be 5000 or less"),
        ("symbol=GOLD&timeframe=1m&limit=many", 400, "limit must be a whole number"),
        ("symbol=GOLD&timeframe=1m&from=1704067200000", 400, "from must be in seconds since 1970, not milliseconds"),
        ("symbol=GOLD&timeframe=1m&from=5&to=4", 400, "from must not be after to"),
        ("symbol=GOLD&timeframe=1m&fill=yes", 400, "fill must be one of none, previous"),
        ("symbol=GOLD&timeframe=1m&time_format=ms", 400, "time_format must be one of seconds, iso"),
    ],
)
def test_refusals_name_the_parameter(client: TestClient, gold: list[Point], query: str, status: int, error: str) -> None:
    response = client.get(f"/api/lightweight/ohlcv?{query}")
    assert (response.status_code, response.json()) == (status, {"success": False, "error": error})


def test_extended_bars_have_all_their_figures(client: TestClient, gold: list[Point]) -> None:
    query = {"symbol": "GOLD", "timeframe": "1h", "from_": "2024-01-01", "to": "2024-01-01T09:00:00Z", "extended": "true"}
    present = ask(client, **query)["data"]
    first = present[0]
    assert (first["trades"], first["buy_volume"], first["long_trades"], first["funding_rate"]) == (40, 200, 40, None)
    assert all(bar["low"] <= bar["vwap"] <= bar["high"] for bar in present)
    whole = ask(client, **query, fill="previous")["data"]
    flat = [bar for bar in whole if bar not in present]
    assert [bar for bar in whole if bar in present] == present
    assert len(flat) == 1
    for bar in flat:
        assert bar.keys() == present[0].keys()
        assert (bar["trades"], bar["vwap"], bar["fees"]) == (0, None, 0)
        assert bar["open_interest"] == 5

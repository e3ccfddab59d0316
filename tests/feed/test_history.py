"""The rules of `/history`, asked of the real engine with random markets and compared with plain Python."""

import itertools
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from app.store.client import Database
from tests.depth import examples
from tests.feed.points import RESOLUTIONS, Point, add_market, add_points, answer, bars, seconds

MARKETS = itertools.count(1)
BEGINNING = seconds("2023-12-30T23:59:00")
STEPS = (0, 1, 2, 30, 60, 240, 900, 7_000, 86_400, 200_000, 2_700_000, 40_000_000)
"""Seconds from one event to the next: within a second, minutes, days, months, and a gap of more than a year."""

events = st.tuples(st.sampled_from(STEPS), st.one_of(st.just(0), st.integers(1, 300_000)), st.integers(0, 1_000))
markets = st.lists(events, min_size=1, max_size=40)
nudges = st.sampled_from((-1, 0, 1, 40, 4_000, 100_000))

few = settings(
    max_examples=examples(15),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # each example has a market of its own
)


def stored(database: Database, steps: list[tuple[int, int, int]], parts: int) -> tuple[str, list[Point]]:
    """A new market with events so many seconds apart; its ticker and its points."""
    number = next(MARKETS)
    times = itertools.accumulate((step for step, _, _ in steps), initial=BEGINNING)
    points = [Point(time, cents, volume) for time, (_, cents, volume) in zip(times, steps, strict=False)]
    for table in ("1s", "1m", "5m", "15m", "1h", "1d"):
        database.run("SYSTEM STOP MERGES {table:Identifier}", {"table": f"vamm_ohlcv_{table}"})
    add_market(database, number, f"M{number}")
    add_points(database, number, points, parts)
    return f"M{number}", points


def ask(client: TestClient, symbol: str, resolution: str, since: int, until: int, countback: int | None = None) -> Any:
    query: dict[str, str | int] = {"symbol": symbol, "resolution": resolution, "from": since, "to": until}
    response = client.get("/api/tradingview/history", params=query | ({"countback": countback} if countback else {}))
    assert response.status_code == 200, response.text
    return response.json()


@few
@given(data=st.data(), steps=markets, parts=st.integers(1, 3))
def test_every_resolution_follows_the_rules(
    database: Database, client: TestClient, data: st.DataObject, steps: list[tuple[int, int, int]], parts: int
) -> None:
    symbol, points = stored(database, steps, parts)
    moment = st.builds(lambda point, nudge: point.time + nudge, st.sampled_from(points), nudges)
    for resolution in RESOLUTIONS:
        every = bars(points, resolution)
        since, until = sorted((data.draw(moment), data.draw(moment)))
        countback = data.draw(st.integers(1, 50))
        assert ask(client, symbol, resolution, since, until) == answer(every, since, until)
        assert ask(client, symbol, resolution, since, until, countback) == answer(every, since, until, countback)


@few
@given(steps=markets, size=st.integers(1, 7), resolution=st.sampled_from(RESOLUTIONS))
def test_pages_chained_are_one_long_answer(
    database: Database, client: TestClient, steps: list[tuple[int, int, int]], size: int, resolution: str
) -> None:
    symbol, points = stored(database, steps, parts=2)
    end = points[-1].time + 1
    pages: list[float] = []
    until = end
    while (page := ask(client, symbol, resolution, 0, until, size))["s"] == "ok":
        assert len(page["t"]) <= size
        pages[:0] = page["c"]
        until = page["t"][0]
    assert "nextTime" not in page
    assert pages == [bar[4] for bar in bars(points, resolution)]


@few
@given(steps=markets, resolution=st.sampled_from(RESOLUTIONS), width=st.sampled_from((1_000, 90_000, 3_000_000)))
def test_a_chart_that_walks_back_through_gaps_finds_every_bar(
    database: Database, client: TestClient, steps: list[tuple[int, int, int]], resolution: str, width: int
) -> None:
    symbol, points = stored(database, steps, parts=1)
    until = points[-1].time + 1
    found: list[float] = []
    while True:
        page = ask(client, symbol, resolution, until - width, until)
        if page["s"] == "ok":
            found[:0] = page["t"]
            until = page["t"][0]
        elif "nextTime" in page:
            assert page["nextTime"] < until - width
            until = page["nextTime"] + 1
        else:
            break
    assert found == [bar[0] for bar in bars(points, resolution)]

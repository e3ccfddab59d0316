"""The datafeed of TradingView's library, asked anything: each answer is one that the library understands, and history is what happened."""

import itertools
import time
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from app.domain.resolution import DAY
from app.feed.parameters import END_OF_TIME
from tests.depth import examples
from tests.feed.points import RESOLUTIONS, answer, bars
from tests.fuzz.answers import check_answer
from tests.fuzz.conftest import GOLD_POINTS, TICKERS
from tests.fuzz.routes import USUAL, Asked, asked, query

BASE: Final = "/api/tradingview/"
MOST: Final = 20_000
"""Bars of an answer: TRADINGVIEW_MAX_BARS where it is not set."""

FIRST, LAST = GOLD_POINTS[0].time, GOLD_POINTS[-1].time

moments = st.one_of(
    st.integers(FIRST - 3 * DAY, LAST + 3 * DAY),
    st.builds(lambda point, nudge: point.time + nudge, st.sampled_from(GOLD_POINTS), st.integers(-2, 2)),
    st.sampled_from((0, -1, -(10**9), 2**31, 2**32 - 1, 2**32, 2**32 + 1, 2_114_380_800, END_OF_TIME, -END_OF_TIME)),
)
counts = st.integers(1, 60) | st.sampled_from((330, 1_100, MOST))
numbers = st.one_of(
    (st.integers() | st.integers(-(10**30), 10**30) | moments).map(str),
    st.floats().map(str),
    st.sampled_from(("1e3", "+5", "-0", "007", "0x1f", "1_000", " 12 ", "1 2", "٣", "²", "1.", "NaN", "Infinity", "")),
)
names = st.sampled_from(
    ("symbol", "symbols", "resolution", "from", "to", "countback", "limit", "query", "type", "exchange", "currencyCode")
)
values = st.one_of(
    numbers,
    st.sampled_from(
        (*TICKERS, "VAMM:GOLD", "gold", "GOLD,EMPTY", ",", "GOLD,,\t,NONE", "VAMM:", ":", *RESOLUTIONS, "D", "W", "60S", "USD", "crypto")
    ),
    st.text(max_size=200),
    st.binary(max_size=40),
    st.text(min_size=1, max_size=3).map(lambda text: text * 100),
)
pairs = st.lists(st.tuples(names | st.sampled_from(("symbol[]", "group", "", "SYMBOL")) | st.text(max_size=9), values), max_size=8)

SHAPES: Final = {
    "symbols": dict,
    "symbol_info": dict,
    "config": dict,
    "quotes": dict,
    "search": list,
    "marks": list,
    "timescale_marks": list,
}


@pytest.fixture(scope="module")
def routes(client: TestClient) -> list[Asked]:
    """The datafeed's own."""
    return [route for route in asked(client) if route.path.startswith(BASE) and "storage" not in route.path]


@settings(max_examples=examples(250))
@given(st.data(), pairs)
def test_any_parameters_get_an_answer(client: TestClient, routes: list[Asked], data: st.DataObject, more: list[Any]) -> None:
    """Usual parameters but for some that are left out or odd, and others that nobody knows."""
    route = data.draw(st.sampled_from(routes))
    usual = [(name, data.draw(st.just(USUAL.get(name, "")) | values)) for name in route.parameters if data.draw(st.integers(0, 3))]
    path = route.path.removeprefix(BASE)
    found = check_answer(client.get(f"{route.path}?{query([*usual, *more])}"), route.path)
    check_shape(path, found)


def check_shape(path: str, found: Any) -> None:
    """A refusal, or what the library takes from *path*."""
    if isinstance(found, dict) and found.get("s") == "error":
        return
    if path in SHAPES:
        assert isinstance(found, SHAPES[path])
    if path == "symbols":
        assert "s" not in found
    if path == "history":
        check_bars(found)


def check_bars(found: Any) -> None:
    """Columns as long as one another, times ascending, only finite numbers; or the end of the data."""
    if found["s"] == "no_data":
        assert found.keys() <= {"s", "nextTime"}
        return
    assert found["s"] == "ok"
    columns = [found[name] for name in "tohlcv"]
    assert len(found["t"]) > 0
    assert len({len(column) for column in columns}) == 1
    assert all(earlier < later for earlier, later in zip(found["t"], found["t"][1:], strict=False))
    for _, opened, high, low, close, volume in zip(*columns, strict=True):
        assert low <= min(opened, close) <= max(opened, close) <= high
        assert volume >= 0


def history(client: TestClient, symbol: str, resolution: str, **more: int) -> Any:
    """The answer of `/history`."""
    response = client.get(f"{BASE}history", params={"symbol": symbol, "resolution": resolution, **more})
    found = check_answer(response, f"{BASE}history")
    if response.status_code == 200:
        check_bars(found)
    return found


@settings(max_examples=examples(150))
@given(resolution=st.sampled_from(RESOLUTIONS), since=moments, until=moments, countback=st.none() | counts)
def test_history_is_what_the_events_say(client: TestClient, resolution: str, since: int, until: int, countback: int | None) -> None:
    found = history(client, "GOLD", resolution, **{"from": since, "to": until}, **({"countback": countback} if countback else {}))
    stored = [min(max(0, time), 2**32 - 1) for time in (since, until)]
    if countback is None and stored[0] > stored[1]:
        assert found == {"s": "error", "errmsg": "from must not be after to"}
    else:
        assert found == answer(bars(GOLD_POINTS, resolution), since, until, countback)


@settings(max_examples=examples(40))
@given(resolution=st.sampled_from(RESOLUTIONS), cuts=st.lists(moments.filter(lambda time: abs(time) < 2**31), max_size=4))
def test_short_answers_are_one_long_one(client: TestClient, resolution: str, cuts: list[int]) -> None:
    ends = sorted({FIRST - DAY, LAST + DAY, *(cut for cut in cuts if FIRST - DAY < cut < LAST + DAY)})
    columns: dict[str, list[float]] = {name: [] for name in "tohlcv"}
    for since, until in itertools.pairwise(ends):
        found = history(client, "GOLD", resolution, **{"from": since, "to": until})
        for name, column in columns.items():
            column += found.get(name, [])
    whole = history(client, "GOLD", resolution, **{"from": ends[0], "to": ends[-1]})
    assert {"s": "ok"} | columns == whole == history(client, "GOLD", resolution, **{"from": ends[0], "to": ends[-1]})


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_no_bar_is_in_the_future(client: TestClient, resolution: str) -> None:
    found = history(client, "RECENT", resolution, to=2_114_380_800, countback=330)
    assert found["t"][-1] <= time.time()


def test_a_coarse_bar_is_made_of_its_minutes(client: TestClient) -> None:
    """A day opens and closes with its first and last minute, and so with everything in between."""
    minutes = history(client, "GOLD", "1", to=LAST + 1, countback=MOST)
    for resolution in RESOLUTIONS[RESOLUTIONS.index("1") + 1 :]:
        coarse = history(client, "GOLD", resolution, to=LAST + 1, countback=MOST)
        ends = [*coarse["t"][1:], LAST + 1]
        for number, (begin, end) in enumerate(zip(coarse["t"], ends, strict=True)):
            within = [place for place, minute in enumerate(minutes["t"]) if begin <= minute < end]
            assert coarse["o"][number] == minutes["o"][within[0]]
            assert coarse["c"][number] == minutes["c"][within[-1]]
            assert coarse["h"][number] == max(minutes["h"][place] for place in within)
            assert coarse["l"][number] == min(minutes["l"][place] for place in within)
            assert coarse["v"][number] == sum(minutes["v"][place] for place in within)


def test_a_market_without_events_has_no_data(client: TestClient) -> None:
    for resolution in RESOLUTIONS:
        assert history(client, "EMPTY", resolution, to=LAST, countback=2) == {"s": "no_data"}
        assert history(client, "EMPTY", resolution, **{"from": FIRST, "to": LAST}) == {"s": "no_data"}

"""The real chart library takes `data` of `/api/lightweight` as it is, and shows it."""

from itertools import pairwise
from typing import Any

import orjson
import pytest
from playwright.async_api import Page

from app.domain.resolution import RESOLUTIONS, Resolution
from tests.browser.markets import EVENTS, MARKETS
from tests.feed.points import bars

LIBRARY = "/static/vendor/lightweight-charts/lightweight-charts.standalone.production.js"
CHARTED = """async ([url, kind]) => {
    const answer = await fetched(url)
    return JSON.stringify([answer, await drawn(kind, answer.body.data)])
}"""
"""What the page does; as text, which is much faster to hand over than objects."""

KINDS = {"ohlcv": "Candlestick", "volume": "Histogram"}
FIGURES = {"ohlcv": ("open", "high", "low", "close"), "volume": ("value", "color")}
"""What the library keeps of each bar, beside its time."""

pytestmark = pytest.mark.anyio
every_surface = pytest.mark.parametrize("surface", KINDS)


@pytest.fixture
async def chart(page: Page, service: str) -> Page:
    """The other origin's page, with the library that the service serves."""
    await page.add_script_tag(url=f"{service}{LIBRARY}")
    return page


async def charted(chart: Page, service: str, surface: str, query: str) -> list[dict[str, Any]]:
    """`data` of an answer, after the library took it and showed the same."""
    url = f"{service}/api/lightweight/{surface}?{query}"
    answer, shown = orjson.loads(await chart.evaluate(CHARTED, [url, KINDS[surface]]))
    assert (answer["type"], answer["status"]) == ("cors", 200), query
    data: list[dict[str, Any]] = answer["body"]["data"]
    kept = ("time", *FIGURES[surface])
    assert [{name: bar[name] for name in kept} for bar in shown["held"]] == [{name: bar[name] for name in kept} for bar in data], query
    if data:
        assert all(0 < place < length for place, length in zip(shown["place"], shown["size"], strict=True)), query
    return data


@every_surface
@pytest.mark.parametrize("ticker", MARKETS)
async def test_every_timeframe_is_drawn(chart: Page, service: str, ticker: str, surface: str) -> None:
    for key, resolution in RESOLUTIONS.items():
        data = await charted(chart, service, surface, f"symbol={ticker}&timeframe={resolution.name}&limit={EVENTS}")
        assert [bar["time"] for bar in data] == [time for time, *_ in bars(MARKETS[ticker], key)], resolution.name


@every_surface
@pytest.mark.parametrize("ticker", ["BUSY", "SPARSE"])
async def test_charts_without_gaps_are_drawn(chart: Page, service: str, ticker: str, surface: str) -> None:
    end = MARKETS[ticker][-1].time + 2
    for resolution in RESOLUTIONS.values():
        data = await charted(chart, service, surface, f"symbol={ticker}&timeframe={resolution.name}&fill=previous&to={end}")
        check_no_gaps([bar["time"] for bar in data], resolution, end)


@every_surface
async def test_a_quiet_market_is_drawn_up_to_now(chart: Page, service: str, surface: str) -> None:
    data = await charted(chart, service, surface, "symbol=SPARSE&timeframe=1s&fill=previous&limit=5000")
    assert len(data) == 5_000
    assert data[0]["time"] > MARKETS["SPARSE"][-1].time


async def test_figures_that_the_library_does_not_know_do_not_hurt(chart: Page, service: str) -> None:
    data = await charted(chart, service, "ohlcv", "symbol=BUSY&timeframe=1h&extended=true")
    assert {"volume", "trades", "vwap"} <= data[0].keys()


def check_no_gaps(times: list[int], resolution: Resolution, end: int) -> None:
    assert times[-1] == resolution.bar_start(end - 1), resolution.name
    assert all(resolution.next_start(start) == following for start, following in pairwise(times)), resolution.name

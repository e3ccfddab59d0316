"""TradingView's library gets its bars, and is told of them, by the datafeed that we serve: in a page of another origin."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from playwright.async_api import Error, Page

from tests.browser.followed import Followed
from tests.browser.markets import MARKETS
from tests.feed.points import bars

CHARTS: Final = Path(__file__).parent / "site" / "feed.js"
LOADED: Final = {
    "script": "url => new Promise(done => Object.assign(document.head.appendChild(document.createElement('script')),"
    " { src: url + '/static/datafeed.js', onload: done }))",
    "module": "url => import(url + '/static/datafeed/index.js').then(module => { window.VammDatafeed = module.VammDatafeed })",
}
LATER: Final = 4_000_000_000
PATIENCE: Final = 20
"""Seconds for whatever the page waits for."""

Bar = dict[str, float]

pytestmark = pytest.mark.anyio


async def evaluated(page: Page, script: str, about: object = None) -> Any:
    """What *script* comes to in the page."""
    async with asyncio.timeout(PATIENCE):
        return await page.evaluate(script, about)


async def begun(page: Page, url: str, loaded: str = "module") -> None:
    """The page has a datafeed of the service at *url*."""
    await page.add_script_tag(path=CHARTS)
    await evaluated(page, LOADED[loaded], url)
    await evaluated(page, "url => begun(url)", url)


async def charted(page: Page, symbol: str = "GOLD", resolution: str = "1") -> None:
    """The page has a chart, which is told of its bars."""
    begin = "async ([symbol, resolution]) => { window.watched = new Chart(symbol, resolution); await watched.load(); watched.subscribe() }"
    await evaluated(page, begin, [symbol, resolution])


async def shown(page: Page, close: float) -> list[Bar]:
    """The bars of the chart, once the last one closes at that price."""
    found: list[Bar] = await evaluated(page, "close => watched.until(close)", close)
    return found


async def stored(url: str, resolution: str = "1") -> list[Bar]:
    """All bars of GOLD as `/history` answers them."""
    query: dict[str, str | int] = {"symbol": "GOLD", "resolution": resolution, "from": 0, "to": LATER, "countback": 1_000}
    async with httpx2.AsyncClient(base_url=url) as client:
        answer = (await client.get("/api/tradingview/history", params=query)).json()
    names = ("time", "open", "high", "low", "close", "volume")
    rows = zip(*(answer[column] for column in "tohlcv"), strict=True)
    return [dict(zip(names, row, strict=True)) | {"time": row[0] * 1_000} for row in rows]


@pytest.mark.parametrize("loaded", LOADED)
async def test_what_the_library_asks_for_is_what_the_endpoints_answer(page: Page, service: str, loaded: str) -> None:
    await begun(page, service, loaded)
    (config,) = await evaluated(page, "called('onReady')")
    assert (config["supports_marks"], config["supported_resolutions"][:2]) == (True, ["1S", "1"])
    ((found,),) = await evaluated(page, "called('searchSymbols', 'bus', '', '')")
    (info,) = await evaluated(page, "name => called('resolveSymbol', name)", found["full_name"])
    assert (info["ticker"], info["pricescale"], info["has_seconds"]) == ("BUSY", 100, True)

    asked = "([symbol, resolution, period]) => called('getBars', { ticker: symbol }, resolution, period)"
    expected = [[time * 1_000, *figures] for time, *figures in bars(MARKETS["BUSY"], "60")]
    period = {"from": 0, "to": LATER, "countBack": 300, "firstDataRequest": True}
    answered, meta = await evaluated(page, asked, ["BUSY", "60", period])
    assert [[*bar.values()] for bar in answered] == expected[-300:]
    assert meta == {"noData": False}
    gap = {"from": 1_680_000_000, "to": 1_680_000_060, "firstDataRequest": False}
    newest_before = bars(MARKETS["SPARSE"], "1D")[1][0]
    assert await evaluated(page, asked, ["SPARSE", "1D", gap]) == [[], {"noData": True, "nextTime": newest_before * 1_000}]
    assert await evaluated(page, asked, ["DUST", "1D", period]) == [[], {"noData": True}]

    assert (await evaluated(page, "called('getServerTime')"))[0] > expected[-1][0] / 1_000
    ((quote, unknown),) = await evaluated(page, "called('getQuotes', ['VAMM:BUSY', 'NO'])")
    assert (quote["n"], quote["v"]["lp"], unknown["s"]) == ("VAMM:BUSY", expected[-1][4], "error")
    told = "new Promise(done => feed.subscribeQuotes(['BUSY'], ['SPARSE'], done, 'list')).finally(() => feed.unsubscribeQuotes('list'))"
    assert {quote["n"] for quote in await evaluated(page, told)} == {"BUSY", "SPARSE"}


async def test_failures_are_told_in_words(page: Page, service: str, complaints: list[str]) -> None:
    await begun(page, service)
    for asked in ("'resolveSymbol', 'NO'", "'getBars', { ticker: 'NO' }, '1', PERIOD"):
        with pytest.raises(Error, match="there is no market NO"):
            await evaluated(page, f"called({asked})")
    assert [complaint for complaint in complaints if "404" not in complaint] == []
    complaints.clear()


@pytest.fixture
async def live(page: Page, followed: Followed) -> AsyncIterator[Followed]:
    """The service, until the page has gone elsewhere."""
    await begun(page, followed.url)
    yield followed
    await page.goto("about:blank")


async def test_a_commit_moves_the_bar_without_asking(page: Page, live: Followed) -> None:
    await charted(page)
    await live.minutes(2001)
    await shown(page, 2001)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for price in range(2002, 2008):
        await live.minutes(price)
        await shown(page, price)
    assert asked == []
    assert await shown(page, 2007) == await stored(live.url)
    assert await evaluated(page, "[watched.voids, resets.length]") == [0, 0]


async def test_bars_that_come_between_history_and_subscription_are_not_missed(page: Page, live: Followed) -> None:
    await evaluated(page, "(async () => { window.watched = new Chart('GOLD', '1'); await watched.load() })()")
    await live.minutes(2101, 2102, 2103)
    await evaluated(page, "watched.subscribe()")
    assert await shown(page, 2103) == await stored(live.url)
    await evaluated(page, "watched.unsubscribe()")
    await live.minutes(2104, 2105, 2106)
    await evaluated(page, "watched.subscribe()")  # the library has its bars still
    assert await shown(page, 2106) == await stored(live.url)


async def test_one_connection_serves_all_charts(page: Page, live: Followed) -> None:
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    for symbol, resolution in (("OIL", "1"), ("GOLD", "1S"), ("GOLD", "D"), ("GOLD", "1")):
        await charted(page, symbol, resolution)
    await evaluated(page, "(async () => { window.twin = new Chart('GOLD', '1', 'twin'); await twin.load(); twin.subscribe() })()")
    await live.minutes(2201)
    assert await shown(page, 2201) == await stored(live.url)
    assert await evaluated(page, "twin.until(2201)") == await stored(live.url)
    await evaluated(page, "watched.unsubscribe()")
    await live.minutes(2202)
    assert await evaluated(page, "twin.until(2202)") == await stored(live.url)
    assert await evaluated(page, "watched.bars.at(-1).close") == 2201
    assert len(sockets) == 1


async def test_marks(page: Page, live: Followed) -> None:
    marked = "name => new Promise(done => feed[name]({ ticker: 'GOLD' }, 0, 4e9, done, '1'))"
    marks = await evaluated(page, marked, "getMarks")
    assert {mark["time"] * 1_000 for mark in marks} == {bar["time"] for bar in await stored(live.url)}
    assert {mark["label"] for mark in marks} == {"T"}
    assert await evaluated(page, marked, "getTimescaleMarks") == []


async def test_a_restart_is_survived(page: Page, live: Followed, complaints: list[str]) -> None:
    await charted(page)
    await live.minutes(2301)
    await shown(page, 2301)
    await live.stop()
    await live.at_once(*range(2310, 2370))  # more than the first question reaches back
    await live.start()
    assert await shown(page, 2369) == await stored(live.url)
    await evaluated(page, "watched.voided()")
    assert await evaluated(page, "[watched.voids, resets]") == [1, [["GOLD", "1"]]]
    await live.minutes(2400)
    assert await shown(page, 2400) == await stored(live.url)
    assert [complaint for complaint in complaints if "net::ERR_" not in complaint] == []
    complaints.clear()


async def test_a_reorganisation_has_the_chart_begin_anew(page: Page, live: Followed) -> None:
    await live.minutes(2500)
    await charted(page)
    await live.minutes(2501, 2502, 2503)
    await shown(page, 2503)
    await live.world.rewind(3)
    await evaluated(page, "watched.voided()")
    assert await evaluated(page, "resets") == [["GOLD", "1"]]
    await evaluated(page, "watched.load()")  # as the library does after resetData
    assert await shown(page, 2500) == await stored(live.url)
    await live.minutes(2504)
    assert await shown(page, 2504) == await stored(live.url)


async def test_without_a_stream_it_polls(page: Page, live: Followed, complaints: list[str]) -> None:
    await page.clock.install()
    await page.route_web_socket("**/stream", lambda socket: socket.close())
    await charted(page)
    await live.minutes(2601, 2602, 2603)
    await page.clock.run_for(6_000)
    assert await shown(page, 2603) == await stored(live.url)
    complaints[:] = [complaint for complaint in complaints if "WebSocket" not in complaint]

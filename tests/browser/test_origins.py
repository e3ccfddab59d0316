"""Pages of other origins use the API: what it answers, what it refuses, what they save; and only those that may."""

from typing import Any

import pytest
from playwright.async_api import Error, Page

from app.main import create_app
from app.settings import Settings
from app.store.client import Database
from tests.browser.markets import MARKETS
from tests.browser.server import serving
from tests.feed.points import bars, seconds

LATER = seconds("2026-01-01")
USER = "client=site&user=ann"

pytestmark = pytest.mark.anyio


async def fetched(page: Page, url: str, options: str = "{}") -> dict[str, Any]:
    """What a page gets with `fetch`; *options* are JavaScript."""
    answer: dict[str, Any] = await page.evaluate(f"url => fetched(url, {options})", url)
    assert answer["type"] == "cors"
    return answer


async def test_the_datafeed_as_the_charting_library_asks_for_it(page: Page, service: str) -> None:
    feed = f"{service}/api/tradingview"
    config = (await fetched(page, f"{feed}/config"))["body"]
    (found,) = (await fetched(page, f"{feed}/search?query=BUS&type=&exchange=&limit=30"))["body"]
    symbol = (await fetched(page, f"{feed}/symbols?symbol={found['full_name']}"))["body"]
    assert symbol["supported_resolutions"] == config["supported_resolutions"]
    assert int((await fetched(page, f"{feed}/time"))["body"]) > LATER
    query = f"symbol={symbol['ticker']}&resolution=60&from={LATER - 3_600}&to={LATER}&countback=300"
    history = (await fetched(page, f"{feed}/history?{query}"))["body"]
    expected = bars(MARKETS["BUSY"], "60")[-300:]
    assert history == {"s": "ok"} | dict(zip("tohlcv", map(list, zip(*expected, strict=True)), strict=True))


REFUSED = [
    ("/api/tradingview/history?symbol=NO&resolution=1D&to=9&countback=2", 404, {"s": "error", "errmsg": "there is no market NO"}),
    ("/api/tradingview/history?symbol=BUSY&resolution=1D&from=0", 400, {"s": "error", "errmsg": "to is missing"}),
    ("/api/lightweight/ohlcv?symbol=NO&timeframe=1d", 404, {"success": False, "error": "there is no market NO"}),
    ("/api/lightweight/volume?symbol=BUSY", 400, {"success": False, "error": "timeframe is missing"}),
    ("/nowhere", 404, {"error": "Not Found"}),
]


@pytest.mark.parametrize(("path", "status", "body"), REFUSED)
async def test_what_is_refused_can_be_read(
    page: Page, service: str, complaints: list[str], path: str, status: int, body: dict[str, Any]
) -> None:
    assert await fetched(page, f"{service}{path}") == {"type": "cors", "status": status, "body": body}
    expect_only(complaints, f"status of {status}")


async def test_charts_are_saved_and_deleted(page: Page, service: str) -> None:
    charts = f"{service}/api/tradingview/storage/1.1/charts?{USER}"
    saved = (await fetched(page, charts, "form({ name: 'Gold ☉', content: '{}', symbol: 'BUSY', resolution: '60' })"))["body"]
    assert saved["status"] == "ok"
    (entry,) = (await fetched(page, charts))["body"]["data"]
    assert (entry["id"], entry["name"]) == (saved["id"], "Gold ☉")
    assert (await fetched(page, f"{charts}&chart={saved['id']}", "{ method: 'DELETE' }"))["body"] == {"status": "ok"}
    assert (await fetched(page, charts))["body"] == {"status": "ok", "data": []}


async def test_only_the_origins_that_are_named_may_read(page: Page, site: str, traded: Database, complaints: list[str]) -> None:
    with serving(create_app(Settings(cors_origins=("https://charts.example.org", site)), traded)) as url:
        assert (await fetched(page, f"{url}/healthz"))["body"] == {"status": "ok"}
    others = Settings(cors_origins=("https://charts.example.org",))
    with serving(create_app(others, traded)) as url, pytest.raises(Error, match="Failed to fetch"):
        await fetched(page, f"{url}/healthz")
    expect_only(complaints, "blocked by CORS policy", "net::ERR_FAILED")


def expect_only(complaints: list[str], *parts: str) -> None:
    """The page complained of these and nothing else; that is all right."""
    assert len(complaints) == len(parts), complaints
    assert all(part in complaint for part, complaint in zip(parts, complaints, strict=True)), complaints
    complaints.clear()

"""The page at `/` and the chart at `/embed`, as people see them: live, on any screen, by keyboard, through a restart."""

import re
from collections.abc import AsyncIterator
from typing import Any, Final, Literal

import pytest
from playwright.async_api import Browser, Page, expect

from app.main import create_app
from app.settings import Settings
from app.store.client import Database
from tests.browser.followed import Followed
from tests.browser.legible import PHONE, check_legible, pictured
from tests.browser.server import serving

VIEWS: Final = ("chart", "markets", "facts", "tape")
PAST: Final = 1_300
"""Minutes with a trade: more than the first page of bars, and the second."""

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def traded(followed: Followed) -> Followed:
    """A service with a market, OIL, that has a long history, and with GOLD."""
    await followed.at_once(*(70 + place % 9 for place in range(PAST)), market_id=2)
    return followed


@pytest.fixture
async def live(page: Page, traded: Followed) -> AsyncIterator[Followed]:
    """The service, until the page has gone elsewhere."""
    yield traded
    await page.goto("about:blank")


async def opened(page: Page, url: str, path: str) -> None:
    """The page shows what *path* names, and is live."""
    await page.goto(f"{url}{path}")
    await expect(page.locator("#chart")).to_have_attribute("data-last", re.compile("."))
    await expect(page.locator("#connection")).to_have_attribute("data-state", "live")


async def closes_at(page: Page, price: float) -> None:
    """The chart's last bar closes at *price*."""
    await expect(page.locator("#chart")).to_have_attribute("data-last", re.compile(rf" {price}$"))


async def bars(page: Page) -> int:
    """How many bars the chart has."""
    return int(await page.locator("#chart").get_attribute("data-bars") or 0)


async def test_that_history_is_still_being_read_is_said_until_it_is(page: Page, live: Followed) -> None:
    figures = {"block": 100, "head": 5_000}
    await page.route("**/stats", lambda route: route.fulfill(json=figures))
    await page.goto(f"{live.url}/?symbol=GOLD")
    await expect(page.locator("#connection")).to_have_text("4,900 blocks to go")
    figures["block"] = 4_990
    await expect(page.locator("#connection")).to_have_text("Live", timeout=20_000)
    await page.unroute("**/stats")


async def test_everything_moves_with_a_commit(page: Page, live: Followed) -> None:
    await live.minutes(3000)
    await opened(page, live.url, "/?symbol=GOLD&interval=1m")
    await closes_at(page, 3000)
    before = await bars(page)
    await live.minutes(3001, 3002)
    await closes_at(page, 3002)
    assert await bars(page) == before + 2
    await expect(page.locator("#price")).to_have_text("3,002.00")
    await expect(page.locator("#trades tr").first).to_contain_text("3,002.00 bought")
    await expect(page.locator("#markets a[data-symbol=GOLD] .market-price")).to_have_text("3,002.00")
    await expect(page).to_have_title("3,002.00 GOLD · vAMM datafeed")
    await expect(page.locator("[data-figure=long]").first).to_have_text("100.0%")
    await live.world.rewind(1)
    await closes_at(page, 3001)
    await expect(page.locator("#trades tr").first).to_contain_text("3,001.00")


async def test_markets_and_intervals_are_chosen_and_the_address_follows(page: Page, live: Followed) -> None:
    await opened(page, live.url, "/")
    first = await page.locator("#markets a").first.get_attribute("data-symbol")
    await expect(page.locator("h1 .ticker")).to_have_text(str(first))
    await page.click("#markets a[data-symbol=OIL]")
    await closes_at(page, 70 + (PAST - 1) % 9)
    await page.click("#intervals button[value='1d']")
    await expect(page).to_have_url(re.compile(r"symbol=OIL&interval=1d$"))
    await expect(page.locator("#intervals button[value='1d']")).to_have_attribute("aria-pressed", "true")
    await expect(page.locator("#chart")).to_have_attribute("data-bars", re.compile("^[12]$"))
    await page.go_back()
    await expect(page.locator("#chart")).to_have_attribute("data-bars", "600")
    await page.keyboard.press("/")
    await page.keyboard.type("gol")
    await expect(page.locator("#markets a")).to_have_count(1)
    await page.keyboard.type("d never heard of")
    await expect(page.locator("#markets-note")).to_have_text("No market matches “gold never heard of”.")


async def test_prices_are_short_enough_for_a_phone(page: Page, live: Followed) -> None:
    await page.set_viewport_size({"width": 320, "height": 640})
    await opened(page, live.url, "/?symbol=OIL&interval=1m")
    shown = "async (prices) => { const { price } = await import('/static/page/format.js'); return prices.map((each) => price(each)); }"
    told = await page.evaluate(shown, [2000.5, 0.00001234, -0.00001234, 6.90712e-9, 0])
    assert told == ["2,000.50", "0.0000123400", "-0.0000123400", "0.0₈690712", "0.00"]
    right = "(names) => names.map((name) => document.querySelector(name).getBoundingClientRect().right)"
    legend, candles = await page.evaluate(right, ["#legend", "#chart tr td:nth-child(2)"])
    assert legend <= candles


async def test_history_is_there_for_who_scrolls(page: Page, live: Followed) -> None:
    await opened(page, live.url, "/?symbol=OIL&interval=1")
    assert await bars(page) == 600
    await page.locator("#chart").focus()
    while await bars(page) < PAST:
        await page.keyboard.press("ArrowLeft")
    assert await bars(page) == PAST
    await page.click("#now")
    await expect(page.locator("#now")).to_be_hidden()


async def test_it_reconnects_by_itself(page: Page, live: Followed, complaints: list[str]) -> None:
    await live.minutes(3100)
    await opened(page, live.url, "/?symbol=GOLD&interval=1m")
    await closes_at(page, 3100)
    before = await bars(page)
    await live.stop()
    await expect(page.locator("#connection")).to_have_text("Reconnecting")
    await pictured(page, "disconnected")
    await live.at_once(3101, 3102, 3103)
    await live.start()
    await closes_at(page, 3103)
    await expect(page.locator("#connection")).to_have_text("Live")
    assert await bars(page) == before + 3
    await live.minutes(3104)
    await closes_at(page, 3104)
    assert [complaint for complaint in complaints if "net::ERR_" not in complaint] == []
    complaints.clear()


@pytest.mark.parametrize("scheme", ["dark", "light"])
async def test_screens_are_legible(page: Page, live: Followed, scheme: Literal["dark", "light"]) -> None:
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    for path, name in (("/?symbol=OIL&interval=5m", "desk"), ("/embed?symbol=OIL&interval=15m", "embed")):
        await opened(page, live.url, path)
        assert await page.locator("html").get_attribute("data-theme") == scheme
        await check_legible(page, f"{name}-{scheme}")
    await page.set_viewport_size(PHONE)
    await opened(page, live.url, "/?symbol=OIL&interval=1m")
    for view in VIEWS:
        await page.click(f"#views button[value={view}]")
        await check_legible(page, f"phone-{view}-{scheme}")


async def test_the_theme_is_switched_and_kept(page: Page, live: Followed) -> None:
    await page.emulate_media(color_scheme="dark")
    await opened(page, live.url, "/?symbol=GOLD")
    await page.get_by_role("button", name="Switch between light and dark").click()
    for _ in range(2):
        await expect(page.locator("html")).to_have_attribute("data-theme", "light")
        await page.reload()
    await page.goto(f"{live.url}/embed?symbol=GOLD&theme=dark")
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")


async def test_what_is_not_there_is_said(page: Page, live: Followed, complaints: list[str]) -> None:
    await page.goto(f"{live.url}/?symbol=NO")
    await expect(page.locator("#chart-note")).to_contain_text("There is no market NO.")
    await expect(page.get_by_role("button", name="Try again")).to_be_visible()
    await page.goto(f"{live.url}/embed")
    await expect(page.locator("#chart-note")).to_contain_text("names no market")
    complaints[:] = [complaint for complaint in complaints if "404" not in complaint]


async def test_an_empty_store_says_so(page: Page, database: Database) -> None:
    with serving(create_app(Settings(), database)) as url:
        await page.goto(url)
        await expect(page.locator("#markets-note")).to_contain_text("No markets yet.")
        await expect(page.locator("#chart-note")).to_have_text(re.compile("There are no markets yet."))
        await pictured(page, "empty")
        await page.goto("about:blank")


async def test_without_streams_it_polls(page: Page, live: Followed, browser: Browser) -> None:
    await page.route_web_socket("**/stream", lambda socket: socket.close())
    await page.clock.install()
    await page.goto(f"{live.url}/?symbol=GOLD&interval=1m")
    await expect(page.locator("#chart")).to_have_attribute("data-last", re.compile("."))
    await live.minutes(3201, 3202)
    await page.clock.run_for(6_000)
    await closes_at(page, 3202)
    await expect(page.locator("#connection")).to_have_text("Every 5 s")
    await expect(page.locator("#trades tr").first).to_contain_text("3,202.00")


async def test_other_sites_may_frame_the_chart_alone(page: Page, live: Followed, complaints: list[str]) -> None:
    framed: Any = "url => document.body.append(Object.assign(document.createElement('iframe'), { src: url }))"
    await page.evaluate(framed, f"{live.url}/embed?symbol=OIL&interval=1h")
    await expect(page.frame_locator("iframe").locator("#chart")).to_have_attribute("data-last", re.compile("."))
    assert complaints == []
    async with page.expect_console_message(lambda message: "frame-ancestors" in message.text):
        await page.evaluate(framed, f"{live.url}/")
    complaints.clear()

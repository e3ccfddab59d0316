"""The page `/tradingview` hands TradingView's library what it needs: a datafeed that is told of bars, and where to save charts."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.followed import Followed

pytestmark = pytest.mark.anyio


async def test_the_library_is_given_live_bars_and_storage(page: Page, followed: Followed) -> None:
    await followed.minutes(4000)
    await page.goto(f"{followed.url}/tradingview?symbol=GOLD&interval=1m&theme=light")
    await expect(page.locator("#chart")).to_have_text("GOLD 1 4000")
    await followed.minutes(4001)
    await expect(page.locator("#chart")).to_have_text("GOLD 1 4001")
    await followed.world.rewind(1)  # resetData has the library ask anew
    await expect(page.locator("#chart")).to_have_text("GOLD 1 4000")
    user = "[widget.options.theme, widget.options.charts_storage_url, widget.options.user_id]"
    theme, storage, owner = await page.evaluate(user)
    assert (theme, storage) == ("light", f"{followed.url}/api/tradingview/storage")
    assert len(owner) > 20
    await page.goto(f"{followed.url}/tradingview?interval=1d")
    await expect(page.locator("#chart")).to_have_attribute("data-asked", re.compile("^(GOLD|OIL) 1D$"))
    assert (await page.evaluate(user))[2] == owner
    await page.goto("about:blank")

"""The page at `/status`, as operators see it: legible on any screen, kept up to date, and it says where it is not."""

import asyncio
import hashlib
from typing import Final, Literal

import pytest
from playwright.async_api import Page, expect

from tests.browser.followed import Followed
from tests.browser.legible import AXE, PHONE, VENDORED, check_legible, pictured

RECORDED: Final = {
    "LICENSE": "af175b9d96ee93c21a036152e1b905b0b95304d4ae8c2c921c7609100ba8df7e",
    "axe.min.js": "880970c081707360e64f34cea25ff91892f5bc95675b0776925b9709dd8a68bb",
}
"""SHA-256 of what was vendored: the version that VERSION names."""

BLOCK: Final = "dt:text-is('Newest stored block') + dd"

TURN: Final = 11_000
"""Milliseconds after which the page has asked again."""

PATIENCE: Final = 20
"""Seconds for whatever is waited for."""

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("scheme", ["dark", "light"])
async def test_it_is_legible(page: Page, followed: Followed, scheme: Literal["dark", "light"]) -> None:
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await page.goto(f"{followed.url}/status")
    await expect(page.locator("html")).to_have_attribute("data-theme", scheme)
    await expect(page.locator("svg.plot")).to_have_count(8)
    await check_legible(page, f"status-{scheme}", whole=True)
    await page.set_viewport_size(PHONE)
    await check_legible(page, f"status-phone-{scheme}", whole=True)


async def kept(page: Page, followed: Followed) -> None:
    """The page shows the newest block, after as many turns as that takes: the service may tell for three seconds what it told before."""
    async with asyncio.timeout(PATIENCE):
        while await page.locator(BLOCK).text_content() != f"{followed.world.height:,}":
            await page.clock.run_for(TURN)
            await asyncio.sleep(0.2)


async def test_it_is_kept_up_to_date_while_that_is_wanted(page: Page, followed: Followed) -> None:
    await page.clock.install()
    await page.goto(f"{followed.url}/status")
    for price in (5_000, 5_001):
        await followed.minutes(price)
        await kept(page, followed)
    await page.get_by_label("Refresh").uncheck()
    await expect(page.get_by_role("status")).to_have_text("Paused")
    time = await page.locator("time").text_content()
    await page.clock.run_for(TURN)
    await followed.minutes(5_002)
    await page.clock.run_for(TURN)
    await expect(page.locator("time")).to_have_text(str(time))
    await page.get_by_label("Refresh").check()
    await expect(page.get_by_role("status")).to_have_text("Live")
    await kept(page, followed)
    before = await page.locator("html").get_attribute("data-theme")
    await page.get_by_role("button", name="Switch between light and dark").click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "light" if before == "dark" else "dark")


async def test_it_says_that_nobody_answers(page: Page, followed: Followed, complaints: list[str]) -> None:
    await page.clock.install()
    await page.goto(f"{followed.url}/status")
    await followed.stop()
    await page.clock.run_for(TURN)
    await expect(page.get_by_role("status")).to_have_text("No answer")
    await pictured(page, "status-no-answer")
    await followed.start()
    await page.clock.run_for(TURN)
    await expect(page.get_by_role("status")).to_have_text("Live")
    assert [complaint for complaint in complaints if "net::ERR_" not in complaint] == []
    complaints.clear()


def test_the_checker_is_the_one_that_was_vendored() -> None:
    for name, digest in RECORDED.items():
        assert hashlib.sha256((VENDORED / name).read_bytes()).hexdigest() == digest, name
    version = (VENDORED / "VERSION").read_text().split()[1].rstrip(":")
    assert AXE.startswith(f"/*! axe v{version}\n")

"""The page as whoever runs `scripts/run` sees it: the whole command in a process of its own, killed and started again meanwhile."""

import contextlib
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import anyio
import httpx2
import pytest
from playwright.async_api import Page, expect

from tests.browser.legible import PHONE, check_legible
from tests.observing.observed import free_port
from tests.test_cli import Command, address

CAUGHT_UP_S = 120
"""For thirty days of two markets. A block may be on its way even then."""

MOVED_MS = 60_000
"""For a market's next trade, which comes every few blocks, and for a restart before it."""

pytestmark = pytest.mark.anyio


@contextlib.contextmanager
def demo(command: Command) -> Iterator[str]:
    """URL of the demo, which is killed in the end as if its machine were gone."""
    with command.start("-m", "app", "demo", "--markets", "2") as running:
        assert running.stderr
        threading.Thread(target=running.stderr.read, daemon=True).start()  # or it would wait for a reader
        try:
            yield address(running)
        finally:
            running.kill()


async def caught_up(url: str) -> None:
    """All of the chain's history is stored."""
    async with httpx2.AsyncClient() as client:
        for _ in range(2 * CAUGHT_UP_S):
            lag = (await client.get(f"{url}/health")).json().get("lag") or {}
            if lag.get("blocks") in (0, 1):
                return
            await anyio.sleep(0.5)
    raise AssertionError(lag)


async def moves(page: Page) -> None:
    """The last bar is another one than now, or closes elsewhere."""
    before = await page.locator("#chart").get_attribute("data-last") or ""
    await expect(page.locator("#chart")).not_to_have_attribute("data-last", before, timeout=MOVED_MS)


async def test_the_demo_is_on_the_page_through_a_kill(page: Page, complaints: list[str], tmp_path: Path) -> None:
    command = Command(tmp_path, PORT=str(free_port()))
    chart = page.locator("#chart")
    with demo(command) as url:
        await caught_up(url)
        await page.goto(f"{url}/?interval=1m")
        await expect(chart).to_have_attribute("data-bars", "600")
        await moves(page)
        for interval in ("1s", "1h", "1d", "1M"):
            await page.click(f"#intervals button[value='{interval}']")
            await expect(chart).to_have_attribute("aria-label", re.compile(f", {interval}$"))
            await expect(chart).to_have_attribute("data-last", re.compile("."))
        await page.click("#markets a:not([aria-current])")
        await page.click("#intervals button[value='1m']")
        await expect(chart).to_have_attribute("data-bars", "600")
        await chart.focus()
        while int(await chart.get_attribute("data-bars") or 0) < 1_000:
            await page.keyboard.press("ArrowLeft")
        await check_legible(page, "demo")
    await expect(page.locator("#connection")).to_have_text("Reconnecting")
    with demo(command):
        await expect(page.locator("#connection")).to_have_text("Live", timeout=MOVED_MS)
        await moves(page)
        await page.set_viewport_size(PHONE)
        await check_legible(page, "demo-phone")
        assert [complaint for complaint in complaints if "net::ERR_" not in complaint] == []
        await page.goto("about:blank")
    complaints.clear()

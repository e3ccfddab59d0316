"""What the documents show to copy works: pages in a browser, programs, requests, against one service that trades go on in."""

import asyncio
import itertools
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx2
import pytest
from playwright.async_api import Frame, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tests.browser.followed import LIBRARY, Followed
from tests.browser.server import serving
from tests.documents import Block, at, blocks

PUSHER: Final = Path(__file__).parent / "vendor" / "pusher-js"
VERSION: Final = (PUSHER / "VERSION").read_text().split()[1].rstrip(":")

HEAD: Final = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Copied</title><link rel="icon" href="data:,">'

WRITTEN: Final = """(() => {
    window.written = new Set()
    const fillText = CanvasRenderingContext2D.prototype.fillText
    CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
        written.add(text)
        return fillText.call(this, text, ...place)
    }
})()"""
"""Remembers what is written on canvases: prices of a chart are nowhere else."""

SHOWN: Final = """price => [...written, ...document.body.innerText.split(/\\s+/)]
    .some(text => Number(text.replaceAll(",", "")) === price)"""

PATIENCE: Final = 20
"""Seconds for whatever is waited for."""

PRICES: Final = itertools.count(4_111, 222)

pytestmark = pytest.mark.anyio


def every(language: str) -> pytest.MarkDecorator:
    """A test of each block in *language*."""
    return pytest.mark.parametrize("block", blocks(language), ids=lambda block: block.place)


async def check_shown(page: Page, price: int) -> None:
    """The page, or the frame in it, shows *price*."""
    showing: Frame = page.frames[-1]
    async with asyncio.timeout(PATIENCE):
        while not await showing.evaluate(SHOWN, price):  # noqa: ASYNC110 (nothing tells of what is drawn)
            await asyncio.sleep(0.02)


class Reader:
    """A site of somebody who copies: one page, beside TradingView's library, or what stands in for it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.content = ""

    async def opens(self, page: Page, content: str) -> None:
        """The page is *content* from here on. Served for real: pages that are not from this machine may not load what is."""
        self.content = content
        await page.route(f"https://js.pusher.com/{VERSION}/pusher.min.js", lambda route: route.fulfill(path=PUSHER / "pusher.min.js"))
        await page.add_init_script(WRITTEN)
        await page.goto(self.url)


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    made = Reader("")

    async def copied(_: Request) -> Response:
        return HTMLResponse(HEAD + made.content)

    files = StaticFiles(directory=LIBRARY)
    with serving(Starlette(routes=[Route("/", copied), Mount(f"/{LIBRARY.name}", files)])) as url:
        made.url = f"{url}/"
        yield made


@every("html")
async def test_pages_show_the_last_price_and_the_next(page: Page, reader: Reader, followed: Followed, block: Block) -> None:
    before, after = next(PRICES), next(PRICES)
    await followed.minutes(before)
    await reader.opens(page, at(followed.url, block.text))
    await check_shown(page, before)
    await followed.minutes(after)
    await check_shown(page, after)
    await page.goto("about:blank")


@every("js")
async def test_modules_have_something_to_tell(page: Page, reader: Reader, followed: Followed, block: Block) -> None:
    async with page.expect_console_message(lambda message: message.type == "log") as told:
        await reader.opens(page, f'<script type="module">{at(followed.url, block.text)}</script>')
    assert (await told.value).text
    await page.goto("about:blank")


@every("python")
async def test_programs_end_well_and_print_something(followed: Followed, block: Block) -> None:
    program = [sys.executable, "-W", "error", "-c", at(followed.url, block.text)]
    running = await asyncio.create_subprocess_exec(*program, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    told = asyncio.create_task(running.communicate())
    async with asyncio.timeout(PATIENCE):
        while not told.done():
            await followed.minutes(next(PRICES))
            await asyncio.wait({told}, timeout=0.1)
    printed, complained = await told
    assert (running.returncode, complained) == (0, b"")
    assert printed


async def test_requests_are_answered(followed: Followed) -> None:
    lines = [(block.place, line) for block in blocks("sh") for line in block.text.splitlines() if line.startswith("curl ")]
    assert len(lines) > 15
    async with httpx2.AsyncClient() as client:
        for place, line in lines:
            answer = await client.get(at(followed.url, address(line)))
            assert answer.status_code == 200, f"{place}: {answer.text}"
            assert answer.headers["content-type"].startswith("text/csv" if "format=csv" in line else "application/json"), place
            assert len(answer.content) > 10, place


def address(line: str) -> str:
    """The URL that a line with curl asks for; it may name a file to write to, and no other option."""
    words = shlex.split(line)[1:]
    if words[0] == "-o":
        del words[:2]
    (url,) = words
    return url

"""A real browser: one a process, a fresh context a test, and no complaint of a page goes unnoticed. Its pages are of another origin."""

import os
import re
import subprocess
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from app.main import create_app
from app.settings import Settings
from app.store.client import Database, embedded_database
from app.store.schema import migrate
from tests.browser.followed import Followed
from tests.browser.markets import fill
from tests.browser.server import serving

ROOT: Final = Path(__file__).parents[2]
SCREENSHOTS: Final = Path(os.environ.get("SCREENSHOTS", ROOT / "build" / "screenshots"))
"""Folder of pictures of the pages whose tests failed."""

FLAGS: Final = ("--disable-gpu", "--disable-quic", "--disable-sync")
"""Beside Playwright's own, which keep the browser from asking its maker for anything."""

PATIENCE_MS: Final = 10_000
"""For whatever a page is waited for."""

FAILED: Final = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser. Without one the tests are skipped, but not in CI."""
    sought = subprocess.run([ROOT / "scripts" / "browser"], capture_output=True, text=True, check=False)
    if sought.returncode:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(sought.stderr.strip())
    return sought.stdout.strip()


@pytest.fixture(scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the page complained of on its console, and what it threw. A test that expects some takes them out."""
    return []


@pytest.fixture
async def page(browser: Browser, site: str, complaints: list[str], request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    """A page of the other origin in a context of its own."""
    context = await browser.new_context()
    context.set_default_timeout(PATIENCE_MS)

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    context.on("console", heard)
    context.on("weberror", lambda thrown: complaints.append(str(thrown.error)))
    page = await context.new_page()
    await page.goto(site)
    yield page
    if complaints or request.node.stash.get(FAILED, False):
        await page.screenshot(path=SCREENSHOTS / (re.sub(r"[^\w.-]+", "-", request.node.nodeid) + ".png"))
    await context.close()
    assert complaints == []


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """URL of a site that is not ours."""
    files = Starlette(routes=[Mount("/", StaticFiles(directory=Path(__file__).parent / "site", html=True))])
    with serving(files) as url:
        yield url


@pytest.fixture(scope="session")
def traded(engine_path: Path, _engine: Database) -> Iterator[Database]:
    """A store of several markets, which tests only read."""
    with embedded_database(engine_path, "traded", size=8) as database:
        migrate(database)
        fill(database)
        yield database
    _engine.run("DROP DATABASE traded SYNC")


@pytest.fixture(scope="session")
def service(traded: Database) -> Iterator[str]:
    """URL of the whole service, without a slash at its end."""
    with serving(create_app(Settings(), traded)) as url:
        yield url


@pytest.fixture(scope="session")
async def followed(engine_path: Path, _engine: Database) -> AsyncIterator[Followed]:
    """A service of a store that tests write to."""
    with embedded_database(engine_path, "followed", size=8) as database:
        migrate(database)
        made = Followed(database)
        async with made.bus:
            await made.minutes(2000)
            await made.start()
            yield made
            await made.stop()
    _engine.run("DROP DATABASE followed SYNC")

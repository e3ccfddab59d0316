"""Whether people can read a page, by axe and by the screen's width; and pictures of it for whoever looks at the tests' results."""

from pathlib import Path
from typing import Final

from playwright.async_api import Page, ViewportSize

from tests.browser.conftest import SCREENSHOTS

VENDORED: Final = Path(__file__).parent / "vendor" / "axe-core"
AXE: Final = (VENDORED / "axe.min.js").read_text()
SERIOUS: Final = """async () => (await axe.run()).violations.filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}: ${failureSummary}`))"""

PHONE: Final[ViewportSize] = {"width": 390, "height": 844}


async def pictured(page: Page, name: str, *, whole: bool = False) -> None:
    """Keep a picture of the screen, or of the *whole* page."""
    await page.screenshot(path=SCREENSHOTS / f"page-{name}.png", full_page=whole)


async def check_legible(page: Page, name: str, *, whole: bool = False) -> None:
    """Nothing is wider than the screen, and nothing serious keeps anybody from reading it."""
    await pictured(page, name, whole=whole)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth && document.body.scrollWidth <= innerWidth"), name
    await page.evaluate(AXE)
    assert await page.evaluate(SERIOUS) == [], name

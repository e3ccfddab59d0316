"""The pages for people: `/` of every market, `/embed` of one chart, for frames, `/tradingview` with TradingView's own library."""

from pathlib import Path
from string import Template
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

FOLDER: Final = Path(__file__).parents[1] / "pages"

NOBODY: Final = "'none'"
ANYBODY: Final = "*"
"""Who may show a page in a frame."""


ITS_OWN: Final = {
    "default-src": "'self' blob: data:",
    "script-src": "'self' blob: 'unsafe-inline' 'unsafe-eval'",
    "style-src": "'self' blob: 'unsafe-inline'",
    "base-uri": "'self'",
    "form-action": "'none'",
    "frame-ancestors": NOBODY,
}
"""The library draws itself in a frame that it writes, scripts and styles among it; from elsewhere it gets nothing all the same."""


def headers(framed_by: str) -> dict[str, str]:
    """What a page may load: its own files and answers, nothing else, and no script or style within it."""
    return _under(
        {
            "default-src": "'none'",
            "script-src": "'self'",
            "style-src": "'self'",
            "img-src": "'self' data:",
            "connect-src": "'self'",
            "base-uri": "'none'",
            "form-action": "'none'",
            "frame-ancestors": framed_by,
        }
    )


def _under(policy: dict[str, str]) -> dict[str, str]:
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Cache-Control": "no-cache",
    }


def routes(*, streaming: bool, status: bool) -> list[Route]:
    """Both pages; without *streaming* they poll. With *status* the first has a link to that page."""
    facts = {"stream": "on" if streaming else "off", "status": '<a href="/status">Status</a>' if status else ""}
    return [_page("/", "index.html", headers(NOBODY), facts), _page("/embed", "embed.html", headers(ANYBODY), facts)]


def advanced(library: Path | None, *, storage: bool) -> list[BaseRoute]:
    """`/tradingview`: TradingView's library, in the folder *library*, saving charts where there is *storage*; or how to get it."""
    if library is None:
        return [_page("/tradingview", "tradingview_missing.html", headers(NOBODY), {})]
    page = _page("/tradingview", "tradingview.html", _under(ITS_OWN), {"storage": "on" if storage else "off"})
    return [page, Mount("/tradingview/library", StaticFiles(directory=library))]


def links(*, markets: bool) -> str:
    """What the page of operators has of others, that of the *markets* where it is there."""
    found = [("/", "Markets")] if markets else []
    return "".join(f'<a href="{path}">{name}</a>' for path, name in [*found, ("/docs", "API")])


def _page(path: str, file: str, said: dict[str, str], facts: dict[str, str]) -> Route:
    text = Template((FOLDER / file).read_text(encoding="utf-8")).substitute(facts)

    async def shown(_: Request) -> Response:
        return HTMLResponse(text, headers=said)

    return Route(path, shown)

"""The pages for people: `/`, every market with its chart, and `/embed`, one chart alone, for frames of other sites."""

from pathlib import Path
from string import Template
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

FOLDER: Final = Path(__file__).parents[1] / "pages"

NOBODY: Final = "'none'"
ANYBODY: Final = "*"
"""Who may show a page in a frame."""


def headers(framed_by: str) -> dict[str, str]:
    """What a page may load: its own files and answers, nothing else, and no script or style within it."""
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": framed_by,
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Cache-Control": "no-cache",
    }


def routes(*, streaming: bool) -> list[Route]:
    """Both pages; without *streaming* they poll."""
    facts = {"stream": "on" if streaming else "off"}
    return [_page("/", "index.html", NOBODY, facts), _page("/embed", "embed.html", ANYBODY, facts)]


def _page(path: str, file: str, framed_by: str, facts: dict[str, str]) -> Route:
    text = Template((FOLDER / file).read_text(encoding="utf-8")).substitute(facts)

    async def shown(_: Request) -> Response:
        return HTMLResponse(text, headers=headers(framed_by))

    return Route(path, shown)

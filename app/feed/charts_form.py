"""What a request to the storage says: its parameters, and the form that carries what is to be saved."""

import re
from collections.abc import Callable

from starlette.requests import Request

from app.feed.failures import RequestError
from app.feed.forms import Fields, fields, form_body
from app.feed.state import State
from app.store.chart_store import LARGEST_ID, Draft

Form = Fields

REPLACED = "\ufffd"
"""What a query's bytes that are not UTF-8 have become. Different bytes would be the same name."""

_ID = re.compile(r"[0-9]{1,16}")


def chart_id(request: Request[State]) -> int | None:
    """Parameter `chart`; None where it is missing or empty."""
    value = request.query_params.get("chart", "")
    if value and (not _ID.fullmatch(value) or not 0 < int(value) <= LARGEST_ID):
        raise RequestError(400, "chart must be the id of a chart: a number")
    return int(value) if value else None


def text(request: Request[State], name: str, form: Form | None = None, *, needed: bool = False) -> str:
    """Parameter *name* of the query, else of the *form*; empty where it is missing, unless it is *needed*."""
    asked = request.query_params.get(name, "")
    value = asked or _decoded(name, (form or {}).get(name, b""))
    if REPLACED in (value if needed else asked):  # under a name that has it, no query could find what is saved
        raise RequestError(400, f"{name} is not UTF-8 text")
    longest = request.state["charts_limits"].text
    if len(value) > longest:
        raise RequestError(400, f"{name} is longer than {longest} characters")
    if needed and not value:
        raise RequestError(400, f"{name} is missing")
    return value


async def received(request: Request[State]) -> Callable[[], Form]:
    """The request's form, whole, to be taken apart in a worker thread."""
    limits = request.state["charts_limits"]
    kind = request.headers.get("content-type", "")
    body = await form_body(request, limits.content, limits.seconds)
    return lambda: fields(kind, body)


def draft(request: Request[State], form: Form, *others: str) -> Draft:
    """What *form* wants saved: `name`, `content`, and the *others*, which may be missing."""
    most = request.state["charts_limits"].content
    content = form.get("content")
    if content is None:
        raise RequestError(400, "content is missing")
    if len(content) > most:
        raise RequestError(413, f"content is too large: {most} bytes can be saved at most")
    _decoded("content", content)  # an answer in JSON could not hold other bytes as they are
    return Draft(text(request, "name", form, needed=True), content, **{name: text(request, name, form) for name in others})


def _decoded(name: str, value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise RequestError(400, f"{name} is not UTF-8 text") from None

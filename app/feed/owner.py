"""Whose saved charts a request is about: the one place that decides it."""

from starlette.requests import Request

from app.feed.failures import RequestError
from app.feed.state import State
from app.ops.access import require_subject
from app.store.chart_store import Owner


def owner(request: Request[State]) -> Owner:
    """The owner that the query names by `client` and `user`, as TradingView's library does.

    Nothing proves it here: who knows a user's name reads what they saved. With a token, the user must be the token's subject.
    """
    named = Owner(_text(request, "client"), _text(request, "user"))
    require_subject(request.scope, named.user)
    return named


def _text(request: Request[State], name: str) -> str:
    value = request.query_params.get(name, "")
    longest = request.state["charts_limits"].text
    if not value:
        raise RequestError(400, f"{name} is missing")
    if len(value) > longest:
        raise RequestError(400, f"{name} is longer than {longest} characters")
    return value

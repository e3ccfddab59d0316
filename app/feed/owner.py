"""Whose saved charts a request is about: the one place that decides it."""

from starlette.requests import Request

from app.feed.charts_form import text
from app.feed.state import State
from app.ops.access import require_subject
from app.store.chart_store import Owner


def owner(request: Request[State]) -> Owner:
    """The owner that the query names by `client` and `user`, as TradingView's library does.

    Nothing proves it here: who knows a user's name reads what they saved. With a token, the user must be the token's subject.
    """
    named = Owner(text(request, "client", needed=True), text(request, "user", needed=True))
    require_subject(request.scope, named.user)
    return named

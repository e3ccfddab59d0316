"""What the WebSockets have in common: their route, and what of a market may be asked for."""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from app.domain.resolution import Resolution, named
from app.feed.directory import Directory
from app.feed.failures import reason
from app.feed.state import State
from app.live.connection import MOST_SUBSCRIPTIONS, Connection, Session
from app.live.hub import Topic
from app.store.market_reader import Listing

LONGEST_TEXT: Final = 64
"""Characters of what a client said that an error repeats."""


class Unheard(Exception):
    """What a client asks for cannot be had; the text tells it why."""


def stream(path: str, session: Callable[[Connection], Session], middleware: Sequence[Middleware] = ()) -> WebSocketRoute:
    """The route of WebSockets on which *session* is spoken."""

    async def opened(websocket: WebSocket[State]) -> None:
        await websocket.state["connections"].serve(websocket, session)

    return WebSocketRoute(path, opened, middleware=middleware)


async def market(connection: Connection, symbol: str) -> Listing:
    """The market that charts call *symbol*; Unheard where there is none, or where that cannot be said now."""
    directory: Directory = connection.websocket.state["directory"]
    try:
        found = await directory.market(symbol)
    except Exception as error:
        raise Unheard(reason(error).message) from error
    if found is None:
        raise Unheard(f"there is no market {short(symbol)}")
    return found


def interval(name: str) -> Resolution:
    """The resolution called *name*, or by TradingView's key; Unheard where there is none."""
    try:
        return named(name)
    except KeyError:
        raise Unheard(f"there are no bars of {short(name)}") from None


def admit(connection: Connection, topics: Collection[Topic]) -> None:
    """Unheard where not all of *topics* can be followed now, or the connection's end where they are too many for it.

    If they can, nobody else is given the room before the next `await`.
    """
    if not connection.has_room(topics):
        raise Unheard("too many markets are watched at once; try again later")


def few(names: Sequence[Any]) -> list[str]:
    """*names*; Unheard unless they are as many texts as one connection may subscribe to."""
    if len(names) > MOST_SUBSCRIPTIONS:
        raise Unheard(f"more than {MOST_SUBSCRIPTIONS} at once")
    if not all(isinstance(name, str) for name in names):
        raise Unheard("names must be texts")
    return list(names)


def short(text: str) -> str:
    """*text* as an error repeats it."""
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"

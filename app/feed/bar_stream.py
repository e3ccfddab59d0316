"""WebSockets on which bars are asked for by symbol and interval, in the query or in messages of JSON."""

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any, Final, NamedTuple

import orjson

from app.domain.resolution import RESOLUTIONS, Resolution
from app.feed.streaming import Unheard, admit, interval, market
from app.live.connection import MOST_SUBSCRIPTIONS, Connection
from app.live.hub import BarsOf, Told, Topic
from app.live.updates import BarUpdate


class Dialect(NamedTuple):
    """How bars are asked for and told: `word` is what the interval is called, `default` what it is where none is given."""

    word: str
    default: str
    called: Callable[[Resolution], str]
    """What a resolution is called in it."""
    frame: Callable[[Told, str], str]
    reset: Callable[[Told, str], str]


class BarStream:
    """One client: `subscribe`, `unsubscribe` and `ping`, each a `type`."""

    def __init__(self, connection: Connection, *, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect
        self._names: dict[Topic, str] = {}

    async def begin(self) -> None:
        """Subscribe to each `symbol` of the query at each interval of it."""
        query, dialect = self._connection.websocket.query_params, self._dialect
        symbols = [name for text in query.getlist("symbol") for name in text.split(",") if name]
        names = [name for text in query.getlist(dialect.word) for name in text.split(",") if name] or [dialect.default]
        if len(symbols) * len(names) > MOST_SUBSCRIPTIONS:
            self._fail(f"more than {MOST_SUBSCRIPTIONS} at once")
            return
        for symbol, name in product(symbols, names):
            try:
                await self._subscribe(symbol, name)
            except Unheard as error:
                self._fail(error)

    async def heard(self, message: str | bytes) -> None:
        """Do what a client asks, and answer."""
        try:
            asked = orjson.loads(message)
        except ValueError:
            self._fail("this is not JSON")
            return
        try:
            await self._do(asked if isinstance(asked, Mapping) else {})
        except Unheard as error:
            self._fail(error)

    def frame(self, topic: Topic, told: Told) -> str:
        """A bar as it is now."""
        return told.written(self._dialect.frame, self._names[topic])

    def reset(self, topic: Topic, told: Told) -> str:
        """History is to be read anew."""
        return told.written(self._dialect.reset, self._names[topic])

    async def _do(self, asked: Mapping[Any, Any]) -> None:
        kind, symbol, name = asked.get("type"), asked.get("symbol"), asked.get(self._dialect.word, self._dialect.default)
        if kind == "ping":
            self._say({"type": "pong"})
            return
        if kind not in ("subscribe", "unsubscribe"):
            raise Unheard("type must be subscribe, unsubscribe or ping")
        if not isinstance(symbol, str) or not isinstance(name, str):
            raise Unheard(f"symbol and {self._dialect.word} must be texts")
        await (self._subscribe if kind == "subscribe" else self._unsubscribe)(symbol, name)

    async def _subscribe(self, symbol: str, name: str) -> None:
        resolution = interval(name)
        listing = await market(self._connection, symbol)
        topic = BarsOf(listing.market_id, resolution.key)
        admit(self._connection, [topic])
        self._names.setdefault(topic, listing.ticker)
        self._answer("subscribed", listing.ticker, resolution)
        self._connection.subscribe(topic)

    async def _unsubscribe(self, symbol: str, name: str) -> None:
        resolution = interval(name)
        listing = await market(self._connection, symbol)
        topic = BarsOf(listing.market_id, resolution.key)
        self._connection.unsubscribe(topic)
        self._names.pop(topic, None)
        self._answer("unsubscribed", listing.ticker, resolution)

    def _answer(self, kind: str, name: str, resolution: Resolution) -> None:
        self._say({"type": kind, "symbol": name, self._dialect.word: self._dialect.called(resolution)})

    def _fail(self, why: object) -> None:
        self._say({"type": "error", "message": str(why)})

    def _say(self, content: Mapping[str, Any]) -> None:
        self._connection.say(orjson.dumps(content).decode())


def _price_update(told: Told, name: str) -> str:
    update = _of_bar(told)
    assert update.bar
    start, opened, high, low, close = update.bar[:5]
    data = {"time": start, "open": opened, "high": high, "low": low, "close": close, "volume": update.bar.volume}
    data |= {"price": close, "closed": update.closed}
    timeframe = RESOLUTIONS[update.resolution].name
    return orjson.dumps({"type": "price_update", "symbol": name, "timeframe": timeframe, "data": data}).decode()


def _reset_by_timeframe(told: Told, name: str) -> str:
    timeframe = RESOLUTIONS[_of_bar(told).resolution].name
    return orjson.dumps({"type": "reset", "symbol": name, "timeframe": timeframe}).decode()


def _tick(told: Told, name: str) -> str:
    update = _of_bar(told)
    assert update.bar
    start, opened, high, low, close = update.bar[:5]
    frame = {"symbol": name, "price": close, "volume": update.bar.volume, "time": start, "resolution": update.resolution}
    return orjson.dumps(frame | {"open": opened, "high": high, "low": low, "close": close, "closed": update.closed}).decode()


def _reset_by_resolution(told: Told, name: str) -> str:
    return orjson.dumps({"type": "reset", "symbol": name, "resolution": _of_bar(told).resolution}).decode()


def _of_bar(told: Told) -> BarUpdate:
    assert isinstance(told.event, BarUpdate)
    return told.event


LIGHTWEIGHT: Final = Dialect("timeframe", "1m", lambda resolution: resolution.name, _price_update, _reset_by_timeframe)
"""`data` goes into `series.update` unchanged."""

TRADINGVIEW: Final = Dialect("resolution", "1", lambda resolution: resolution.key, _tick, _reset_by_resolution)

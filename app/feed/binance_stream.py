"""WebSockets as Binance's clients speak them: `/ws` and `/stream`."""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from app.domain.resolution import RESOLUTIONS
from app.feed import stream_frames as frames
from app.feed.streaming import Unheard, admit, few, market, short
from app.feed.symbols import ticker
from app.live.connection import Connection
from app.live.hub import BarsOf, Told, Topic, TradesOf

UNKNOWN_PROPERTY, WRONG_TYPE, INVALID_REQUEST, INVALID_JSON = 0, 1, 2, 3
"""Codes of errors, as Binance has them."""

LONGEST_ID: Final = 36
COMBINED: Final = "combined"

_KINDS: Final = {frames.kind(key): key for key in RESOLUTIONS}


class _Refused(Exception):
    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class BinanceStream:
    """One client: `SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY`."""

    def __init__(self, connection: Connection, *, combined: bool = False) -> None:
        self._connection = connection
        self._combined = combined
        self._names: dict[Topic, str] = {}
        self._topics: dict[str, Topic] = {}

    async def begin(self) -> None:
        """Subscribe to what the query's `streams` names, separated by slashes; their frames have their stream's name then."""
        if asked := self._connection.websocket.query_params.get("streams"):
            self._combined = True
            try:
                await self._subscribe([name for name in asked.split("/") if name])
            except (Unheard, _Refused) as error:
                self._fail(error, None)

    async def heard(self, message: str | bytes) -> None:
        """Do what a client asks, and answer."""
        try:
            asked = orjson.loads(message)
        except ValueError:
            self._fail(_Refused(INVALID_JSON, "this is not JSON"), None)
            return
        number = asked.get("id") if isinstance(asked, Mapping) else None
        if not (number is None or type(number) is int or (isinstance(number, str) and len(number) <= LONGEST_ID)):
            self._fail(_Refused(INVALID_REQUEST, f"id must be a number or up to {LONGEST_ID} characters"), None)
            return
        try:
            if not isinstance(asked, Mapping):
                raise _Refused(INVALID_REQUEST, "a request is an object with method, params and id")
            await self._do(asked.get("method"), asked.get("params", []), number)
        except (Unheard, _Refused) as error:
            self._fail(error, number)

    def frame(self, topic: Topic, told: Told) -> str:
        """A kline or a trade."""
        return told.written(frames.combined if self._combined else frames.plain, self._names[topic])

    def reset(self, topic: Topic, told: Told) -> str:
        """An event of our own."""
        return told.written(frames.combined_reset if self._combined else frames.plain_reset, self._names[topic])

    async def _do(self, method: Any, params: Any, number: int | str | None) -> None:
        if not isinstance(params, list):
            raise _Refused(INVALID_REQUEST, "params must be a list")
        match method, params:
            case "SUBSCRIBE", [_, *_]:
                await self._subscribe(params, {"result": None, "id": number})
            case "UNSUBSCRIBE", [_, *_]:
                self._unsubscribe(params)
                self._say({"result": None, "id": number})
            case "LIST_SUBSCRIPTIONS", []:
                self._say({"result": list(self._topics), "id": number})
            case "GET_PROPERTY", [name]:
                self._is_combined(name)
                self._say({"result": self._combined, "id": number})
            case "SET_PROPERTY", [name, value]:
                self._is_combined(name)
                if not isinstance(value, bool):
                    raise _Refused(WRONG_TYPE, "combined must be true or false")
                self._combined = value
                self._say({"result": None, "id": number})
            case (("SUBSCRIBE" | "UNSUBSCRIBE" | "LIST_SUBSCRIPTIONS" | "GET_PROPERTY" | "SET_PROPERTY"), _):
                raise _Refused(INVALID_REQUEST, f"these are no params of {method}")
            case _:
                raise _Refused(INVALID_REQUEST, "method must be SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS, GET_PROPERTY or SET_PROPERTY")

    async def _subscribe(self, streams: list[Any], answer: Mapping[str, Any] | None = None) -> None:
        """All of *streams*, or none; *answer* comes before what they tell."""
        found = [await self._found(stream) for stream in few(streams)]
        admit(self._connection, [topic for topic, _ in found])
        if answer:
            self._say(answer)
        for topic, name in found:
            if topic not in self._names:
                self._names[topic] = name
                self._connection.subscribe(topic)
                self._topics[frames.topic_stream(topic, name)] = topic

    def _unsubscribe(self, streams: list[Any]) -> None:
        for stream in few(streams):
            symbol, _, kind = stream.rpartition("@")
            if topic := self._topics.pop(f"{ticker(symbol).lower()}@{kind}", None):
                self._connection.unsubscribe(topic)
                del self._names[topic]

    async def _found(self, stream: str) -> tuple[Topic, str]:
        symbol, _, kind = stream.rpartition("@")
        if kind != "trade" and kind not in _KINDS:
            raise Unheard(f"{short(stream)} is no stream: SYMBOL@trade and SYMBOL@kline_INTERVAL are")
        listing = await market(self._connection, symbol)
        topic = TradesOf(listing.market_id) if kind == "trade" else BarsOf(listing.market_id, _KINDS[kind])
        return topic, listing.ticker

    def _is_combined(self, name: Any) -> None:
        if name != COMBINED:
            raise _Refused(UNKNOWN_PROPERTY, "the only property is combined")

    def _fail(self, error: Exception, number: int | str | None) -> None:
        code = error.code if isinstance(error, _Refused) else INVALID_REQUEST
        self._say({"error": {"code": code, "msg": str(error)}, "id": number})

    def _say(self, content: Mapping[str, Any]) -> None:
        self._connection.say(orjson.dumps(content).decode())

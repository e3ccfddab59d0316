"""Bars and trades as Binance's streams write them."""

from decimal import Decimal
from typing import Any, Final

import orjson

from app.domain.bar import Bar
from app.domain.fixed import DIGITS, ONE
from app.domain.resolution import RESOLUTIONS
from app.domain.trade import ordinal
from app.feed.trades import exact
from app.live.hub import BarsOf, Told
from app.live.updates import BarUpdate, Traded

RESET: Final = "reset"


def stream_name(name: str, told: Told) -> str:
    """The stream that *told* belongs to, of the market called *name*."""
    return f"{name.lower()}@{kind(told.event.resolution)}" if isinstance(told.event, BarUpdate) else f"{name.lower()}@trade"


def kind(resolution: str) -> str:
    """What a stream of bars is called after the market; *resolution* is TradingView's key."""
    return f"kline_{RESOLUTIONS[resolution].name}"


def plain(told: Told, name: str) -> str:
    """The payload alone."""
    return orjson.dumps(_payload(told, name)).decode()


def combined(told: Told, name: str) -> str:
    """The payload with the name of its stream."""
    return orjson.dumps({"stream": stream_name(name, told), "data": _payload(told, name)}).decode()


def plain_reset(told: Told, name: str) -> str:
    """What was sent of a stream before may be void."""
    return orjson.dumps(_reset(told, name)).decode()


def combined_reset(told: Told, name: str) -> str:
    """The same with the name of its stream."""
    return orjson.dumps({"stream": stream_name(name, told), "data": _reset(told, name)}).decode()


def _payload(told: Told, name: str) -> dict[str, Any]:
    event = told.event
    if isinstance(event, Traded):
        trade = event.trade
        return {
            "e": "trade", "E": told.time, "s": name,
            "t": ordinal(trade.block_number, trade.log_index),
            "p": _amount(trade.price) if trade.price_type else None,
            "q": _amount(trade.size),
            "Q": _amount(trade.volume),
            "T": trade.timestamp * 1_000,
            "m": trade.side == "sell",
        }  # fmt: skip
    if isinstance(event, BarUpdate) and event.bar:
        return {"e": "kline", "E": told.time, "s": name, "k": _kline(event.resolution, event.bar, name, closed=event.closed)}
    raise AssertionError(event)


def _kline(key: str, bar: Bar, name: str, *, closed: bool) -> dict[str, Any]:
    resolution = RESOLUTIONS[key]
    volume = _amount(bar.units)
    return {
        "t": bar.start * 1_000,
        "T": resolution.next_start(bar.start) * 1_000 - 1,
        "s": name,
        "i": resolution.name,
        "o": _price(bar.open), "c": _price(bar.close), "h": _price(bar.high), "l": _price(bar.low),
        "v": volume, "n": bar.trades, "x": closed, "q": volume,
    }  # fmt: skip


def _reset(told: Told, name: str) -> dict[str, Any]:
    interval = {"i": RESOLUTIONS[told.event.resolution].name} if isinstance(told.event, BarUpdate) else {}
    return {"e": RESET, "E": told.time, "s": name, **interval}


def _price(price: float) -> str:
    return exact(Decimal(repr(price)))


def _amount(units: int) -> str:
    whole, part = divmod(abs(units), ONE)
    text = f"{whole}.{part:0{DIGITS}d}".rstrip("0").rstrip(".")
    return f"-{text}" if units < 0 else text


def topic_stream(topic: object, name: str) -> str:
    """The stream that is called so by clients."""
    return f"{name.lower()}@{kind(topic.resolution)}" if isinstance(topic, BarsOf) else f"{name.lower()}@trade"

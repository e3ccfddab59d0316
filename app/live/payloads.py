"""What is pushed, as JSON: each bar whole, so that who misses one is right again with the next."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import orjson

from app.domain.fixed import ONE
from app.domain.trade import Trade, ordinal
from app.live.due import Push
from app.live.topics import Topic
from app.live.updates import BarUpdate

LONGEST: Final = 10_000
"""Bytes of an event: Pusher takes 10 KB."""


class Price(NamedTuple):
    """A market's last price, of `time` (seconds)."""

    market_id: int
    ticker: str
    price: float
    time: int


def of_bar(channel: str, ticker: str, topic: Topic, update: BarUpdate) -> Push:
    """The bar of *update* as it is now, or that there is none any more."""
    bar = update.bar
    content: dict[str, Any] = {"symbol": ticker, "resolution": update.resolution}
    if update.corrected:
        content["corrected"] = True
    if bar is None:
        return Push(channel, "reset", orjson.dumps(content).decode(), "reset")
    content |= {
        "timestamp": bar.start,
        "open": bar.open,
        "high": bar.high,
        "low": bar.low,
        "close": bar.close,
        "volume": bar.volume,
        "trades": bar.trades,
        "closed": update.closed,
    }
    return Push(channel, topic.event, orjson.dumps(content).decode(), bar.start, update.closed)


def of_trade(channel: str, ticker: str, trade: Trade) -> Push:
    """A trade; its `id` is that of `/trades`."""
    content = {
        "symbol": ticker,
        "timestamp": trade.timestamp,
        "id": str(ordinal(trade.block_number, trade.log_index)),
        "price": trade.price / ONE if trade.price else None,
        "volume": trade.volume / ONE,
        "side": trade.side or None,
        "action": trade.action,
        "liquidation": trade.liquidation_volume > 0,
        "transaction": trade.transaction_hash,
    }
    return Push(channel, "trade", orjson.dumps(content).decode())


def of_prices(channel: str, prices: Sequence[Price]) -> Iterator[Push]:
    """*prices* in as many events as they need."""
    some: list[bytes] = []
    length = 0
    for price in prices:
        entry = orjson.dumps({"symbol": price.ticker, "price": price.price, "timestamp": price.time})
        if some and length + len(entry) + 1 > LONGEST - len(_AROUND):
            yield _prices(channel, some)
            some, length = [], 0
        some.append(entry)
        length += len(entry) + 1
    if some:
        yield _prices(channel, some)


_AROUND: Final = b'{"prices":[]}'


def _prices(channel: str, entries: list[bytes]) -> Push:
    return Push(channel, "price-update", (b'{"prices":[' + b",".join(entries) + b"]}").decode())

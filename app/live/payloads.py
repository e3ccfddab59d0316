"""What is pushed, as JSON: each bar whole, so that who misses one is right again with the next."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

import orjson

from app.domain.fixed import ONE
from app.domain.trade import PositionKey, Trade, ordinal
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


class Holding(NamedTuple):
    """A position of `owner` (0x hex, lower case) after its last event, at `updated_at` (seconds). What is not known is None.

    Amounts are in the unit of the market's sizes, pnl and fees; `entry` is the average price, `liquidated` is volume.
    """

    key: PositionKey
    owner: str
    symbol: str
    is_long: bool | None
    size: Decimal | None
    entry: Decimal | None
    pnl: Decimal
    fees: Decimal
    liquidated: Decimal
    updated_at: int


def of_bar(channel: str, ticker: str, topic: Topic, update: BarUpdate) -> Push:
    """The bar of *update* as it is now, or that there is none any more."""
    bar = update.bar
    content: dict[str, Any] = {"symbol": ticker, "resolution": update.resolution}
    if update.corrected:
        content["corrected"] = True
    if bar is None:
        return Push(channel, "reset", orjson.dumps(content).decode(), "reset", voids=True)
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
    return Push(channel, topic.event, orjson.dumps(content).decode(), bar.start, update.closed, update.corrected)


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


def of_trades_reset(channel: str, ticker: str) -> Push:
    """What was told of the market's trades may be void, or some were not told."""
    return Push(channel, "reset", orjson.dumps({"symbol": ticker, "corrected": True}).decode(), voids=True)


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


def of_holding(channel: str, holding: Holding, transaction: str) -> Push:
    """A position as it is now; *transaction* is its last event's, empty where that is not known."""
    size = holding.size
    content = {
        "symbol": holding.symbol,
        "position_id": str(holding.key.position_id),
        "side": None if holding.is_long is None else "long" if holding.is_long else "short",
        "size": None if size is None else float(size),
        "entry_price": None if holding.entry is None else float(holding.entry),
        "pnl": float(holding.pnl),
        "fees": float(holding.fees),
        "liquidated": float(holding.liquidated),
        "status": "unknown" if size is None else "open" if size else "closed",
        "timestamp": holding.updated_at,
        "transaction": transaction or None,
    }
    return Push(channel, "position-update", orjson.dumps(content).decode(), holding.key)


def of_reset(channel: str, address: str) -> Push:
    """What was told of the user's positions may be void, or some were not told."""
    return Push(channel, "reset", orjson.dumps({"user": address, "corrected": True}).decode(), voids=True)


_AROUND: Final = b'{"prices":[]}'


def _prices(channel: str, entries: list[bytes]) -> Push:
    return Push(channel, "price-update", (b'{"prices":[' + b",".join(entries) + b"]}").decode())

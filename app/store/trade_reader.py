"""Reads one market's trades page by page: the latest first, or onwards from a place in the chain."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from app.domain.cursor import Cursor
from app.store.client import Database
from app.store.days import LAST_SECOND, days, following_window, newest_window
from app.store.queries import query

MOST_TRADES: Final = 5_000
"""Trades in one page, however many are asked for."""


class MarketTrade(NamedTuple):
    """One trade. Amounts are exact; `time` is in seconds.

    `price` is None where the event tells none and none was known; `volume` is what counts, in quote currency, `size` what the event tells.
    `side` is the taker's direction (`buy`, `sell`, None where unknown), `is_long` the side of the position (None where unknown).
    `action` is what the protocol file says that the event does. `is_liquidation` holds where this event, or one beside it, tells so.
    """

    block_number: int
    log_index: int
    time: int
    price: Decimal | None
    volume: Decimal
    size: Decimal
    side: str | None
    is_long: bool | None
    action: str
    user: str
    position_id: int
    fee: Decimal
    is_liquidation: bool
    transaction_hash: str

    @property
    def cursor(self) -> Cursor:
        """Its place in the chain."""
        return Cursor(self.block_number, self.log_index)


class TradePage(NamedTuple):
    """Some trades, and where the next page goes on; None where this one is the last."""

    trades: list[MarketTrade]
    next: Cursor | None


class TradeReader:
    """Trades from the raw events. Blocks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def trades(
        self, market_id: int, *, since: int | None = None, until: int | None = None, before: Cursor | None = None, limit: int
    ) -> TradePage:
        """The newest *limit* trades before the place *before*, with times in [*since*, *until*) (seconds UTC), newest first."""
        lower, upper, place, limit = _time(since, 0), _time(until, LAST_SECOND), before or Cursor.last(), min(limit, MOST_TRADES)
        lower, upper = newest_window(days(self._database, market_id, lower, upper), lower, upper, place, limit + 1)
        return self._page("trades_newest", market_id, place, lower, upper, limit)

    def after(
        self, market_id: int, after: Cursor | None = None, *, since: int | None = None, until: int | None = None, limit: int
    ) -> TradePage:
        """The oldest *limit* trades after the place *after*, with times in [*since*, *until*), oldest first.

        To follow a market, ask again from the last trade's cursor. What a reorganisation puts before that place is not told.
        """
        lower, upper, place, limit = _time(since, 0), _time(until, LAST_SECOND), after or Cursor.first(), min(limit, MOST_TRADES)
        lower, upper = following_window(days(self._database, market_id, lower, upper), lower, upper, place, limit + 1)
        return self._page("trades_following", market_id, place, lower, upper, limit)

    def _page(self, name: str, market_id: int, place: Cursor, lower: int, upper: int, limit: int) -> TradePage:
        parameters = {"market_id": market_id, "block": place.block_number, "log": place.log_index, "since": lower, "until": upper}
        rows = self._database.rows(query(name), parameters | {"limit": limit + 1})  # one more tells whether there is a next page
        trades = self._told(market_id, [_trade(row) for row in rows[:limit]])
        return TradePage(trades, trades[-1].cursor if len(rows) > limit else None)

    def _told(self, market_id: int, trades: list[MarketTrade]) -> list[MarketTrade]:
        """*trades*, with those marked that a note beside them tells to be liquidations."""
        if not any(trade.action == "trade" for trade in trades):
            return trades
        first, last = sorted((trades[0], trades[-1]))
        parameters = {"market_id": market_id, "first": first.block_number, "last": last.block_number}
        times = {"since": first.time, "until": last.time + 1}
        notes = set(self._database.rows(query("liquidation_notes"), parameters | times))
        return [trade._replace(is_liquidation=True) if (trade.transaction_hash, trade.user) in notes else trade for trade in trades]


def _trade(row: Sequence[object]) -> MarketTrade:
    trade = MarketTrade._make(row)
    is_long = None if trade.is_long is None else bool(trade.is_long)
    return trade._replace(side=trade.side or None, is_long=is_long, is_liquidation=bool(trade.is_liquidation))


def _time(time: int | None, default: int) -> int:
    return default if time is None else max(0, min(time, LAST_SECOND))

"""Reads positions: one by its number, those of an owner, those of a market."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from app.domain.trade import PositionKey
from app.store.client import Database, Parameters
from app.store.page import Page
from app.store.queries import query

MOST_POSITIONS = 1_000
"""Of one page."""

SCANNED = 10_000
"""Positions looked at for one page of open ones: most of a market's millions may be closed. Takes about 0.1 s."""

_LAST_MARKET = 2**64 - 1
_LAST_POSITION = 2**256 - 1


class Position(NamedTuple):
    """A position after its last event. Amounts are exact, in the unit of the market's sizes, pnl and fees; times are seconds.

    `is_long`, `size` (and with it `is_open`) and `opened_at` are None where a position was opened before the first block read, as far as
    they cannot be told. `entry` is the average price, None where it is not known. `liquidated` is volume. Of a netted position (one
    a trader and market), `opened_at` is its first trade that was seen, and `is_long` the last side it had.
    """

    market_id: int
    position_id: int
    owner: str
    is_long: bool | None
    size: Decimal | None
    entry: Decimal | None
    realised_pnl: Decimal
    fees: Decimal
    liquidated: Decimal
    opened_at: int | None
    updated_at: int
    is_open: bool | None


class PositionReader:
    """Positions from their days' rollup. Blocks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def position(self, market_id: int, position_id: int) -> Position | None:
        """The position that the market's contract calls *position_id*."""
        found = self._of_market(market_id, position_id, position_id, limit=1, scanned=1, open_only=False)
        return _position(found[0]) if found else None

    def at(self, keys: Collection[PositionKey]) -> dict[PositionKey, Position]:
        """Those of *keys*, up to `MOST_POSITIONS`, that there are."""
        if len(keys) > MOST_POSITIONS:
            raise ValueError(f"more than {MOST_POSITIONS} positions")
        found = [_position(row) for row in self._database.rows(query("positions_at"), {"keys": [tuple(key) for key in keys]})]
        return {PositionKey(position.market_id, position.position_id): position for position in found}

    def of_market(
        self, market_id: int, *, limit: int, after: PositionKey | None = None, open_only: bool = True
    ) -> Page[Position, PositionKey]:
        """Up to *limit* positions of a market in the order of their numbers, those that come after *after*.

        Where *open_only*, only `SCANNED` are looked at: a page may hold fewer, even none, though others follow.
        """
        first = after.position_id + 1 if after else 0
        if first > _LAST_POSITION:
            return Page([], None)
        limit = min(limit, MOST_POSITIONS)
        scanned = max(limit, SCANNED) if open_only else limit
        rows = self._of_market(market_id, first, _LAST_POSITION, limit=limit, scanned=scanned, open_only=open_only)
        return _page(rows, limit, scanned, open_only=open_only)

    def of_owner(self, owner: str, *, limit: int, after: PositionKey | None = None, open_only: bool = False) -> Page[Position, PositionKey]:
        """Up to *limit* positions of *owner* (0x hex, any case), the last to open or trade them, by market and number, those after *after*.

        Where *open_only*, a page may hold fewer, as in `of_market`.
        """
        limit = min(limit, MOST_POSITIONS)
        scanned = max(limit, SCANNED) if open_only else limit
        place = after or PositionKey(0, 0)
        parameters = {
            "owner": owner.lower(),
            "from_start": int(after is None),
            "after_market": place.market_id,
            "after_position": place.position_id,
            "limit": limit,
            "scanned": scanned,
            "open_only": int(open_only),
        }
        rows = self._database.rows(query("positions_of_owner"), parameters)
        return _page(rows, limit, scanned, open_only=open_only, owner=owner.lower())

    def _of_market(self, market_id: int, first: int, last: int, *, limit: int, scanned: int, open_only: bool) -> Sequence[tuple[Any, ...]]:
        parameters: Parameters = {
            "market_id": market_id,
            "first": first,
            "last": last,
            "limit": limit,
            "scanned": scanned,
            "open_only": int(open_only),
        }
        return self._database.rows(query("positions"), parameters)


def _page(
    rows: Sequence[tuple[Any, ...]], limit: int, scanned: int, *, open_only: bool, owner: str | None = None
) -> Page[Position, PositionKey]:
    """The last of *rows* may be there only as the place to go on from."""
    found = [_position(row) for row in rows]
    more = bool(rows) and (len(rows) == limit or rows[-1][-1] == scanned)
    items = [position for position in found if (position.is_open or not open_only) and owner in (None, position.owner)]
    return Page(items, PositionKey(found[-1].market_id, found[-1].position_id) if more else None)


def _position(row: tuple[Any, ...]) -> Position:
    market_id, position_id, owner, side, size, entry, pnl, fees, liquidated, opened_at, updated_at, _ = row
    return Position(
        market_id,
        position_id,
        owner,
        None if side is None else bool(side),
        size,
        entry,
        pnl,
        fees,
        liquidated,
        opened_at,
        updated_at,
        None if size is None else size > 0,
    )

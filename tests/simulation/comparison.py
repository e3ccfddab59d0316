"""The store's positions and figures against those that the logs tell: exact, every field."""

from collections.abc import Callable, Sequence
from decimal import Context, Decimal
from functools import partial
from typing import Any, TypeVar

from app.domain.block import RawLog
from app.domain.trade import PositionKey
from app.store.client import Database
from app.store.funding_reader import LAST_SECOND, Funding, FundingReader, IndexPrice
from app.store.page import Page
from app.store.position_reader import Position, PositionReader
from app.store.state_reader import MarketFigures, Reserves, StateReader
from tests.simulation.positions import Held, Told, markets

T = TypeVar("T")

_EXACT = Context(prec=80)


def check_figures(database: Database, logs: Sequence[RawLog]) -> None:
    """Positions, open interest, funding and index prices in *database* are what *logs* tell."""
    ids = dict(database.rows("SELECT DISTINCT contract_address, market_id FROM vamm_markets"))
    told = markets(logs)
    assert told.keys() <= ids.keys()
    eventful = {ids[contract]: market for contract, market in told.items() if market != Told()}
    assert StateReader(database).states(list(ids.values())) == {market_id: _figures(market) for market_id, market in eventful.items()}
    for market_id, market in eventful.items():
        _check_positions(PositionReader(database), market_id, market)
        _check_histories(FundingReader(database), market_id, market)


def _check_positions(reader: PositionReader, market_id: int, market: Told) -> None:
    expected = [_position(market_id, number, held) for number, held in sorted(market.positions.items())]
    assert _all(lambda after: reader.of_market(market_id, limit=50, after=after, open_only=False)) == expected
    still_open = [position for position in expected if position.is_open]
    assert _all(lambda after: reader.of_market(market_id, limit=50, after=after)) == still_open
    for position in expected[-3:]:
        assert reader.position(market_id, position.position_id) == position
        owned = _all(partial(_of_owner, reader, position.owner))
        assert [other for other in owned if other.market_id == market_id] == [other for other in expected if other.owner == position.owner]
    _check_interest(market, expected)


def _of_owner(reader: PositionReader, owner: str, after: PositionKey | None) -> Page[Position, PositionKey]:
    return reader.of_owner(owner, limit=50, after=after)


def _check_interest(market: Told, expected: Sequence[Position]) -> None:
    for side in (True, False):
        sizes = [position.size or Decimal() for position in expected if position.is_long is side]
        total = Decimal()
        for size in sizes:
            total = _EXACT.add(total, size)
        assert total == _amount(market.open_size(side))


def _check_histories(reader: FundingReader, market_id: int, market: Told) -> None:
    updates = [Funding(time, _amount(rate), _optional(index), _optional(premium)) for time, rate, index, premium in market.funding]
    assert _all(lambda before: reader.history(market_id, 0, LAST_SECOND, 50, before)) == updates[::-1]
    prices = [IndexPrice(time, _amount(price)) for time, price in market.index_prices]
    assert _all(lambda before: reader.index_prices(market_id, 0, LAST_SECOND, 50, before)) == prices[::-1]


def _all(read: Callable[[Any], Page[T, Any]]) -> list[T]:
    found: list[T] = []
    place: PositionKey | int | None = None
    while True:
        page = read(place)
        found += page.items
        if page.next is None:
            return found
        place = page.next


def _figures(market: Told) -> MarketFigures:
    long, short = market.open_size(True), market.open_size(False)
    funding_time, rate, index, _ = market.funding[-1] if market.funding else (None, None, None, None)
    return MarketFigures(
        price=_amount(market.price) if market.price else None,
        index_price=_amount(market.index_prices[-1][1]) if market.index_prices else None,
        long_size=_amount(long),
        short_size=_amount(short),
        open_interest=_amount(long + short),
        long_short_ratio=float(_amount(long) / _amount(short)) if short else None,
        funding_rate=_optional(rate),
        funding_index=_optional(index),
        funding_time=funding_time,
        reserves=Reserves(*map(_amount, market.reserves)) if market.reserves else None,
    )


def _position(market_id: int, number: int, held: Held) -> Position:
    return Position(
        market_id=market_id,
        position_id=number,
        owner=held.owner,
        is_long=held.side,
        size=_amount(abs(held.size)),
        entry=_amount(held.entry) if held.entry else None,
        realised_pnl=_amount(held.pnl),
        fees=_amount(held.fees),
        liquidated=_amount(held.liquidated),
        opened_at=held.opened_at,
        updated_at=held.updated_at,
        is_open=held.size != 0,
    )


def _optional(units: int | None) -> Decimal | None:
    return None if units is None else _amount(units)


def _amount(units: int) -> Decimal:
    return _EXACT.scaleb(Decimal(units), -18)

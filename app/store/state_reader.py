"""Reads what a trader sees beside the candles: a market's prices, open interest, funding and curve of the moment."""

from collections.abc import Collection, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from app.store.client import Database
from app.store.past import KEYS_AT_ONCE
from app.store.queries import query


class Reserves(NamedTuple):
    """Of a market's curve."""

    quote: Decimal
    base: Decimal


class MarketFigures(NamedTuple):
    """A market after its last event, exact; None where nothing told it yet. `long_short_ratio` is long / short, None without shorts."""

    price: Decimal | None
    index_price: Decimal | None
    long_size: Decimal
    short_size: Decimal
    open_interest: Decimal
    long_short_ratio: float | None
    funding_rate: Decimal | None
    funding_index: Decimal | None
    funding_time: int | None
    reserves: Reserves | None


class StateReader:
    """Markets' running state from its daily rollup. Blocks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def states(self, market_ids: Collection[int]) -> dict[int, MarketFigures]:
        """The figures of each of *market_ids* that ever had an event."""
        return {row[0]: _figures(*row[1:]) for row in self._rows(list(market_ids))}

    def _rows(self, market_ids: list[int]) -> Iterator[tuple[Any, ...]]:
        for first in range(0, len(market_ids), KEYS_AT_ONCE):
            yield from self._database.rows(query("states"), {"markets": market_ids[first : first + KEYS_AT_ONCE]})


def _figures(
    priced: int, price: Decimal, indexed: int, index_price: Decimal, long: Decimal, short: Decimal, interest: Decimal,
    funding: tuple[int, int, Decimal, Decimal | None], reserves: tuple[int, Decimal, Decimal],
) -> MarketFigures:  # fmt: skip
    funded, funding_time, rate, index = funding
    told, quote, base = reserves
    return MarketFigures(
        price=price if priced else None,
        index_price=index_price if indexed else None,
        long_size=long,
        short_size=short,
        open_interest=interest,
        long_short_ratio=float(long / short) if short else None,
        funding_rate=rate if funded else None,
        funding_index=index,
        funding_time=funding_time if funded else None,
        reserves=Reserves(quote, base) if told else None,
    )

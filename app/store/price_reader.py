"""Reads the prices that decide how finely markets' prices are shown."""

from collections.abc import Collection
from typing import Final

from app.domain.precision import FAR, reference_price
from app.store.client import Database
from app.store.queries import query

MOST_MARKETS: Final = 1_000
"""Markets in one question. Of each, one row a day is read: a few thousand, and no more than 49,711 before the stored times end in 2106."""


class PriceReader:
    """Reference prices from the daily candles. Blocks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def reference(self, market_id: int) -> float:
        """The market's reference price (`reference_price`); 0 where it has had no price."""
        return self.references([market_id]).get(market_id, 0.0)

    def references(self, market_ids: Collection[int]) -> dict[int, float]:
        """Reference prices of up to `MOST_MARKETS` markets; those that have had no price are absent.

        Days are walked through only for markets that were ever far from their first price: most never are.
        """
        if len(market_ids) > MOST_MARKETS:
            raise ValueError(f"more than {MOST_MARKETS} markets")
        extents = self._database.rows(query("price_extent"), {"market_ids": list(market_ids)})
        moved = [market_id for market_id, first, least, most in extents if most >= first * FAR or least * FAR <= first]
        closes = dict(self._database.rows(query("daily_closes"), {"market_ids": moved})) if moved else {}
        return {market_id: reference_price(first, closes.get(market_id, ())) for market_id, first, _, _ in extents}

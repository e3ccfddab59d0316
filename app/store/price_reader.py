"""Reads the prices that decide how finely markets' prices are shown."""

from collections.abc import Mapping
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

    def reference(self, market_id: int, starting: float = 0.0) -> float:
        """The market's reference price (`reference_price`); 0 where it has none. *starting* is its starting price, 0 where unknown."""
        return self.references({market_id: starting}).get(market_id, 0.0)

    def references(self, starting: Mapping[int, float]) -> dict[int, float]:
        """Reference prices of up to `MOST_MARKETS` markets by their starting prices (0 where unknown).

        A market without a starting price that has had no other is absent. Days are walked through only for markets that were ever far
        from their first price: most never are.
        """
        if len(starting) > MOST_MARKETS:
            raise ValueError(f"more than {MOST_MARKETS} markets")
        found = {market_id: price for market_id, price in starting.items() if price > 0}
        moved = []
        for market_id, traded, least, most in self._database.rows(query("price_extent"), {"market_ids": list(starting)}):
            first = found.setdefault(market_id, traded)
            if most >= first * FAR or least * FAR <= first:
                moved.append(market_id)
        closes = self._database.rows(query("daily_closes"), {"market_ids": moved}) if moved else ()
        return found | {market_id: reference_price(found[market_id], prices) for market_id, prices in closes}

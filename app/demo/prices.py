"""Price paths that look like markets and can be read at any time: Brownian bridges, halved again and again."""

import math
from functools import lru_cache
from typing import Final

from app.demo.genesis import DAY, Genesis

CELL: Final = 32
"""Seconds between the points of a path; between two points it is a straight line in the logarithm."""

_SPAN: Final = 1 << 17
"""Cells between two anchors, about 48 days: each anchor is drawn by itself around the starting price, so no path runs away."""

_ANCHOR_DAYS: Final = 4.0
"""An anchor strays from the starting price as far as that many days' volatility."""

_CACHED_POINTS: Final = 1 << 16


class PricePaths:
    """The index prices of all markets of one genesis."""

    def __init__(self, genesis: Genesis) -> None:
        self._genesis = genesis
        self._bases = [math.log(listing.price) for listing in genesis.listings()]
        self._volatility = [listing.volatility for listing in genesis.listings()]
        self._point = lru_cache(_CACHED_POINTS)(self._drawn)

    def at(self, market: int, seconds: float) -> float:
        """Price in USD of the market with index *market*, *seconds* after the genesis."""
        place = seconds / CELL
        cell = int(place)
        left = self._point(market, cell)
        return math.exp(left + (self._point(market, cell + 1) - left) * (place - cell))

    def _drawn(self, market: int, cell: int) -> float:
        volatility = self._volatility[market]
        if cell % _SPAN == 0:
            stray = volatility * _ANCHOR_DAYS * self._normal(market, cell) if cell else 0.0
            return self._bases[market] + stray
        half = cell & -cell
        middle = (self._point(market, cell - half) + self._point(market, cell + half)) / 2
        return middle + volatility * math.sqrt(half * CELL / (2 * DAY)) * self._normal(market, cell)

    def _normal(self, market: int, cell: int) -> float:
        """About normal with deviation 1, never beyond 3.5: the sum of four even draws."""
        chance = self._genesis.chance(b"price", market, cell)
        total = (chance & 0xFFFF) + (chance >> 16 & 0xFFFF) + (chance >> 32 & 0xFFFF) + (chance >> 48)
        return (total / 0xFFFF - 2) * 1.732_050_8

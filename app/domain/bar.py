"""Bars as they stand: the newest of each resolution of a market, and what is not a bar yet."""

from collections.abc import Mapping
from typing import NamedTuple

from app.domain.fixed import ONE

PRICE_POINTS = frozenset({"mark", "entry", "exit", "liquidation"})
"""Price types that make candles; an oracle's (`index`) is none of them."""


class Bar(NamedTuple):
    """A bar: `start` in seconds UTC, prices as floats, the very ones that are stored, `units` of volume (1e-18), `trades` counted."""

    start: int
    open: float
    high: float
    low: float
    close: float
    units: int
    trades: int

    @property
    def volume(self) -> float:
        """The volume in the quote currency. Of an exact sum: the store, which adds floats, may differ in the last digits."""
        volume: float = self.units / ONE
        return volume


class Tally(NamedTuple):
    """What happened where a bar may begin, without a price so far: no bar yet, but part of one as soon as there is a price."""

    start: int
    units: int
    trades: int


class Newest(NamedTuple):
    """A market at one resolution: its newest bar, and what came in a bar's time after it that has no price. None: nothing such."""

    bar: Bar | None = None
    unpriced: Tally | None = None


class Seed(NamedTuple):
    """A market as the store has it: with all events up to `version` (block << 20 | log index; 0: none), and no other.

    `chain_id` is None where no event told it. `newest` is by TradingView's key of each resolution.
    """

    chain_id: int | None
    version: int
    newest: Mapping[str, Newest]

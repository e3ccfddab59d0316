"""What happens by the clock, whoever trades: index prices, funding, and markets switched off and on again."""

import math
from collections.abc import Callable, Iterator
from typing import Final

from app.demo import events
from app.demo.events import Emitted
from app.demo.genesis import Genesis, Listing

ORACLE_INTERVAL: Final = 300
"""Seconds between two index prices of a market, with up to three markets; proportionally more with more."""

SUSPENDED_BLOCKS: Final = 4
"""How long a market stays switched off."""

INDEX: Final = 10**8
"""What a funding index of 1 is."""

_SUSPENSIONS: Final = 4
"""Funding times a suspension."""

_ONE: Final = 10**18
_INDEX_SWING: Final = 50_000

Moment = tuple[float, list[Emitted]]
"""A transaction and when it happens, in epochs since the genesis."""


class Schedule:
    """The recurring transactions of one genesis; *index_price* is a market's in USD at a moment."""

    def __init__(self, genesis: Genesis, factory: str, index_price: Callable[[Listing, float], float]) -> None:
        self._genesis = genesis
        self._seconds = genesis.epoch_seconds
        self._factory = factory
        self._index_price = index_price
        self._listings = genesis.listings()
        self._oracle_interval = ORACLE_INTERVAL * max(1, len(self._listings) // 3)

    def happening(self, epoch: int) -> Iterator[Moment]:
        """Every such transaction of *epoch*."""
        for _, moment in self._beats(epoch, self._oracle_interval):
            for listing in self._listings:
                if not listing.clearing_house:
                    yield moment, [events.oracle_price(listing, self._told(listing, moment))]
        for number, moment in self._beats(epoch, self._genesis.funding_interval):
            for listing in self._listings:
                if not listing.simple:
                    yield moment, [self._funding(listing, number, moment)]
        yield from self._suspensions(epoch)

    def funding_index(self, listing: Listing, number: int) -> int:
        """A market's funding index, in 1e-8, from funding time *number* on."""
        return INDEX + self._genesis.chance(b"funding", listing.place, number) % (2 * _INDEX_SWING) - _INDEX_SWING

    def _funding(self, listing: Listing, number: int, moment: float) -> Emitted:
        index = self.funding_index(listing, number)
        rate = index - self.funding_index(listing, number - 1)
        if listing.clearing_house:
            return events.perpetual_funding(listing, rate * (_ONE // INDEX), self._told(listing, moment))
        return events.funding_updated(listing, rate, index, 3 * rate)

    def _suspensions(self, epoch: int) -> Iterator[Moment]:
        """At one funding time in a few the factory switches a market off, and on again some blocks later."""
        listed = [listing for listing in self._listings if not listing.clearing_house]
        interval = self._genesis.funding_interval
        for is_active, delay in ((False, 0.0), (True, SUSPENDED_BLOCKS * self._genesis.block_time)):
            for number, moment in self._beats(epoch, interval, delay):
                chance = self._genesis.chance(b"suspension", number)
                # In the first epoch nothing happens, so that nothing of it is undone later, either.
                if listed and chance % _SUSPENSIONS == 0 and number * interval >= self._seconds:
                    listing = listed[chance // _SUSPENSIONS % len(listed)]
                    yield moment, [events.market_status(self._factory, listing, is_active=is_active)]

    def _told(self, listing: Listing, moment: float) -> int:
        return int(self._index_price(listing, moment) * _ONE)

    def _beats(self, epoch: int, interval: int, delay: float = 0.0) -> Iterator[tuple[int, float]]:
        """The numbers and moments of what happens every *interval* seconds, *delay* seconds late, and lies in *epoch*."""
        first, after = (math.ceil((edge * self._seconds - delay) / interval) for edge in (epoch, epoch + 1))
        for number in range(max(1, first), after):
            yield number, max(epoch, min((number * interval + delay) / self._seconds, epoch + 1 - 2**-20))

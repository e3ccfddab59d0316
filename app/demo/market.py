"""What happens in the markets: the transactions of each position's days, and the creation of the markets."""

from collections.abc import Iterator
from typing import Final

from app.demo import curve, events
from app.demo.events import Emitted
from app.demo.genesis import Genesis, Listing
from app.demo.positions import Position
from app.demo.prices import PricePaths
from app.demo.schedule import INDEX, Moment, Schedule

_ONE: Final = 10**18
_FEE_SHARE: Final = 2_000
_LIQUIDATION_LOSS: Final = 0.8
"""Share of its margin at which a position is liquidated."""

Transaction = list[Emitted]


class Exchange:
    """The contracts of one genesis: turns moments of positions and markets into transactions."""

    def __init__(self, genesis: Genesis) -> None:
        self._genesis = genesis
        self._seconds = genesis.epoch_seconds
        self._prices = PricePaths(genesis)
        self.listings = genesis.listings()
        self.factory = genesis.address(b"factory", 0)
        self._clearing_house = genesis.address(b"clearing house", 0)
        self._liquidator = genesis.address(b"liquidator", 0)
        self._schedule = Schedule(genesis, self.factory, self._index_price)

    def periodic(self, epoch: int) -> Iterator[Moment]:
        """What happens in *epoch* whoever trades, each transaction with its moment."""
        return self._schedule.happening(epoch)

    def listed(self, listing: Listing) -> Transaction:
        """The factory creates *listing*'s market, whose oracle then tells its first price."""
        return [events.market_created(self.factory, listing), events.oracle_price(listing, int(listing.price * _ONE))]

    def opening(self, position: Position) -> Transaction:
        listing = self.listings[position.market]
        price = int(self._price(listing, position, position.opened, buys=position.is_long) * _ONE)
        fee = position.size // _FEE_SHARE
        if listing.clearing_house:
            base = self._base(position, position.size, price)
            return self._changed(
                listing, position, position.opened, notional=position.size, exchanged=base, after=base, pnl=0, price=price, fee=fee
            )
        if listing.simple:
            return [events.simple_opened(listing, position, price), self._mark(listing, position.opened)]
        return [events.opened(listing, position, price, fee), *self._told(listing, position, position.opened, price, fee)]

    def increase(self, position: Position) -> Transaction:
        listing = self.listings[position.market]
        price = self._price(listing, position, position.increased, buys=position.is_long)
        fee = position.added // _FEE_SHARE
        if listing.clearing_house:
            at = int(price * _ONE)
            added = self._base(position, position.added, at)
            after = self._opening_base(listing, position) + added
            return self._changed(
                listing, position, position.increased, notional=position.added, exchanged=added, after=after, pnl=0, price=at, fee=fee
            )
        return [events.increased(listing, position, int(self._entry(listing, position) * _ONE), fee)]

    def end(self, position: Position) -> Transaction:
        """The position is closed whole by its trader, or by a liquidator once most of its margin is lost."""
        listing = self.listings[position.market]
        price = self._price(listing, position, position.closed, buys=not position.is_long)
        gain = (price / self._entry(listing, position) - 1) * (1 if position.is_long else -1)
        size = position.size + position.added
        pnl, at, fee = int(gain * size), int(price * _ONE), size // _FEE_SHARE
        lost = gain * position.leverage <= -_LIQUIDATION_LOSS
        if listing.clearing_house:
            return self._perpetual_end(listing, position, at, pnl, lost=lost)
        if listing.simple:
            return [events.simple_closed(listing, position, at, pnl), self._mark(listing, position.closed)]
        if lost:
            ending = events.liquidated(listing, position, self._liquidator, size, at, fee)
        else:
            ending = events.closed(listing, position, size, at, pnl, fee)
        return [*self._funding_paid(listing, position, size), ending, *self._told(listing, position, position.closed, at, fee)]

    def _told(self, listing: Listing, position: Position, moment: float, price: int, fee: int) -> Transaction:
        # Real markets tell every fee and mark; here a sixteenth of each, so that 30 days stay within a minute's reading.
        bits = position.chatter >> (int(moment) & 7)
        told: Transaction = []
        if not bits & 0xF:
            told.append(events.fee_collected(listing, position, fee))
        if not bits >> 16 & 0xF:
            mark = int(self._index_price(listing, moment) * _ONE)
            told.append(events.curve_updated(listing, mark, abs(mark - price)))
        return told

    def _mark(self, listing: Listing, moment: float) -> Emitted:
        price = self._index_price(listing, moment)
        return events.simple_price(listing, int(price * _ONE), int((price / listing.price - 1) * 1_000_000) * _ONE)

    def _funding_paid(self, listing: Listing, position: Position, size: int) -> Transaction:
        """What funding cost a position that lived through it; paid, as contracts do, when the position is next touched."""
        first = int(position.opened * self._seconds / self._genesis.funding_interval)
        last = int(position.closed * self._seconds / self._genesis.funding_interval)
        if first == last:
            return []
        index = self._schedule.funding_index(listing, last)
        owed = size * (index - self._schedule.funding_index(listing, first)) // INDEX
        return [events.funding_paid(listing, position, -owed if position.is_long else owed, index)]

    def _perpetual_end(self, listing: Listing, position: Position, price: int, pnl: int, *, lost: bool) -> Transaction:
        base = self._opening_base(listing, position)
        if position.increased:
            paid = int(self._price(listing, position, position.increased, buys=position.is_long) * _ONE)
            base += self._base(position, position.added, paid)
        notional = abs(base) * price // _ONE
        fee = notional // _FEE_SHARE
        changed = self._changed(
            listing, position, position.closed, notional=notional, exchanged=-base, after=0, pnl=pnl, price=price, fee=fee
        )
        if not lost:
            return changed
        note = events.perpetual_liquidated(self._clearing_house, listing, position, self._liquidator, notional, abs(base), fee)
        return [note, *changed]

    def _changed(
        self,
        listing: Listing,
        position: Position,
        moment: float,
        *,
        notional: int,
        exchanged: int,
        after: int,
        pnl: int,
        price: int,
        fee: int,
    ) -> Transaction:
        """A trade told by the clearing house, and the curve it leaves, told by the amm."""
        changed = events.perpetual_changed(
            self._clearing_house,
            listing,
            position,
            notional=notional,
            exchanged=exchanged,
            after=after,
            pnl=pnl,
            price=price,
            fee=fee,
        )
        time = self._genesis.time + int(moment * self._seconds)
        return [changed, events.perpetual_reserves(listing, *curve.reserves(listing, price), time)]

    def _opening_base(self, listing: Listing, position: Position) -> int:
        price = int(self._price(listing, position, position.opened, buys=position.is_long) * _ONE)
        return self._base(position, position.size, price)

    def _base(self, position: Position, notional: int, price: int) -> int:
        return notional * _ONE // price * (1 if position.is_long else -1)

    def _entry(self, listing: Listing, position: Position) -> float:
        """Average price of the whole position."""
        entry = self._price(listing, position, position.opened, buys=position.is_long)
        if not position.increased:
            return entry
        later = self._price(listing, position, position.increased, buys=position.is_long)
        return (position.size + position.added) / (position.size / entry + position.added / later)

    def _price(self, listing: Listing, position: Position, moment: float, *, buys: bool) -> float:
        return self._index_price(listing, moment) * (1 + position.spread if buys else 1 - position.spread)

    def _index_price(self, listing: Listing, moment: float) -> float:
        return self._prices.at(listing.place, moment * self._seconds)

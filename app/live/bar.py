"""The arithmetic of a running bar: what one event makes of it, by the rules by which the store makes candles."""

from typing import NamedTuple, Self

from app.domain.bar import PRICE_POINTS, Bar, Newest, Tally
from app.domain.fixed import ONE
from app.domain.resolution import Resolution
from app.domain.trade import Trade


class LateEvent(Exception):
    """An event belongs before the running bar, or into it after it was told as closed: only the store knows what it changes."""


class Point(NamedTuple):
    """What an event adds to bars: `price` is None where it is no price point, `units` of volume are 0 where it is no trade."""

    time: int
    price: float | None
    units: int


def point(trade: Trade) -> Point:
    """What *trade* adds to bars."""
    # A quotient of integers is rounded once, like the store's float of the decimal's text.
    price: float | None = trade.price / ONE if trade.price_type in PRICE_POINTS else None
    return Point(trade.timestamp, price, max(0, trade.volume))


class RunningBar(NamedTuple):
    """The newest bar of a market at one resolution; `end` is when the next may begin, `closed` whether it was told that it has ended."""

    resolution: Resolution
    bar: Bar | None = None
    unpriced: Tally | None = None
    end: int = 0
    closed: bool = False

    @classmethod
    def begun(cls, resolution: Resolution, newest: Newest) -> Self:
        """Going on from *newest*."""
        end = resolution.next_start(newest.bar.start) if newest.bar else 0
        return cls(resolution, newest.bar, newest.unpriced, end)

    def folded(self, point: Point) -> Self:
        """With *point*, which comes after all that were folded; LateEvent where its time does not."""
        bar, unpriced = self.bar, self.unpriced
        if bar and point.time < self.end:
            if self.closed or unpriced or point.time < bar.start:
                raise LateEvent
            return self._replace(bar=_grown(bar, point))
        start = self.resolution.bar_start(point.time)
        if unpriced and unpriced.start > start:
            raise LateEvent
        before = unpriced if unpriced and unpriced.start == start else Tally(start, 0, 0)
        units, trades = before.units + point.units, before.trades + (point.units > 0)
        if point.price is None:
            return self._replace(unpriced=Tally(start, units, trades))
        price = point.price
        opened = Bar(start, price, price, price, price, units, trades)
        return self._replace(bar=opened, unpriced=None, end=self.resolution.next_start(start), closed=False)


def _grown(bar: Bar, point: Point) -> Bar:
    start, opened, high, low, close, units, trades = bar
    if point.price is not None:
        close = point.price
        high, low = max(high, close), min(low, close)
    return Bar(start, opened, high, low, close, units + point.units, trades + (point.units > 0))

"""How finely a market's prices are shown: the one place that decides it."""

from collections.abc import Iterable

SIGNIFICANT_DIGITS = 6
"""Of a price: 2000.50 and 0.0000123400."""

MOST_DECIMALS = 16
"""Decimal places: beyond them a float has nothing left to show."""

FAR = 10.0
"""Times the reference price, or a part of it, from which on a price is far from it."""

LASTING_DAYS = 3
"""Completed days in a row that a price must stay far away, to the same side, until the reference follows it."""

_UNPRICED = 2
"""Decimal places of a market that has had no price yet."""


def decimals(price: float) -> int:
    """Decimal places with which *price* is shown."""
    if not price > 0:
        return _UNPRICED
    magnitude = int(f"{price:.{SIGNIFICANT_DIGITS - 1}e}".partition("e")[2])  # rounded first: 999.9999 is shown as 1000.00
    return min(max(SIGNIFICANT_DIGITS - 1 - magnitude, 0), MOST_DECIMALS)


def pricescale(price: float) -> int:
    """Units that one quote currency is divided into on a chart of *price*: a power of ten."""
    return int(10 ** decimals(price))


def reference_price(first: float, closes: Iterable[float]) -> float:
    """The price from whose magnitude a market's precision is taken: its *first*, until a tenfold move lasts.

    *first* is its starting price where that is known, else the first one traded at: so the first trade does not move the scale. A
    starting price far from all trades is left as any other is. *closes* are those of its completed days with a price, oldest first. The
    reference moves to the last of `LASTING_DAYS` closes in a row that are all far above it or all far below it. A function of the past
    alone: new prices never change what was decided before.
    """
    reference, run, above = first, 0, False
    for close in closes:
        if close >= reference * FAR or close * FAR <= reference:
            run = run + 1 if above == (close > reference) else 1
            above = close > reference
        else:
            run = 0
        if run == LASTING_DAYS:
            reference, run = close, 0
    return reference

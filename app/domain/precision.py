"""How finely a market's prices are shown."""

SIGNIFICANT_DIGITS = 6
"""Of a price: 2000.50 and 0.0000123400."""

MOST_DECIMALS = 16
"""Decimal places: beyond them a float has nothing left to show."""

_UNPRICED = 100
"""Of a market that has had no price yet."""


def pricescale(price: float) -> int:
    """Units that one quote currency is divided into on a chart of *price*: a power of ten."""
    if not price > 0:
        return _UNPRICED
    magnitude = int(f"{price:.{SIGNIFICANT_DIGITS - 1}e}".partition("e")[2])  # rounded first: 999.9999 is shown as 1000.00
    return int(10 ** min(max(SIGNIFICANT_DIGITS - 1 - magnitude, 0), MOST_DECIMALS))

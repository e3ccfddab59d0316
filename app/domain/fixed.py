"""Fixed-point amounts: every amount is an integer number of 1e-18 units, the scale of the contracts and of `Decimal(38, 18)`."""

from decimal import Context, Decimal

DIGITS = 18
ONE = 10**DIGITS
LIMIT = 10**38
"""First magnitude that `Decimal(38, 18)` no longer holds."""

_EXACT = Context(prec=60)


def units(amount: Decimal) -> int:
    """*amount* in 1e-18 units, exactly; it has 18 decimal places at most."""
    return int(_EXACT.scaleb(amount, DIGITS))


def fits(amount: int) -> bool:
    """Whether *amount* (1e-18 units) can be stored as `Decimal(38, 18)`."""
    return -LIMIT < amount < LIMIT


def rescale(amount: int, digits: int) -> int:
    """*amount* with *digits* decimal places as 1e-18 units, exactly; *digits* is at most 18."""
    return amount * int(10 ** (DIGITS - digits))

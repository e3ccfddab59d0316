"""The average entry price of a netted position: one a trader and market, told by signed trades."""

from typing import Final

from app.chain.plan import Columns
from app.domain.fixed import ONE, fits

UNKNOWN: Final = 0
"""The entry price where there is no position, or where it cannot be known."""


def was_there(columns: Columns) -> bool:
    """Whether there was a position before a trade: then it matters whether it was seen, and at what entry price."""
    return columns.size_after != columns.size


def entry_after(columns: Columns, entry: int) -> int:
    """The entry price after a trade, in 1e-18 units, rounded down; *entry* is the one before it.

    A position that grows averages what was paid, one that shrinks keeps its entry. A reversal tells one notional for two
    trades, so its new entry is unknown, and so is one that does not fit `Decimal(38, 18)`.
    """
    after = columns.size_after
    if not after:
        return UNKNOWN
    before = after - columns.size
    if before and (before > 0) is not (after > 0):
        return UNKNOWN
    if before and (not entry or abs(after) <= abs(before)):
        return entry
    average = (abs(before) * entry + columns.volume * ONE) // abs(after)
    return average if fits(average) else UNKNOWN

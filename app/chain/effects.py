"""What an event does: the price point, volume and side it makes, and how it moves its market's open interest."""

from typing import Final

from app.chain.plan import INCREASE, INDEX, LIQUIDATE, LIQUIDATION_NOTE, MARK, OPEN, TRADE, Columns, Plan

INDEX_PRICE: Final = "index"


Effect = tuple[int, str, int, int, str, bool | None, int, int]
"""Price, price type, volume, liquidation volume, side, is_long, and what is added to the open long and short sizes.

A plain tuple: one is made for every log.
"""

_NOTHING: Final[Effect] = (0, "", 0, 0, "", None, 0, 0)


def effect(plan: Plan, columns: Columns, last_price: int, is_long: bool | None, *, seen: bool) -> Effect:
    """The effect of an event read by *plan*.

    *last_price* is the market's last known price (0: none), *is_long* the side of the position (None: unknown),
    *seen* whether an earlier trade of a netted position was.
    """
    kind = plan.kind
    if plan.position_price:
        return _position(plan, columns, last_price, is_long)
    if kind is TRADE:
        return _signed_trade(columns, seen=seen)
    if kind is MARK:
        return columns.price, "mark" if columns.price else "", 0, 0, "", None, 0, 0
    if kind is INDEX:
        return columns.price, INDEX_PRICE if columns.price else "", 0, 0, "", None, 0, 0
    if kind is LIQUIDATION_NOTE:
        return 0, "", 0, columns.liquidation_volume, "", None, 0, 0
    return _NOTHING


def _position(plan: Plan, columns: Columns, last_price: int, is_long: bool | None) -> Effect:
    kind, size = plan.kind, columns.size
    if not size:
        return 0, "", 0, 0, "", is_long, 0, 0
    grows = kind is OPEN or kind is INCREASE
    # An increase tells the position's average price, which no trade was made at.
    price = last_price if kind is INCREASE else columns.price
    price_type = plan.position_price if price else ""
    liquidated = size if kind is LIQUIDATE else 0
    if is_long is None:
        return price, price_type, size, liquidated, "", None, 0, 0
    side = "buy" if is_long is grows else "sell"
    change = size if grows else -size
    return price, price_type, size, liquidated, side, is_long, change if is_long else 0, 0 if is_long else change


def _signed_trade(columns: Columns, *, seen: bool) -> Effect:
    """A trade told by its signed size and the position's signed size after it: before it was the difference."""
    traded, after = columns.size, columns.size_after
    before = after - traded
    counted = before if seen else 0  # what was there before the first block read was never added
    long_change, short_change = max(after, 0) - max(counted, 0), max(-after, 0) - max(-counted, 0)
    if not traded:
        return (0, "", 0, 0, "", after > 0, long_change, short_change) if after else _NOTHING
    price_type = ("entry" if abs(after) > abs(before) else "exit") if columns.price else ""
    return (
        columns.price,
        price_type,
        columns.volume,
        0,
        "buy" if traded > 0 else "sell",
        (after or before) > 0,
        long_change,
        short_change,
    )

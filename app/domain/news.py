"""What a writer tells of what it did: blocks that became durable, and what was taken back."""

from typing import NamedTuple

from app.domain.market import Market
from app.domain.trade import Trade

TOLD_TRADES = 2_000
"""Trades of a commit that are told; of a larger one only that it happened: who wants them goes to the store."""


class Committed(NamedTuple):
    """Blocks became durable. `previous` is the checkpoint before (-1 where there was none), `block` the one now, `time` its time (s).

    `trades` are in (block, log index) order; None where there were too many to tell: they are in the store. `markets` are the versions
    of markets that came with it, in the same order.
    """

    chain_id: int
    previous: int
    block: int
    time: int
    market_ids: frozenset[int]
    """Markets with rows in it."""
    trades: tuple[Trade, ...] | None
    markets: tuple[Market, ...] = ()


class TakenBack(NamedTuple):
    """A rewind, a rebuild or a fill ended: whatever was known of `market_ids` from `since` (s) on is void.

    `block` is the checkpoint now (-1 where there is none) and `time` its time (s); `previous` is the one before, None where that is not
    known. Where `registry`, versions of markets that came after `block` may be gone as well, of these markets and of any other.
    """

    chain_id: int
    block: int
    time: int
    market_ids: frozenset[int]
    since: int
    registry: bool = True
    previous: int | None = None


News = Committed | TakenBack

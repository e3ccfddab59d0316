"""What the chain side needs of a store: the port between the rooms `chain` and `store`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.domain.block import Block, SetAside
from app.domain.market import Market
from app.domain.trade import MarketState, PositionKey, Trade


@dataclass(frozen=True, slots=True)
class Packed:
    """So many trades in the form in which the ledger that packed them stores them, their markets, and the earliest of their times (s)."""

    rows: Any
    count: int
    market_ids: frozenset[int]
    since: int


@dataclass(slots=True)
class Batch:
    """Whole consecutive blocks, decoded: what one commit makes durable.

    `blocks` ends with the block that becomes the checkpoint; others in it are remembered so that a
    reorganisation can be traced to its fork. Rows are in (block, log index) order, the `packed` ones before the `trades`. `first_block`
    is the first block that was read, which need not be in `blocks`.
    """

    blocks: list[Block] = field(default_factory=list)
    trades: list[Trade] = field(default_factory=list)
    markets: list[Market] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)
    first_block: int = 0
    packed: list[Packed] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many trades there are."""
        return sum(part.count for part in self.packed) + len(self.trades)


class History(Protocol):
    """What decoding asks about the past: everything up to the checkpoint. Unknown keys are absent from the answers."""

    def markets(self, market_ids: Collection[int]) -> Mapping[int, Market]: ...

    def markets_by_factory_id(self, factory_market_ids: Collection[str]) -> Mapping[str, Sequence[Market]]:
        """Markets (latest version) by the id their factory gave them: several factories may use the same."""

    def markets_by_oracle(self, oracles: Collection[str]) -> Mapping[str, Sequence[Market]]:
        """Markets (latest version) by their oracle's address."""

    def tickers_taken(self, tickers: Collection[str]) -> Mapping[str, int]:
        """Of *tickers*, those in use, with the market that has each; one given up for another is free."""

    def states(self, market_ids: Collection[int]) -> Mapping[int, MarketState]: ...

    def position_sides(self, keys: Collection[PositionKey]) -> Mapping[PositionKey, bool]:
        """Side (True is long) with which each position was last opened."""

    def position_entries(self, keys: Collection[PositionKey]) -> Mapping[PositionKey, int]:
        """Average entry price of each netted position after the last event that moved it, in 1e-18 units; 0 where that is not known.

        Positions that no trade was seen of are absent.
        """


class Ledger(History, Protocol):
    """An exactly-once store of decoded blocks. All methods block; call them in a thread."""

    def recover(self) -> None:
        """Take the right to write, and bring the store to its checkpoint after whatever the last writer left behind.

        Raises while another writer is at work; call it again then.
        """

    def hold(self) -> None:
        """Keep the right to write while there is nothing to commit; call it every few seconds."""

    def release(self) -> None:
        """Give up the right to write."""

    def checkpoint(self) -> Block | None:
        """The last committed block; None where nothing was committed yet."""

    def first_block(self) -> int | None:
        """The first block that was ever read into what is stored; None where that is not known, or nothing is stored."""

    def committed(self, below: int, limit: int) -> list[Block]:
        """Up to *limit* remembered blocks with number < *below*, newest first."""

    def pack(self, trades: Sequence[Trade]) -> Packed:
        """One or more *trades* for a later commit: fewer objects to keep until then. In any thread; nothing is stored."""

    def commit(self, batch: Batch) -> None:
        """Make *batch* durable, checkpoint last. After an exception the outcome is unknown: call `recover`."""

    def rewind(self, block: int) -> None:
        """Undo every committed block with number >= *block*; the newest remembered block below becomes the checkpoint."""

"""The simulated chain: a head that moves with a clock or by hand, over a history that forks on demand."""

import time
from collections.abc import Callable
from typing import Final

from app.demo.answers import raw_logs
from app.demo.branch import Branch, World
from app.demo.genesis import Genesis
from app.domain.block import Block, RawLog

MAX_FORKS: Final = 10_000
"""Reorganisations that a chain remembers; those undone by a deeper one don't count."""


class DemoChain:
    """A chain computed from its genesis. With a *clock* (seconds since 1970) the head follows it; without, `mine` moves it.

    Methods may be called from any thread; `branch` is a snapshot that no reorganisation changes.
    """

    def __init__(self, genesis: Genesis, *, clock: Callable[[], float] | None = time.time, head: int = 0) -> None:
        self.genesis = genesis
        self.branch = Branch(World.of(genesis))
        self._clock = clock
        self._head = head
        self._salt = 0

    @property
    def head(self) -> int:
        """Number of the newest block."""
        if self._clock is None:
            return self._head
        return max(self._head, int((self._clock() - self.genesis.time) / self.genesis.block_time))

    @property
    def pause(self) -> float | None:
        """Seconds until the clock makes the next block; None without a clock."""
        if self._clock is None:
            return None
        return max(0.0, self.genesis.time + (self.head + 1) * self.genesis.block_time - self._clock())

    def mine(self, blocks: int = 1) -> int:
        """Add *blocks* to a chain without clock; the new head."""
        if self._clock is not None:
            raise ValueError("this chain's head follows its clock")
        if blocks < 0:
            raise ValueError("blocks can't be unmined; reorganise() replaces them")
        self._head += blocks
        return self._head

    def reorganise(self, depth: int) -> int:
        """Replace the newest *depth* blocks by as many others; the number of the first that changed."""
        first = self._first(depth)
        if len(self.branch.forks) >= MAX_FORKS:
            raise ValueError(f"a chain remembers {MAX_FORKS} reorganisations")
        self._salt += 1
        self.branch = self.branch.forked(first, self._salt)
        return first

    def sibling(self, depth: int) -> Branch:
        """A history that this chain never takes, different in the newest *depth* blocks."""
        return self.branch.forked(self._first(depth), -1)

    def block(self, number: int) -> Block:
        """Identity of block *number*, which must not be beyond the head."""
        self._known(number)
        branch = self.branch
        return Block(number, branch.hash(number), branch.parent_hash(number), branch.timestamp(number))

    def logs(self, first: int, last: int, *, timestamps: bool = True) -> list[RawLog]:
        """Every log of the blocks *first* to *last*, both included, as `eth_getLogs` answers it."""
        self._known(last)
        return raw_logs(self.branch, first, last, timestamps=timestamps)

    def _first(self, depth: int) -> int:
        head = self.head
        if not 1 <= depth <= head:
            raise ValueError(f"between 1 and {head} blocks can be replaced, not {depth}")
        return head - depth + 1

    def _known(self, number: int) -> None:
        if not 0 <= number <= self.head:
            raise ValueError(f"block {number} is not on the chain, whose head is {self.head}")

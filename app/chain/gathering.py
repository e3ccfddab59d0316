"""Decoded blocks put together for the ledger: as many as it takes best at once, and the chain's newest without delay."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from time import monotonic

from app.chain.source import Segment
from app.chain.waiting import whole
from app.domain.ledger import Batch

Segments = asyncio.Queue[Segment | None]
"""None ends them."""

CROWDED = 8
"""Times the usual number of rows that may gather while a commit is under way or more is at hand: fewer, larger inserts cost less."""


@dataclass(slots=True)
class Commit:
    """Whole blocks on their way to the ledger, and the node's head when they were read."""

    first_block: int
    head: int = 0
    batch: Batch = field(default_factory=Batch)

    @property
    def last_block(self) -> int:
        return self.batch.blocks[-1].number


@dataclass(frozen=True, slots=True)
class Pace:
    """Rows are committed when there are `rows` of them, or `seconds` after the first came, whichever is first."""

    rows: int = 10_000
    seconds: float = 2.0


async def gather(
    segments: Segments,
    decode: Callable[[Segment, Commit], None],
    under_way: Callable[[], asyncio.Task[None] | None],
    *,
    pace: Pace,
    confirmations: int,
) -> AsyncGenerator[Commit, None]:
    """*segments*, which *decode* puts into a commit, as the *pace* has it; the chain's newest, but for *confirmations*, at once.

    What comes while a write is *under_way*, and what waits already, goes into one commit, which takes the store no longer than each of
    its blocks would.
    """
    commit: Commit | None = None
    taking: asyncio.Task[Segment | None] | None = None
    due = 0.0
    try:
        while True:
            writing = under_way()
            is_due = commit is not None and (commit.last_block >= commit.head - confirmations or monotonic() >= due)
            if commit and (_is_full(commit, pace, crowded=bool(writing) or not segments.empty()) or (is_due and not writing)):
                yield commit
                commit = None
                continue
            taking = taking or asyncio.create_task(segments.get())
            await asyncio.wait(
                {taking, writing} if writing and is_due else {taking},
                timeout=None if commit is None or is_due else due - monotonic(),
                return_when=asyncio.FIRST_COMPLETED,
            )
            if not taking.done():
                continue
            segment, taking = taking.result(), None
            if segment is None:
                break
            if commit is None:
                commit, due = Commit(segment.first, batch=Batch(first_block=segment.first)), monotonic() + pace.seconds
            await whole(decode, segment, commit)
    finally:
        if taking:
            taking.cancel()
    if commit:
        yield commit


def _is_full(commit: Commit, pace: Pace, *, crowded: bool) -> bool:
    return max(commit.batch.count, len(commit.batch.blocks)) >= pace.rows * (CROWDED if crowded else 1)

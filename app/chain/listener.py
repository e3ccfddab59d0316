"""From a node to the ledger: blocks in order, each once, through reorganisations, crashes and outages."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import NamedTuple

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from app.chain.decoder import Decoder
from app.chain.errors import ForkTooDeep, known
from app.chain.gathering import Commit, Pace, Segments, gather
from app.chain.source import Reorganised, Segment, Source
from app.chain.waiting import apart, pause, whole
from app.chain.waiting import until as until_set
from app.domain.block import Block
from app.domain.errors import DatafeedError
from app.domain.ledger import Ledger
from app.domain.news import TOLD_TRADES

logger = logging.getLogger(__name__)

SEGMENTS_WAITING = 2
"""Segments read ahead of the decoder: with those in flight, the bound on memory while the store is slow or away."""

HOLD_EVERY = 4.0
"""Seconds between two looks at the right to write."""

LONGEST_PAUSE = 15.0
"""Seconds between two tries while a node or the store is away, or another writer is at work."""

FAR_BEHIND = 100
"""Blocks from which on it is worth a line in the log that the head is reached again."""

FORK_SEARCH = 4_096
"""Remembered blocks among which a fork is looked for."""


class ListenerStatistics(NamedTuple):
    """How far it is."""

    block: int
    """The newest that was committed; -1 where none was."""
    head: int | None
    """The newest to read, as far as a node has told."""
    past_logs: int
    """Logs since the start that were read while catching up."""
    reorganisations: int
    """Since the start."""
    lag: int | None
    """Blocks still to commit; None where no node has told its head yet."""


class Listener:
    """Reads one chain into one ledger. `run` may be cancelled at any time: what is half done is taken back by the next."""

    def __init__(
        self,
        source: Source,
        decoder: Decoder,
        ledger: Ledger,
        *,
        start_block: int = 0,
        pace: Pace | None = None,
        on_commit: Callable[[Commit], None] = lambda _: None,
        on_rewind: Callable[[int], None] = lambda _: None,
    ) -> None:
        """*on_commit*, and *on_rewind* with the first block undone, are called after the fact and must not block."""
        self._source = source
        self._decoder = decoder
        self._ledger = ledger
        self._start_block = start_block
        self._pace = pace or Pace()
        self._on_commit = on_commit
        self._on_rewind = on_rewind
        self._committed_block = -1
        self._progress = False
        self._reorganisations = 0
        self._finishing = asyncio.Event()
        self._is_behind = True

    def statistics(self) -> ListenerStatistics:
        """Figures of this moment."""
        source = self._source
        head = None if source.seen is None else max(-1, source.seen - source.confirmations)
        lag = None if head is None else max(0, head - max(self._committed_block, self._start_block - 1))
        return ListenerStatistics(self._committed_block, head, source.past_logs, self._reorganisations, lag)

    async def run(self, until: int | None = None, *, patient: bool = True, at_last: Callable[[], None] = lambda: None) -> None:
        """Follow the chain for ever, or up to and with block *until*; then do *at_last*, which blocks, as who may still write.

        Troubles are waited out; the DatafeedError is raised instead where not *patient*, and nothing was committed since the last one.
        """
        holding = asyncio.create_task(self._hold())
        done = False
        try:
            while not done:
                retrying = AsyncRetrying(
                    wait=wait_random_exponential(multiplier=0.2, max=LONGEST_PAUSE),
                    retry=retry_if_exception_type(DatafeedError),
                    stop=lambda _: not patient or self._finishing.is_set(),
                    before_sleep=_say,
                    sleep=lambda seconds: pause(seconds, self._finishing),
                    reraise=True,
                )
                done = await retrying(apart, self._attempt, until) or self._finishing.is_set()
            await whole(at_last)
        except DatafeedError as error:
            if not self._finishing.is_set():
                raise
            logger.warning("%s; what was not stored is read again by the next listener", error)
        finally:
            holding.cancel()
            with contextlib.suppress(DatafeedError):
                await whole(self._ledger.release)

    def finish(self) -> None:
        """Have `run` end soon: nothing more is read, and what was read is committed."""
        self._finishing.set()

    async def _attempt(self, until: int | None) -> bool:
        """Go on from the checkpoint: True when *until* is committed, False after trouble that came after progress."""
        self._progress = False
        if self._finishing.is_set():
            return True
        try:
            await whole(self._ledger.recover)
            checkpoint = await whole(self._ledger.checkpoint)
            self._go_on_from(checkpoint.number if checkpoint else -1)
            if until is None or checkpoint is None or checkpoint.number < until:
                await self._commit_all(checkpoint, until)
        except BaseExceptionGroup as group:
            error = known(group)
            if isinstance(error, Reorganised) and await self._rewind_to_fork(error):
                return False
            if not self._progress:
                raise error from group
            logger.warning("%s; going on from the checkpoint", error)
            return False
        return True

    def _go_on_from(self, block: int) -> None:
        self._decoder.reset()
        undone, self._committed_block = block < self._committed_block, block
        if undone:
            self._on_rewind(block + 1)

    async def _commit_all(self, checkpoint: Block | None, until: int | None) -> None:
        """Read, decode and commit what comes after *checkpoint*, the three at once, the commits one after another."""
        waiting: Segments = asyncio.Queue(SEGMENTS_WAITING)
        writing: asyncio.Task[None] | None = None

        def under_way() -> asyncio.Task[None] | None:
            return None if writing is None or writing.done() else writing

        gathered = gather(waiting, self._decode, under_way, pace=self._pace, confirmations=self._source.confirmations)
        async with asyncio.TaskGroup() as group, contextlib.aclosing(gathered) as commits:
            group.create_task(self._read(waiting, checkpoint, until))
            async for commit in commits:
                if writing:
                    await writing
                writing = group.create_task(self._write(commit))

    async def _read(self, waiting: Segments, checkpoint: Block | None, until: int | None) -> None:
        async def fill() -> None:
            async with contextlib.aclosing(self._source.segments(checkpoint, self._start_block, until)) as segments:
                async for segment in segments:
                    await waiting.put(segment)

        await until_set(self._finishing, fill())
        await waiting.put(None)

    def _decode(self, segment: Segment, commit: Commit) -> None:
        self._decoder.committed(self._committed_block)
        decoded = self._decoder.decode(segment.logs, segment.timestamps)
        batch = commit.batch
        batch.trades += decoded.trades
        batch.markets += decoded.markets
        batch.set_aside += decoded.set_aside
        if len(batch.trades) > TOLD_TRADES:  # nobody asks for them one by one any more
            batch.packed.append(self._ledger.pack(batch.trades))
            batch.trades = []
        commit.head = segment.head
        batch.blocks += segment.blocks

    async def _write(self, commit: Commit) -> None:
        stored = False

        def store() -> None:
            nonlocal stored
            self._ledger.commit(commit.batch)
            stored = True

        try:
            await whole(store)
        finally:
            if stored:  # even where this was cancelled meanwhile: who follows the commits misses none
                self._committed_block = commit.last_block
                self._progress = True
                self._say_how_far(commit)
                self._on_commit(commit)

    def _say_how_far(self, commit: Commit) -> None:
        left = commit.head - self._source.confirmations - commit.last_block
        if self._is_behind and left <= 0:
            logger.info("caught up with the chain at block %d", commit.last_block)
        self._is_behind = left > (0 if self._is_behind else FAR_BEHIND)

    async def _rewind_to_fork(self, found: Reorganised) -> bool:
        """Take back every block that the node's chain does not share. False where it shares all that are stored."""
        self._source.rpc.doubt()  # a node of another chain would have all of ours taken back
        remembered = await whole(self._ledger.committed, found.at + 1, FORK_SEARCH)
        shared, unshared = len(remembered), -1  # positions, newest first: agreement is monotonic, so halve
        while shared - unshared > 1:
            middle = (shared + unshared) // 2
            theirs = await self._source.block(remembered[middle].number)
            if theirs and theirs.hash == remembered[middle].hash:
                shared = middle
            else:
                unshared = middle
        if shared == 0:
            return False  # what was replaced was not stored yet, or the node has taken back what it said
        if shared < len(remembered):
            first = remembered[shared].number + 1
        elif await self._may_begin_anew(remembered[-1].number):
            first = remembered[-1].number
        else:
            raise ForkTooDeep
        self._reorganisations += 1
        logger.warning("reorganisation: taking back blocks %d to %d", first, found.at)
        await whole(self._ledger.rewind, first)
        return True

    async def _may_begin_anew(self, oldest: int) -> bool:
        """Whether block *oldest*, the first one ever read, may have been replaced, and the node has another one there."""
        if oldest == 0 or oldest != await whole(self._ledger.first_block):
            return False
        final = await self._source.newest() - self._source.finality
        return oldest > final and await self._source.block(oldest) is not None

    async def _hold(self) -> None:
        while True:
            await asyncio.sleep(HOLD_EVERY)
            with contextlib.suppress(DatafeedError):  # the next commit finds out, and says so
                await whole(self._ledger.hold)


def _say(state: RetryCallState) -> None:
    if state.outcome and state.next_action:
        error = state.outcome.exception()
        logger.warning("%s; next try in %.1f s. %s", error, state.next_action.sleep, getattr(error, "help", ""))

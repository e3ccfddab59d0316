"""The chain as one stream: every block's logs once, in order, without gaps, from anywhere in history to the head and on."""

import logging
from collections.abc import AsyncGenerator, Sequence
from time import monotonic
from typing import Any, Final

from tenacity import RetryCallState

from app.chain.answers import Segment, header, quantity
from app.chain.backlog import Backlog, block_request
from app.chain.errors import BadAnswer, NodeUnavailable, RangeTooLarge, RateLimited, Reorganised
from app.chain.reading import Reader
from app.chain.retry import back_off, failure, retrying
from app.chain.rpc import Rpc
from app.chain.tip import Tip
from app.chain.wake import Wake
from app.domain.block import Block

__all__ = ["Reorganised", "Segment", "Source"]

log = logging.getLogger(__name__)

MAX_RANGE: Final = 10_000
"""Blocks asked for at once, at most."""

HEAD_AGE: Final = 10.0
"""Seconds until the head is asked for again while history is read."""

QUIET_FAILURES: Final = 3
"""Failures in a row that are everyday life near the head of a chain; further ones are warned of."""


class Source:
    """What *rpc* has of events with one of *topics* (topic 0, lower-case 0x hex), of all contracts.

    The newest *confirmations* blocks are held back. Blocks more than *finality* behind the head are taken for settled and read in
    ranges of up to *max_range*; nearer ones are followed block by block. The head is looked at every *poll_interval* seconds, when the
    node announces a block, and when *wake* is told a hint. *reader* is by which logs far behind the head may be read in advance.
    """

    def __init__(
        self,
        rpc: Rpc,
        topics: Sequence[str],
        *,
        confirmations: int,
        finality: int,
        poll_interval: float,
        max_range: int = MAX_RANGE,
        wake: Wake | None = None,
        reader: Reader | None = None,
    ) -> None:
        self.rpc, self.topics = rpc, tuple(topics)
        self.confirmations, self.finality, self.poll_interval, self.max_range = confirmations, finality, poll_interval, max_range
        self.wake = wake or Wake()
        self.reader = reader
        self.seen: int | None = None
        """The head that was told last."""
        self.past_logs = 0
        """Logs that were read in ranges, far behind the head: while catching up."""

    async def chain_id(self) -> int:
        """The chain's id. Gives up after a few tries."""
        return await self.rpc.ask([("eth_chainId", [])], lambda answer: quantity(answer[0]))

    async def head(self) -> int:
        """The newest block to read, never negative. Gives up after a few tries."""
        return max(0, await self.newest() - self.confirmations)

    async def newest(self) -> int:
        """The node's newest block. Gives up after a few tries."""
        return await self.rpc.ask([("eth_blockNumber", [])], lambda answer: quantity(answer[0]))

    async def block(self, number: int) -> Block | None:
        """Block *number* as it is on the chain now; None where the node has none. Gives up after a few tries."""

        def read(answer: list[Any]) -> Block | None:
            return None if answer[0] is None else header(answer[0], number)

        return await self.rpc.ask([("eth_getBlockByNumber", [hex(number), False])], read)

    async def segments(self, after: Block | None, start: int, until: int | None = None) -> AsyncGenerator[Segment, None]:
        """Every block after *after*, or from *start* where that is None, up to *until* or for ever.

        Waits out whatever passes: failing, lagging and lying nodes. Raises Reorganised where *after*, or the last
        block handed out, is no longer on the chain, and RpcError where the node refuses what every node should answer.
        Reads ahead until it is closed (`contextlib.aclosing`).
        """
        reader = _Reader(self, after, start)
        try:
            while until is None or reader.first <= until:
                yield await reader.next(until)
        finally:
            await reader.close()


class _Reader:
    """One run over the chain: where it is, and the head it has seen."""

    def __init__(self, source: Source, after: Block | None, start: int) -> None:
        self._source = source
        self._after = after
        self.first = after.number + 1 if after else start
        self._head: int | None = None
        self._head_read = 0.0
        self._backlog = Backlog(source.rpc, source.topics, source.max_range, source.reader)
        self._tip = Tip(source.rpc, source.topics)

    async def next(self, until: int | None) -> Segment:
        """The next segment, however long it takes."""
        persist = retrying(
            back_off(self._source.rpc.first_pause),
            on=(NodeUnavailable, RateLimited, RangeTooLarge),
            before_sleep=self._failed,
        )
        segment: Segment = await persist(self._read, until)
        self._after = segment.blocks[-1]
        self.first = self._after.number + 1
        return segment

    async def close(self) -> None:
        await self._backlog.close()

    async def _read(self, until: int | None) -> Segment:
        source = self._source
        while True:
            head = await self._known_head()
            settled, ready = head - max(source.finality, source.confirmations), head - source.confirmations
            if until is not None:
                settled, ready = min(settled, until), min(ready, until)
            if self.first <= settled:
                if monotonic() - self._head_read > HEAD_AGE:
                    head = self._see(await source.newest())
                segment = await self._backlog.next(self._after, self.first, settled, head)
                source.past_logs += len(segment.logs)
                return segment
            await self._backlog.close()
            if self.first <= ready:
                return await self._tip.next(self._after, self.first, ready, head)
            announced = await source.wake.sooner(head, source.rpc.new_head(source.poll_interval))
            self._see(await self._look() if announced is None else announced)

    async def _look(self) -> int:
        """The node's head now. A fork may replace the newest block without growing past it: that is seen here as well."""
        if self._after is None:
            return await self._source.newest()
        after = self._after

        def read(answer: list[Any]) -> int:
            theirs = None if answer[1] is None else header(answer[1], after.number)
            if theirs and theirs.hash != after.hash:
                raise Reorganised(after.number)
            return quantity(answer[0])

        return await self._source.rpc.ask([("eth_blockNumber", []), block_request(after.number)], read)

    async def _known_head(self) -> int:
        return self._see(await self._source.newest()) if self._head is None else self._head

    def _see(self, head: int) -> int:
        self._head, self._head_read = head, monotonic()
        self._source.seen = head
        return head

    def _failed(self, state: RetryCallState) -> None:
        # The head may have been a lie, or have gone back: it is asked for again.
        self._head = None
        error, tries = failure(state), state.attempt_number
        everyday = isinstance(error, BadAnswer) and tries <= QUIET_FAILURES
        log.log(logging.INFO if everyday else logging.WARNING, "reading block %d, try %d: %s", self.first, tries, error)

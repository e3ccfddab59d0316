"""Reading blocks far behind the head: large ranges, several under way at once, handed out in order."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from app.chain.answers import Logs, Segment, check_hashes, check_logs, check_range, header
from app.chain.errors import BadAnswer, ChainError, NodeUnavailable, RangeTooLarge, Reorganised
from app.chain.node import Request
from app.chain.ranges import RangeSize
from app.chain.reading import Reader, Reading
from app.chain.reading_process import ReadingProcess
from app.chain.rpc import Rpc
from app.domain.block import Block, Log

AHEAD: Final = 3
"""Ranges under way or waiting to be taken."""

MAX_WAITING: Final = 30_000
"""Logs that wait to be taken, from which on no further range is begun."""

TARGET: Final = 10_000
"""Logs an answer should hold: what the strictest of the big providers allow."""

ATTEMPTS: Final = 2
"""Tries of one request before its range is thought over."""


class Piece(NamedTuple):
    """A segment, and the hash that its first block names as its parent's."""

    segment: Segment
    parent_hash: str


class Backlog:
    """Segments of settled blocks, by *topics* over all contracts. *reader* is what their logs may be read by, in another process."""

    def __init__(self, rpc: Rpc, topics: Sequence[str], max_range: int, reader: Reader | None) -> None:
        self._rpc, self._topics = rpc, topics
        self._reading = ReadingProcess(reader)
        self._size = RangeSize(max_range, TARGET)
        self._plan: deque[tuple[int, int, asyncio.Task[Piece]]] = deque()

    async def next(self, after: Block | None, first: int, last: int, head: int) -> Segment:
        """The segment that begins with block *first*, the child of *after*, and ends with *last* or before.

        Raises Reorganised where *after* is no longer on the chain. After any error it can be called again.
        """
        if self._plan and self._plan[0][0] != first:
            await self._drop()
        self._fill(first, last, head)
        _, end, task = self._plan[0]
        try:
            segment, parent_hash = await task
            if after is not None and parent_hash != after.hash:
                await self._rpc.ask([block_request(after.number)], lambda answer: _still_there(answer, after), attempts=ATTEMPTS)
                raise BadAnswer(f"block {first} does not follow from block {after.number}, which the node has all the same")
        except ChainError:
            await self._drop()
            raise
        self._plan.popleft()
        reached = segment.blocks[-1].number
        if reached < end:
            self._plan.appendleft((reached + 1, end, self._begin(reached + 1, end, head)))
        if reached < last:
            self._fill(reached + 1, last, head)
        return segment

    async def close(self) -> None:
        """Drop what is under way, and the other process."""
        await self._drop()
        await self._reading.close()

    async def _drop(self) -> None:
        tasks = [task for _, _, task in self._plan]
        self._plan.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _fill(self, first: int, last: int, head: int) -> None:
        following = self._plan[-1][1] + 1 if self._plan else first
        while following <= last and len(self._plan) < AHEAD and (not self._plan or self._waiting() < MAX_WAITING):
            end = min(last, following + self._size.blocks - 1)
            self._plan.append((following, end, self._begin(following, end, head)))
            following = end + 1

    def _waiting(self) -> int:
        done = [task for _, _, task in self._plan if task.done() and not task.cancelled() and not task.exception()]
        return sum(len(task.result().segment.logs) for task in done)

    def _begin(self, first: int, last: int, head: int) -> asyncio.Task[Piece]:
        return asyncio.create_task(self._piece(first, last, head))

    async def _piece(self, first: int, last: int, head: int) -> Piece:
        """As much from *first* on as one answer holds: less than planned where the node wants it so."""
        while True:
            end = min(last, first + self._size.blocks - 1)
            try:
                piece = await self._read(first, end, head)
            except RangeTooLarge as refusal:
                self._size.refused(end - first + 1, refusal.suggested, lasting=refusal.lasting)
                if end == first:
                    raise
            except NodeUnavailable as failure:
                if failure.heavy:
                    self._size.refused(end - first + 1, None, lasting=True)
                raise
            else:
                self._size.answered(end - first + 1, len(piece.segment.logs))
                return piece

    async def _read(self, first: int, last: int, head: int) -> Piece:
        asked = {"fromBlock": hex(first), "toBlock": hex(last), "topics": [list(self._topics)]}
        # The headers come from the same node as the logs: one that lags has no last block, and its logs are not believed.
        requests = [("eth_getLogs", [asked]), block_request(first), block_request(last)]

        def read(answer: list[Any]) -> tuple[Logs[list[Log]] | Logs[Reading], Block, Block]:
            begin, end = header(answer[1], first), header(answer[2], last)
            is_read = isinstance(answer[0], Logs)
            logs = check_range(answer[0], first, last) if is_read else check_logs(answer[0], self._topics, first, last)
            check_hashes(logs, (begin, end))
            return logs, begin, end

        logs, begin, end = await self._rpc.ask(requests, read, attempts=ATTEMPTS, parse=self._reading.parse)
        timestamps = await self._timestamps(logs, begin, end)
        return Piece(Segment([end], logs.logs, timestamps, first, head), begin.parent_hash)

    async def _timestamps(self, logs: Logs[Any], begin: Block, end: Block) -> dict[int, int]:
        """Seconds of every block with a log: from the logs where they tell something plausible, else from the headers."""
        known = {number: seconds for number, seconds in logs.timestamps.items() if begin.timestamp <= seconds <= end.timestamp}
        missing = [number for number in logs.hashes if number not in known]
        if missing:

            def read(answer: list[Any]) -> list[Block]:
                blocks = [header(raw, number) for raw, number in zip(answer, missing, strict=True)]
                check_hashes(logs, blocks)
                return blocks

            blocks = await self._rpc.ask([block_request(number) for number in missing], read, attempts=ATTEMPTS)
            known.update((block.number, block.timestamp) for block in blocks)
        return known


def block_request(number: int) -> Request:
    """Ask for a header."""
    return "eth_getBlockByNumber", [hex(number), False]


def _still_there(answer: list[Any], after: Block) -> None:
    if header(answer[0], after.number).hash != after.hash:
        raise Reorganised(after.number)

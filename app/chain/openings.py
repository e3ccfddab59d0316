"""Sides of positions that were opened before the first block read: asked of the node, on demand and within bounds."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from app.chain.answers import check_logs
from app.chain.errors import ChainError, NodeUnavailable, RangeTooLarge, RpcError
from app.chain.plan import Columns, Kind, Plan
from app.chain.ranges import RangeSize
from app.chain.rpc import Rpc
from app.domain.block import Log

Position = tuple[str, int]
"""Contract (0x hex in lower case) and position id."""

POSITIONS_AT_ONCE: Final = 200
"""Positions in one question: nodes bound the topics of a filter."""

MAX_REQUESTS: Final = 40
"""Requests for one question. Ranges double while the node allows: 16 reach back fifty million blocks."""

MAX_FRUITLESS: Final = 10
"""Questions in a row that a node leaves open until it is asked no more: anybody can emit closes of positions that never were."""

TARGET: Final = 10_000
"""Logs an answer should hold at most."""

ATTEMPTS: Final = 4
"""Tries of one request: an outage that lasts longer costs these positions their sides."""

log = logging.getLogger(__name__)


class Openings:
    """Asks *rpc* for the openings of positions in the blocks before *before()*, the newest first.

    Made in an event loop and called in a thread of it. What cannot be found out stays unknown, is counted in `unanswered` and
    logged once; nothing raises.
    """

    def __init__(self, rpc: Rpc, plans: Mapping[str, Plan], before: Callable[[], int]) -> None:
        self._rpc, self._plans, self._before = rpc, plans, before
        self._topics = _by_place(plans)
        self._loop = asyncio.get_running_loop()
        self._fruitless = 0
        self.unanswered = 0

    def __call__(self, positions: Collection[Position]) -> dict[Position, bool]:
        """The side (True is long) with which those of *positions* that the node knows were opened last. Blocks."""
        found: dict[Position, bool] = {}
        last = self._before() - 1 if positions and self._topics else -1
        ordered = sorted(positions) if last >= 0 else []
        for start in range(0, len(ordered), POSITIONS_AT_ONCE):
            if self._fruitless >= MAX_FRUITLESS:
                self.unanswered += len(ordered) - start
                break
            chunk = ordered[start : start + POSITIONS_AT_ONCE]
            found |= asyncio.run_coroutine_threadsafe(self._ask(chunk, last), self._loop).result()
        return found

    async def _ask(self, positions: Sequence[Position], last: int) -> dict[Position, bool]:
        found: dict[Position, bool] = {}
        try:
            for place, topics in self._topics.items():
                await self._search(set(positions) - found.keys(), place, topics, last, found)
        except ChainError as error:
            self._fruitless = MAX_FRUITLESS if isinstance(error, RpcError) else 0 if found else self._fruitless + 1
            level = logging.DEBUG if self.unanswered else logging.WARNING
            self.unanswered += len(positions) - len(found)
            log.log(level, "positions opened before block %d stay without a side where the node does not tell: %s", last + 1, error)
        else:
            self._fruitless = 0
        return found

    async def _search(self, missing: set[Position], place: int, topics: Sequence[str], last: int, found: dict[Position, bool]) -> None:
        """Look for *missing* from block *last* down, by *topics* whose logs have the position's id in topic *place*."""
        size = RangeSize(last + 1, TARGET)
        for _ in range(MAX_REQUESTS):
            if not missing or last < 0:
                return
            first = max(0, last - size.blocks + 1)
            try:
                logs = await self._logs(missing, place, topics, first, last)
            except (RangeTooLarge, NodeUnavailable) as refusal:
                wants_less = isinstance(refusal, RangeTooLarge) or refusal.heavy
                if first == last or not wants_less:
                    raise
                lasting = not isinstance(refusal, RangeTooLarge) or refusal.lasting
                size.refused(last - first + 1, getattr(refusal, "suggested", None), lasting=lasting)
                continue
            size.answered(last - first + 1, len(logs))
            for entry in reversed(logs):
                self._note(entry, missing, found)
            last = first - 1
        if missing and last >= 0:
            raise RangeTooLarge(f"{MAX_REQUESTS} requests do not reach further back than block {last + 1}")

    async def _logs(self, positions: Collection[Position], place: int, topics: Sequence[str], first: int, last: int) -> list[Log]:
        asked = {
            "address": sorted({contract for contract, _ in positions}),
            "topics": [list(topics), *[None] * (place - 1), sorted({f"0x{number:064x}" for _, number in positions})],
            "fromBlock": hex(first),
            "toBlock": hex(last),
        }

        def read(answer: list[Any]) -> list[Log]:
            return check_logs(answer[0], topics, first, last).logs

        return await self._rpc.ask([("eth_getLogs", [asked])], read, attempts=ATTEMPTS)

    def _note(self, entry: Log, missing: set[Position], found: dict[Position, bool]) -> None:
        try:
            columns = self._plans[entry["topics"][0]].read(entry["topics"], entry["data"])
            position = entry["address"].lower(), columns.position_id
        except (ValueError, TypeError, KeyError, AttributeError):
            return
        if position in missing and columns.is_long is not None and columns.size:
            missing.discard(position)
            found[position] = columns.is_long


def _by_place(plans: Mapping[str, Plan]) -> dict[int, list[str]]:
    """Topics 0 of openings by the topic in which they have the position's id; others cannot be asked for."""
    slot = Columns._fields.index("position_id")
    found: dict[int, list[str]] = {}
    for topic, plan in plans.items():
        if plan.kind is Kind.OPEN and not plan.named_market:
            for field in plan.fields:
                if field.slot == slot and field.word < plan.topics - 1:
                    found.setdefault(field.word + 1, []).append(topic)
    return found

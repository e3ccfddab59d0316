"""Hints that new blocks may be there: they end the wait for the next look at the head, however many come at once."""

import asyncio
from collections.abc import Coroutine
from time import monotonic
from typing import Any, Final

from app.domain.hint import Hint

PAUSE: Final = 0.25
"""Seconds between two looks that were hinted at: a flood of hints costs no more than that."""

PATIENCE: Final = 10.0
"""Seconds for which a block that was hinted at, and that the node does not have yet, is looked for again and again."""

FARTHEST: Final = 32
"""Blocks ahead of the head: a hint of one beyond is worth a single look, and does not hide those that do come."""


class Wake:
    """Who is told hints, and ends waits. All calls are made in one event loop."""

    def __init__(self) -> None:
        self._hinted = asyncio.Event()
        self._head = -1
        self._block = -1
        self._until = 0.0
        self._looked = float("-inf")

    def hint(self, hint: Hint) -> None:
        """Have the head looked at soon. Never waits."""
        if hint.block is not None and self._block < hint.block <= self._head + FARTHEST:
            self._block, self._until = hint.block, monotonic() + PATIENCE
        self._hinted.set()

    async def sooner(self, head: int, waiting: Coroutine[Any, Any, int | None]) -> int | None:
        """What *waiting* for a new head comes to; None, which is to look now, where a hint comes before, or one is still to be met.

        *head* is the newest block that the node is known to have.
        """
        self._head = head
        waits = asyncio.create_task(waiting), asyncio.create_task(self._hint_after(head))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            return waits[0].result() if waits[0].done() else None
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.wait(waits)

    async def _hint_after(self, head: int) -> None:
        if not self._expects(head):
            await self._hinted.wait()
        await asyncio.sleep(max(0.0, self._looked + PAUSE - monotonic()))
        self._hinted.clear()
        self._looked = monotonic()

    def _expects(self, head: int) -> bool:
        """Whether a block that was hinted at is still to come."""
        return self._hinted.is_set() or (self._block > head and monotonic() < self._until)

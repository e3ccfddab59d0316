"""What is known of how far each market has come: asked of the store now and then, and whenever something is known to have happened."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from app.domain.errors import StoreAway
from app.domain.standing import Standing

BELIEVED_SECONDS = 1.0
"""For so long an answer counts without asking again: whatever nobody told of is noticed after that."""

HEARD_SECONDS = 5.0
"""The same where those who write elsewhere tell, as far as they are set up to."""

TOLD_SECONDS = 300.0
"""The same where all that writes is in this process, and tells."""

AWAY_SECONDS = 300.0
"""For so long after the store's last word a market stands where it stood, while the store does not answer."""

MOST_MARKETS = 10_000
"""Markets remembered."""

Ask = Callable[[int], Awaitable[Standing | None]]
"""Where a market stands; None where it has no event yet."""


class _Asked(NamedTuple):
    answer: asyncio.Future[Standing | None]
    until: float
    said: float
    """When the store was asked for what the answer is."""


class Standings:
    """Where markets stand. At most one question a market is under way; who stops waiting leaves its answer to the others.

    While the store fails, what it said last counts for as much longer, up to `AWAY_SECONDS`, unless something was told since: what is in
    the caches can be answered meanwhile.
    """

    def __init__(self, ask: Ask, clock: Callable[[], float] = time.monotonic, believed: float = BELIEVED_SECONDS) -> None:
        """An answer of *ask* counts for *believed* seconds."""
        self._ask = ask
        self._clock = clock
        self._believed = believed
        self._asked: dict[int, _Asked] = {}

    async def of(self, market_id: int) -> Standing | None:
        """Where the market stands: as it was at this call, or where nothing was told of it since, a few seconds before."""
        asked = self._asked.get(market_id)
        if asked is None or not self._counts(asked):
            asked = self._ask_anew(market_id)
        if asked.answer.done():
            return asked.answer.result()
        return await asyncio.shield(asked.answer)

    def known(self, market_id: int) -> Standing | None:
        """Where the market stands, as far as that can be said without waiting: equal for as long as nothing changes."""
        asked = self._asked.get(market_id)
        return asked.answer.result() if asked and asked.answer.done() and self._counts(asked) else None

    def changed(self, market_id: int) -> None:
        """Something happened: ask again at the next call. What was asked before is believed by those alone who wait for it."""
        self._asked.pop(market_id, None)

    def forget(self) -> None:
        """As `changed`, of every market."""
        self._asked.clear()

    def committed(self, market_id: int, version: int, time: int) -> None:
        """A commit ended whose last event of the market has *version* and *time*: what is known goes on from there, unasked.

        Such a version is a hearsay of its own, apart from the store's: even a word that comes too late, of an event that was taken back,
        does no harm that lasts, for the store is asked in a few seconds all the same. What may still change stays as the store said.
        """
        asked = self._asked.get(market_id)
        if asked is None or not asked.answer.done() or not self._counts(asked) or not (standing := asked.answer.result()):
            self.changed(market_id)
        elif version > abs(standing.version):
            told = standing._replace(version=-version, until=max(standing.until, time + 1))
            answer = asyncio.get_running_loop().create_future()
            answer.set_result(told)
            self._asked[market_id] = asked._replace(answer=answer)

    def _counts(self, asked: _Asked) -> bool:
        if self._clock() >= asked.until:
            return False
        if not asked.answer.done():
            return True
        if asked.answer.cancelled() or asked.answer.exception():
            return False
        standing = asked.answer.result()
        return standing is None or standing.settled  # a commit is over in a moment

    def _ask_anew(self, market_id: int) -> _Asked:
        before = self._asked.pop(market_id, None)
        now = self._clock()

        async def ask() -> Standing | None:
            try:
                return await self._ask(market_id)
            except StoreAway:
                if before is None or not _is_kept(before) or self._clock() - before.said > AWAY_SECONDS:
                    raise
                if (mine := self._asked.get(market_id)) and mine.answer is answer:
                    self._asked[market_id] = mine._replace(said=before.said)
                return before.answer.result()

        if len(self._asked) >= MOST_MARKETS:
            del self._asked[next(iter(self._asked))]
        answer = asyncio.create_task(ask())
        answer.add_done_callback(_seen)
        self._asked[market_id] = _Asked(answer, now + self._believed, now)
        return self._asked[market_id]


def _is_kept(asked: _Asked) -> bool:
    """Whether it may count for longer: whole, and of a market with events."""
    answer = asked.answer
    standing = None if not answer.done() or answer.cancelled() or answer.exception() else answer.result()
    return standing is not None and standing.settled


def _seen(answer: asyncio.Future[Standing | None]) -> None:
    """A failure that nobody waits for any more is no news."""
    if not answer.cancelled():
        answer.exception()

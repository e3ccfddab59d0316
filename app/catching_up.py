"""Where no listener runs: whoever is told of new blocks reads them, within a time, as the one writer for that time."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from time import monotonic
from typing import Final

from app import operations
from app.chain.wake import FARTHEST
from app.domain.errors import DatafeedError
from app.domain.hint import Hint, NotReadYet
from app.domain.news import News
from app.following import Following, following
from app.settings import Settings
from app.store.client import Database
from app.store.lease import LeaseLost
from app.store.live_prices import LivePrices
from app.store.schema import migrate_as_set

MOST_WAITING: Final = 16
"""Hints that wait for the round under way; the round after it is for all of them."""

_log = logging.getLogger(__name__)


class CatchUp:
    """Reads up to the head, one round at a time. It stays connected in between."""

    def __init__(self, settings: Settings, database: Database, on_news: Callable[[News], None]) -> None:
        """*on_news* is told of commits and of what is taken back, in the thread that wrote."""
        self._settings = settings
        self._database = database
        self._on_news = on_news
        self._seconds = settings.ingest_catch_up_ms / 1_000
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._begun = float("-inf")
        self._stored: int | None = None
        self._followed: Following | None = None
        self._open = contextlib.AsyncExitStack()

    async def heed(self, hint: Hint) -> int | None:
        """Read up to the head, and with it *hint*'s block: the newest stored block then.

        NotReadYet where time is up, another process writes, or the node does not have that block yet.
        """
        if self._waiting >= MOST_WAITING:
            raise NotReadYet("others wait for their blocks to be read; send it again in a few seconds")
        asked = monotonic()
        self._waiting += 1
        try:
            async with asyncio.timeout(self._seconds), self._turn:
                if self._begun < asked:
                    begun = monotonic()
                    self._stored = await self._round()
                    self._begun = begun
        except TimeoutError:
            raise NotReadYet("there was more to read than there was time; send it again in a few seconds") from None
        except LeaseLost:
            raise NotReadYet("another process is writing; send it again in a few seconds") from None
        except DatafeedError as error:
            _log.warning("blocks could not be read: %s. %s", error, error.help)
            raise NotReadYet("the blocks could not be read; send it again in a few seconds") from None
        finally:
            self._waiting -= 1
        stored = -1 if self._stored is None else self._stored
        if hint.block is not None and stored < hint.block <= stored + self._settings.confirmations + FARTHEST:
            raise NotReadYet(f"block {hint.block} cannot be read yet; send it again in a few seconds")
        return self._stored

    async def aclose(self) -> None:
        """Disconnect from the node."""
        await self._open.aclose()

    async def _round(self) -> int | None:
        if not self._followed:
            await asyncio.to_thread(self._prepare)
            self._followed = await self._open.enter_async_context(following(self._settings, self._database, on_news=self._on_news))
        followed = self._followed
        span = await operations.span(followed, None, None)
        if span.first <= span.last:
            await followed.listener.run(span.last, patient=False, at_last=lambda: self._refresh(followed))
        stored = await asyncio.to_thread(followed.ledger.checkpoint)
        return stored.number if stored else None

    def _prepare(self) -> None:
        """Make the tables that are not there yet, as whoever writes does."""
        migrate_as_set(self._database, self._settings)

    def _refresh(self, followed: Following) -> None:
        if self._settings.live_prices_interval_ms:
            LivePrices(followed.ledger, followed.changed).refresh()

"""What becomes of a hint of new blocks, by who there is to read them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable

from app.domain.hint import Heed, Hint
from app.domain.news import News
from app.news import hints_of
from app.settings import Settings
from app.store.client import Database


@contextlib.asynccontextmanager
async def heeding(
    settings: Settings, database: Database, on_news: Callable[[News], None], on_hint: Callable[[Hint], None] | None
) -> AsyncIterator[Heed]:
    """What hints are to be handed to until the block ends.

    Where no listener runs in this process and the settings say so, it has the blocks read at once, which *on_news* is told of. Else it
    tells *on_hint*, the listener in this process, and those elsewhere, if a Redis leads to them. One that hears of nothing looks at the
    chain by itself, every so often.
    """
    if settings.ingest_catch_up_ms and not on_hint:
        from app.catching_up import CatchUp  # with all that a listener is made of, which others have no need of

        async with contextlib.aclosing(CatchUp(settings, database, on_news)) as catching_up:
            yield catching_up.heed
            return
    async with contextlib.AsyncExitStack() as stack:
        tells = [on_hint] if on_hint else []
        if hints := hints_of(settings, database):
            tells.append(await stack.enter_async_context(hints.telling()))

        async def heed(hint: Hint) -> None:
            for tell in tells:
                tell(hint)

        yield heed

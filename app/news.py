"""Who tells the news of a store, and what hears it."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator

from anyio.from_thread import start_blocking_portal

from app.cache.pages import CandlePages
from app.domain.hint import Hint
from app.domain.news import Committed, News
from app.domain.trade import ordinal
from app.feed.directory import Directory
from app.feed.ready import Ready
from app.live.bus import Bus, Item, Missed
from app.live.opening import Store, open_bus, open_words
from app.live.words import HINTS, OCCUPIED, SharedWords
from app.settings import Settings
from app.store.client import Database
from app.store.standing_reader import StandingReader


def bus_of(settings: Settings, database: Database) -> Bus:
    """The bus on which the news of *database* is told; not yet open."""
    return open_bus(settings, naming(database))


def hints_of(settings: Settings, database: Database) -> SharedWords[Hint] | None:
    """The way between processes of hints for who reads blocks into *database*; None where nobody may give any, or no Redis is set."""
    return open_words(settings, naming(database), HINTS) if settings.takes_hints else None


def occupations_of(settings: Settings, database: Database) -> SharedWords[bool] | None:
    """The way between processes of word that other channels of Pusher's are occupied; None where there is no app of it, or no Redis."""
    return open_words(settings, naming(database), OCCUPIED) if settings.pusher_app_id else None


def naming(database: Database) -> Store:
    """Names *database*, as soon as it has a name."""
    standings = StandingReader(database)

    async def name() -> str | None:
        return await asyncio.to_thread(standings.name)

    return name


@contextlib.contextmanager
def telling(settings: Settings, database: Database) -> Iterator[Callable[[News], None]]:
    """Tells the news of *database*, until the block ends, for who has no event loop."""
    bus = bus_of(settings, database)
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(bus):
        yield bus.publish


def invalidate(candles: CandlePages, directory: Directory, ready: Ready, item: Item) -> None:
    """Have nothing be believed that *item* may have changed."""
    if isinstance(item, Missed):
        candles.changed_everything()
    elif isinstance(item, Committed) and item.trades is not None:
        last = {trade.market_id: trade for trade in item.trades}
        for market_id, newest in last.items():
            candles.committed(market_id, ordinal(newest.block_number, newest.log_index), newest.timestamp)
        candles.changed_all(item.market_ids - last.keys())
    else:
        candles.changed_all(item.market_ids)
    if isinstance(item, Missed) or (item.markets if isinstance(item, Committed) else item.registry):
        directory.forget()
        ready.forget()

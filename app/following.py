"""A chain followed into the store, put together as the settings say: what `listen`, `backfill`, `serve --all` and `demo` run."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from app.chain.errors import NodeUnavailable, RateLimited
from app.chain.wake import Wake
from app.domain.errors import DatafeedError
from app.domain.news import News
from app.news import hints_of
from app.parts import Parts
from app.service import Job, spare_the_collector, until
from app.settings import Settings
from app.store.client import Database
from app.store.lease import Lease
from app.store.live_prices import Changed, LivePrices
from app.store.queries import query
from app.store.writer import ClickHouseLedger

if TYPE_CHECKING:
    from app.chain.gathering import Commit
    from app.chain.listener import Listener
    from app.chain.source import Source

logger = logging.getLogger(__name__)

USUAL_FINALITY = 64
"""Blocks: two epochs of Ethereum."""

FINALITY = {1: 65, 11_155_111: 65, 137: 256, 80_002: 256, 42_161: 240, 421_614: 240}
"""By chain id, where it is not the usual: Ethereum, Polygon (which has undone 157 blocks), Arbitrum, each with its test network."""

LONGEST_PAUSE = 15.0
"""Seconds between two tries while no node answers at the start."""

SAY_EVERY = 30.0
"""Seconds between two lines that tell how far the listener is."""


@dataclass(frozen=True, slots=True)
class Following:
    """A listener on a chain, with its two ends, and the markets that changed since they were last refreshed."""

    source: Source
    ledger: ClickHouseLedger
    listener: Listener
    start_block: int
    changed: Changed = field(default_factory=Changed)


class Pulse:
    """Tells the log, now and then, how far a listener is: hand it over as `on_commit`."""

    def __init__(self) -> None:
        self._events = 0
        self._said = float("-inf")

    def __call__(self, commit: Commit) -> None:
        """Count *commit*, and say so where it is time to."""
        self._events += commit.batch.count
        if monotonic() - self._said >= SAY_EVERY:
            self._said = monotonic()
            logger.info("stored up to block %d of %d, %d events since the last line", commit.last_block, commit.head, self._events)
            self._events = 0


def ledger(settings: Settings, database: Database, chain_id: int, on_news: Callable[[News], None] = lambda _: None) -> ClickHouseLedger:
    """The ledger of one chain in *database*, not yet holding its lease. *on_news* is told what it does."""
    lease = Lease(database, chain_id, ttl=settings.lease_ttl_ms / 1_000)
    return ClickHouseLedger(
        database,
        chain_id,
        lease,
        statement_seconds=settings.clickhouse_request_timeout / 1_000,
        cluster=settings.clickhouse_cluster,
        on_news=on_news,
    )


@contextlib.asynccontextmanager
async def following(
    settings: Settings,
    database: Database,
    *,
    start_block: int | None = None,
    on_commit: Callable[[Commit], None] = lambda _: None,
    on_rewind: Callable[[int], None] = lambda _: None,
    on_news: Callable[[News], None] = lambda _: None,
    wake: Wake | None = None,
) -> AsyncIterator[Following]:
    """A listener from `RPC_URL` into *database*, from *start_block* (else `START_BLOCK`) where nothing is stored.

    *on_news* is told of commits and of what is taken back, in the thread that wrote. *wake* is told of blocks that may be new.
    """
    from app.chain.decoder import Decoder  # here, as these and web3 take a second to load and most commands do without
    from app.chain.gathering import Pace
    from app.chain.listener import Listener
    from app.chain.openings import Openings
    from app.chain.protocol import load_protocols
    from app.chain.reading import Reader
    from app.chain.rpc import Rpc
    from app.chain.source import Source

    catalogue = load_protocols(settings.protocols, settings.protocols_dir)
    first = settings.start_block if start_block is None else start_block
    async with Rpc(settings.rpc_urls, timeout=settings.rpc_timeout_ms / 1_000) as rpc:
        chain_id = await Source(rpc, (), confirmations=0, finality=0, poll_interval=1).chain_id()
        source = Source(
            rpc,
            catalogue.topics,
            confirmations=settings.confirmations,
            finality=settings.finality or FINALITY.get(chain_id, USUAL_FINALITY),
            poll_interval=settings.poll_interval_ms / 1_000,
            wake=wake,
            reader=Reader(catalogue.plans, chain_id),
        )
        changed = Changed()

        def tell(news: News) -> None:
            changed.add(news.market_ids)
            on_news(news)

        book = ledger(settings, database, chain_id, tell)

        def begun() -> int:
            stored = book.first_block()
            return first if stored is None else stored

        listener = Listener(
            source,
            Decoder(catalogue, chain_id, book, frozenset(settings.factory_address), Openings(rpc, catalogue.plans, begun)),
            book,
            start_block=first,
            pace=Pace(settings.clickhouse_batch_size, settings.flush_interval_ms / 1_000),
            on_commit=on_commit,
            on_rewind=on_rewind,
        )
        await asyncio.to_thread(_compare, settings, database, book, chain_id, explicit=start_block is not None)
        spare_the_collector()
        yield Following(source, book, listener, first, changed)


def listening(
    settings: Settings,
    database: Database,
    *,
    on_commit: Callable[[Commit], None] = lambda _: None,
    on_rewind: Callable[[int], None] = lambda _: None,
    on_news: Callable[[News], None] = lambda _: None,
    wake: Wake | None = None,
    parts: Parts | None = None,
) -> Job:
    """Listen for ever, and keep the live prices going. That no node answers at the start is waited out, as it is later on.

    *wake* is told here of blocks that may be new; so is the listener, by the Redis that is set, of what other processes are told.
    What runs is put into *parts*, those of the process.
    """
    woken, parts = wake or Wake(), parts or Parts()
    parts.listens, parts.database = True, database

    async def work() -> None:
        async with contextlib.AsyncExitStack() as stack:

            async def connect() -> Following:
                return await stack.enter_async_context(
                    following(settings, database, on_commit=on_commit, on_rewind=on_rewind, on_news=on_news, wake=woken)
                )

            patient = AsyncRetrying(
                wait=wait_random_exponential(max=LONGEST_PAUSE),
                retry=retry_if_exception_type((NodeUnavailable, RateLimited)),
                before_sleep=_say,
            )
            followed: Following = await patient(connect)
            parts.following = followed
            if hints := hints_of(settings, database):
                await stack.enter_async_context(hints.heard(woken.hint))
            async with _live_prices(settings, followed):
                await followed.listener.run()

    def finish() -> bool:
        if parts.following:
            parts.following.listener.finish()
        return parts.following is not None

    return lambda stop: until(stop, work(), finish)


@contextlib.asynccontextmanager
async def _live_prices(settings: Settings, followed: Following) -> AsyncIterator[None]:
    """Live prices of what *followed* changes, as often as the settings say, until the block ends."""
    seconds = settings.live_prices_interval_ms / 1_000
    refreshing = asyncio.create_task(LivePrices(followed.ledger, followed.changed).run(seconds)) if seconds else None
    try:
        yield
    finally:
        if refreshing:
            refreshing.cancel()
            await asyncio.wait({refreshing})


def _compare(settings: Settings, database: Database, book: ClickHouseLedger, chain_id: int, *, explicit: bool) -> None:
    """Warn of what the settings say and the store does not hold."""
    begun = book.first_block()
    if begun is not None and settings.start_block < begun and not explicit:
        again = f"`datafeed backfill --from {settings.start_block} --again` reads everything anew"
        logger.warning("START_BLOCK is %d, but nothing before block %d is stored: %s", settings.start_block, begun, again)
    others = [int(stored) for stored, _ in database.rows(query("chains"))]
    if others and chain_id not in others:
        logger.warning("RPC_URL is chain %d, of which nothing is stored yet, beside chain %s", chain_id, ", ".join(map(str, others)))


def _say(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, DatafeedError) and state.next_action:
        logger.warning("%s; next try in %.1f s. %s", error, state.next_action.sleep, error.help)

"""Pages over the real store: what they answer is what it answers."""

import random

import orjson
import pytest
from anyio.to_thread import run_sync

from app.cache.guarded import Guarded
from app.cache.lru import Lru
from app.cache.pages import CandlePages
from app.cache.redis import RedisCache
from app.cache.tiered import Tiered
from app.domain.resolution import RESOLUTIONS
from app.feed.candles import StoredCandles
from app.store.client import Database
from app.store.gate import RewindGate
from app.store.reader import Reader
from tests.cache.servers import RedisServer
from tests.depth import share
from tests.store.ledgers import ledger_on
from tests.store.rows import GENESIS, batch

pytestmark = pytest.mark.anyio

MARKETS = (1, 2, 3)


async def test_commits_and_rewinds_show_through_the_caches(database: Database, redis_server: RedisServer) -> None:
    source = StoredCandles(Reader(database, RewindGate(database), concurrency=4))
    ledger = await run_sync(ledger_on, database)
    guarded = Guarded(RedisCache(redis_server.url), timeout=30)
    async with Tiered(Lru(8_000_000), guarded, namespace="datafeed:test:") as cache:
        one, other = (CandlePages(source, cache, Lru(1_000_000), ttl=lambda _: 300, closed_ttl=600) for _ in range(2))
        block = 0
        for fork, (back, on) in enumerate([(0, 150), (0, 120), (90, 100), (0, 3), (3, 1), (0, 200)]):
            first = block - back + 1 if block else 0
            if back:
                await run_sync(ledger.rewind, first)
            block = first + on
            await run_sync(ledger.commit, batch(first, block, fork))
            for market_id in MARKETS:
                one.changed(market_id)
                other.changed(market_id)
            for candles in (one, other, one):
                await check_charts(candles, source, GENESIS + 5 * block, random.Random(fork))
    assert guarded.statistics().failures == 0
    assert cache.statistics().memory_hits > 0


async def check_charts(candles: CandlePages, source: StoredCandles, end: int, random_: random.Random) -> None:
    for resolution in share(list(RESOLUTIONS.values()), random_.randrange(2), 2):
        for market_id in MARKETS:
            since = random_.choice([0, GENESIS + 300, end - 60])
            until, limit = end + random_.choice([-200, 0, 1, 10**6]), random_.choice([1, 2, 330])
            found = await candles.bars(market_id, resolution, since, max(since, until), limit)
            truth = await source.bars(market_id, resolution, since, max(since, until), limit)
            assert (found.bars, found.older) == (truth.bars, truth.older)
            if truth.bars:
                assert found.columns == truth.columns.translate(None, b" \t\n")
                assert orjson.loads(found.columns) == orjson.loads(truth.columns)

"""Answers by way of the caches are those of the store, byte for byte, while blocks are committed and taken back."""

import contextlib
import random
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, NamedTuple

import pytest
from anyio.lowlevel import checkpoint
from httpx2 import Response
from pydantic import SecretStr
from starlette.testclient import TestClient

from app import main
from app.cache.pages import Answer
from app.cache.standings import HEARD_SECONDS
from app.domain.resolution import RESOLUTIONS, Resolution
from app.feed.candles import StoredCandles, candle_pages
from app.live.memory import MemoryBus
from app.settings import Settings
from app.settings.limits import WITHOUT_LIMITS
from app.store.client import Database
from app.store.reader import Reader
from app.store.writer import ClickHouseLedger
from tests.cache.clock import Clock
from tests.cache.servers import RedisServer
from tests.depth import DEEP
from tests.feed.points import add_market
from tests.store.ledgers import ledger_on
from tests.store.rows import GENESIS, batch

MARKETS: Final = (1, 2, 3)
Asking = tuple[str, tuple[tuple[str, str], ...]]
"""A path and its query."""

STEPS: Final = 5
BLOCKS: Final = (0, 1, 20, 130, 260)
"""That are committed, or taken back, at once. The 121st is the first of a month."""


class Uncached:
    """The store's own answers, where the caches' are expected."""

    def __init__(self, reader: Reader) -> None:
        self._source = StoredCandles(reader)

    async def bars(self, market_id: int, resolution: Resolution, since: int, until: int, limit: int) -> Answer:
        found = await self._source.bars(market_id, resolution, since, until, limit)
        return Answer(found.columns.translate(None, b" \t\n"), found.bars, found.older)

    def known(self, _: int) -> None:
        """Nothing is, so that no answer is given again."""


@contextlib.asynccontextmanager
async def uncached(_: Settings, reader: Reader, store: str, **how: object) -> AsyncIterator[Uncached]:
    """In place of `candle_pages`."""
    yield Uncached(reader)


class Services(NamedTuple):
    """Three of one store. The two with caches share a Redis, too; one of them is told what changes, the other is not."""

    told: TestClient
    untold: TestClient
    plain: TestClient


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    """A Redis with nothing in it, to begin with."""
    with RedisServer() as server:
        yield server


@pytest.mark.parametrize("seed", range(2 if DEEP else 1))
def test_caches_show_what_is_stored(seed: int, database: Database, redis: RedisServer) -> None:
    pick, clock, bus = random.Random(seed), Clock(), MemoryBus(50_000)
    for market_id in MARKETS:
        add_market(database, market_id, f"M{market_id}")
    ledger, head = ledger_on(database, on_news=bus.publish), 0
    asking: list[Asking] = []
    seen_told: dict[Asking, Response] = {}
    seen_untold: dict[Asking, Response] = {}
    with opened(database, redis, clock, bus) as services, ThreadPoolExecutor(1) as writer:
        for fork in range(STEPS):
            # The first block stays: the markets, which are older, would be taken back with it.
            back, on = min(max(0, head - 1), pick.choice(BLOCKS)), pick.choice(BLOCKS)
            asking = [*asking[-8:], *(drawn(pick, head) for _ in range(8))]  # some of it again, for it may be kept
            writing = writer.submit(write, ledger, head, back, on, fork)
            for request in asking:  # what is answered now may be of before or after, and must not be kept as the other
                for service in (services.told, services.untold):
                    assert asked(service, request).status_code in (200, 503)
            writing.result()
            head += on - back
            await_news(services.told)
            check_same(services.told, services.plain, asking, seen_told)
            clock.now += HEARD_SECONDS
            asking += [drawn(pick, head) for _ in range(4)]
            check_same(services.untold, services.plain, asking, seen_untold)
    with redis.client() as client:
        assert client.info("stats")["keyspace_hits"] > 0


def write(ledger: ClickHouseLedger, head: int, back: int, on: int, fork: int) -> None:
    """Take *back* so many blocks of those up to *head*, and commit so many of another fork."""
    first = head - back + 1
    if back:
        ledger.rewind(first)
    if on:
        ledger.commit(batch(first, head - back + on, fork))


def await_news(service: TestClient) -> None:
    """Let the service hear what was told: that takes a few turns of its event loop."""
    assert service.portal
    for _ in range(10):
        service.portal.call(checkpoint)


def check_same(service: TestClient, plain: TestClient, asking: list[Asking], seen: dict[Asking, Response]) -> None:
    """Each answer is the one without caches, asked once more, too; who has it from *seen*, the answers before, is told so."""
    for request in asking:
        found, expected = asked(service, request), asked(plain, request)
        assert (found.status_code, found.content) == (200, expected.content), request
        before = seen.get(request, found)
        again = asked(service, request, {"If-None-Match": before.headers["etag"]})
        unchanged = before.content == expected.content
        assert (again.status_code, again.content) == ((304, b"") if unchanged else (200, expected.content)), request
        seen[request] = found


def asked(service: TestClient, request: Asking, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to *request*."""
    path, query = request
    return service.get(path, params=dict(query), headers=headers)


def drawn(pick: random.Random, head: int) -> Asking:
    """A request for bars of a market near its latest events."""
    path, query = _drawn(pick, head)
    return path, tuple(query.items())


def _drawn(pick: random.Random, head: int) -> tuple[str, dict[str, str]]:
    end = GENESIS + 5 * head
    since, until = sorted(pick.choice([0, GENESIS - 7, GENESIS + 600, end - 400, end, end + 1, end + 10**6]) for _ in range(2))
    query = {"symbol": f"M{pick.choice(MARKETS)}", "from": str(since), "to": str(until)}
    resolution = pick.choice(list(RESOLUTIONS.values()))
    match pick.randrange(5):
        case 0:
            return "/api/tradingview/history", query | {"resolution": resolution.key}
        case 1:
            return "/api/tradingview/history", query | {"resolution": resolution.key, "countback": str(pick.choice([1, 2, 330]))}
        case 2:
            kind = pick.choice(["ohlcv", "volume"])
            fill = pick.choice(["none", "previous"])
            return f"/api/lightweight/{kind}", query | {"timeframe": resolution.name, "fill": fill, "limit": str(pick.choice([1, 30, 600]))}
        case 3:
            return "/api/lightweight/ohlcv", query | {"timeframe": resolution.name, "extended": "true"}
        case _:
            return "/api/v1/candles", query | {"interval": resolution.name, "limit": str(pick.choice([1, 30, 600]))}


@contextlib.contextmanager
def opened(database: Database, redis: RedisServer, clock: Clock, news: MemoryBus) -> Iterator[Services]:
    """The services, whose caches go by *clock*; the one that is told hears *news*, the other a bus on which nobody tells."""
    shared = Settings(**WITHOUT_LIMITS, redis_url=SecretStr(redis.url), cache_timeout_ms=30_000)
    timed = partial(candle_pages, clock=clock)
    with contextlib.ExitStack() as stack:

        def serve(settings: Settings, candles: Callable[..., object], bus: MemoryBus | None = None) -> TestClient:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(main, "candle_pages", candles)
                return stack.enter_context(TestClient(main.create_app(settings, database, bus)))

        yield Services(serve(shared, timed, news), serve(shared, timed), serve(Settings(**WITHOUT_LIMITS), uncached))

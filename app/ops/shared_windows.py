"""Counts requests in sliding windows that several processes share, in Redis; in this process alone while Redis is away."""

import asyncio
import logging
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Final, Self

from limits import RateLimitItemPerSecond
from limits.aio.storage import RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from redis.asyncio import BlockingConnectionPool
from redis.exceptions import RedisError

from app.ops.windows import MOST_CLIENTS, Limit, Windows, until_room

logger = logging.getLogger(__name__)

PREFIX: Final = "datafeed:limits"

PATIENCE: Final = 0.15
"""Seconds that Redis has to answer."""

PAUSE: Final = 5.0
"""Seconds for which it is left alone when it did not."""

CONNECTIONS: Final = 16
"""Connections to Redis, at most."""

UNTOLD: Final = 20
"""A process tells Redis of a client's requests by the twentieth part of the limit, so that most of them wait for nothing."""


class SharedWindows:
    """`Windows` for several processes. Of limits from 20 on, each process may let through a twentieth more."""

    def __init__(self, url: str, local: Windows, clock: Callable[[], float] = time.monotonic) -> None:
        """*local* counts while Redis at *url* is away."""
        self._pool = BlockingConnectionPool.from_url(
            url, max_connections=CONNECTIONS, timeout=PATIENCE, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE
        )
        self._storage = RedisStorage(f"async+{url}", implementation="redispy", key_prefix=PREFIX, connection_pool=self._pool)  # type: ignore[arg-type]
        self._counter = SlidingWindowCounterRateLimiter(self._storage)
        self._local = local
        self._clock = clock
        self._shares: OrderedDict[tuple[Limit, str], _Share] = OrderedDict()
        self._rest_ends = 0.0
        self.is_away = False
        """Redis does not answer: this process counts for itself."""
        self.latency: float | None = None
        """Seconds that its last answer took; None where there was none yet."""
        self.refused: Counter[str] = Counter()
        """Requests since the start, by the limit's name."""

    async def hit(self, limit: Limit, client: str) -> float:
        """Count a request of *client*, if it may be made: 0. Else the seconds until one may."""
        share = self._share(limit, client)
        now = self._clock()
        if now < share.refused_until:
            return share.refused_until - now
        if share.granted:
            share.granted -= 1
            share.untold += 1
            return 0.0
        if now < self._rest_ends:
            return self._local.hit(limit, client)
        if self.is_away:  # one request tries; the others do not wait for it
            self._rest_ends = now + PAUSE
        try:
            async with asyncio.timeout(PATIENCE):
                wait = await self._ask(limit, client, share)
                self.latency = self._clock() - now
        except (RedisError, OSError, TimeoutError) as error:
            self._went(error)
            return self._local.hit(limit, client)
        self._came()
        share.refused_until = self._clock() + wait if wait else 0.0
        return wait

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pool.aclose()

    async def _ask(self, limit: Limit, client: str, share: "_Share") -> float:
        cost, share.untold = share.untold + 1, 0
        item = RateLimitItemPerSecond(limit.amount, limit.seconds, limit.name)
        if await self._counter.hit(item, client, cost=cost):
            share.granted = limit.amount // UNTOLD
            return 0.0
        share.untold = cost - 1
        before, before_left, now, now_left = await self._storage.get_sliding_window(item.key_for(client), limit.seconds)
        left = before_left or (now_left - limit.seconds)
        return max(until_room(limit, before, left, now), 1.0)

    def _share(self, limit: Limit, client: str) -> "_Share":
        share = self._shares.get((limit, client))
        if share is None:
            if len(self._shares) >= MOST_CLIENTS:
                self._shares.popitem(last=False)
            share = self._shares[limit, client] = _Share()
        else:
            self._shares.move_to_end((limit, client))
        return share

    def _went(self, error: Exception) -> None:
        if not self.is_away:
            logger.warning("Redis is away (%s): each process limits requests for itself", type(error).__name__)
        self.is_away = True
        self._rest_ends = self._clock() + PAUSE

    def _came(self) -> None:
        if self.is_away:
            logger.warning("Redis is back: limits of requests are shared again")
        self.is_away = False
        self._rest_ends = 0.0


class _Share:
    """What a process knows of one client: requests it may let through without asking, those it has not told of, and a refusal."""

    __slots__ = ("granted", "refused_until", "untold")

    def __init__(self) -> None:
        self.granted = self.untold = 0
        self.refused_until = 0.0

"""Two levels, and one load a key: this process's memory, a shared cache behind it, and the store behind both."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple, Self

from app.cache.base import Entry
from app.cache.guarded import Guarded, GuardStatistics
from app.cache.lru import Lru
from app.cache.sealed import seal, unseal

ABSENT = b""
"""How the caches keep that there is nothing: no value is empty."""


class Loaded(NamedTuple):
    """What a load found: a value, or None where there is nothing; and the seconds to keep that for, 0 for not at all."""

    value: bytes | None
    ttl: int


Load = Callable[[list[str]], Awaitable[Mapping[str, Loaded]]]
"""Finds the values of some keys; what it returns has every one of them."""


class Statistics(NamedTuple):
    """Keys asked for since the start, by where they were found, and what the memory holds now.

    `joined` keys were being loaded for somebody else already; `strange` ones were in the shared cache, but not written by this program.
    """

    memory_hits: int
    shared_hits: int
    loaded: int
    joined: int
    strange: int
    failed: int
    entries: int
    used_bytes: int
    budget_bytes: int
    evictions: int
    shared: GuardStatistics | None


class Tiered:
    """Gets values from the nearest level that has them. Keys begin with *namespace* in the shared cache."""

    def __init__(
        self, memory: Lru[bytes], shared: Guarded | None = None, *, namespace: str = "", clock: Callable[[], float] = time.time
    ) -> None:
        """*clock* says the seconds since 1970: processes that share a cache should agree on them within a few seconds."""
        self._memory = memory
        self._shared = shared
        self._namespace = namespace
        self._clock = clock
        self._flights: dict[str, asyncio.Future[bytes | None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._memory_hits = self._shared_hits = self._loaded = self._joined = self._strange = self._failed = 0

    async def get_many(self, keys: Sequence[str], load: Load) -> list[bytes | None]:
        """The values of *keys*, None where there is nothing. What no level has, *load* finds, all at once.

        Requests for one key share its load; who stops waiting leaves it to the others. A load that fails fails for all who wait
        for it, and is not remembered. As many loads are under way as there are different keys asked for: the loader is the one to say no.
        """
        found: dict[str, bytes | None] = {}
        waiting: dict[str, asyncio.Future[bytes | None]] = {}
        missing: list[str] = []
        for key in keys:
            value = self._memory.get(key)
            if value is not None:
                self._memory_hits += 1
                found[key] = value or None
            elif key in self._flights:
                self._joined += 1
                waiting[key] = self._flights[key]
            elif key not in waiting:
                missing.append(key)
                waiting[key] = self._flights[key] = asyncio.get_running_loop().create_future()
        if missing:
            self._take_off({key: waiting[key] for key in missing}, load)
        for key, flight in waiting.items():
            found[key] = await asyncio.shield(flight)
        return [found[key] for key in keys]

    async def get(self, key: str, load: Callable[[], Awaitable[Loaded]]) -> bytes | None:
        """The value of one key, as `get_many`."""

        async def load_one(_: list[str]) -> dict[str, Loaded]:
            return {key: await load()}

        return (await self.get_many([key], load_one))[0]

    def forget(self, keys: Sequence[str]) -> None:
        """Make room: drop *keys* here, and in the shared cache if it can be reached. Nothing may rest on the latter (see `guarded`)."""
        for key in keys:
            self._memory.discard(key)
            self._flights.pop(key, None)  # what is being loaded may be from before
        if self._shared:
            self._shared.delete_many([self._namespace + key for key in keys])

    async def ping(self) -> float | None:
        """Seconds in which the shared cache answers; None where it does not, or there is none."""
        return await self._shared.ping() if self._shared else None

    def statistics(self) -> Statistics:
        """Figures of this moment."""
        counts = (self._memory_hits, self._shared_hits, self._loaded, self._joined, self._strange, self._failed)
        memory = (len(self._memory), self._memory.used, self._memory.budget, self._memory.evictions)
        return Statistics(*counts, *memory, self._shared.statistics() if self._shared else None)

    async def __aenter__(self) -> Self:
        if self._shared:
            await self._shared.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        if self._shared:
            await self._shared.__aexit__(None, None, None)

    def _take_off(self, flights: dict[str, asyncio.Future[bytes | None]], load: Load) -> None:
        def landed(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            for key, flight in flights.items():
                flight.cancel()  # where the service ends, perhaps before it began
                if self._flights.get(key) is flight:
                    del self._flights[key]

        task = asyncio.create_task(self._fly(flights, load))  # nobody's own: whoever asked first may leave
        self._tasks.add(task)
        task.add_done_callback(landed)

    async def _fly(self, flights: dict[str, asyncio.Future[bytes | None]], load: Load) -> None:
        try:
            missing = await self._from_shared(flights)
            if missing:
                loaded = await load(missing)
                self._loaded += len(missing)
                for key in missing:
                    self._keep(key, loaded[key], flights[key])
                self._share({key: loaded[key] for key in missing if self._flights.get(key) is flights[key]})
                for key in missing:
                    flights[key].set_result(loaded[key].value)
        except Exception as error:
            self._failed += 1
            for flight in flights.values():
                if not flight.done():
                    flight.set_exception(error)
                    flight.exception()  # perhaps nobody waits any more: no word about that

    async def _from_shared(self, flights: Mapping[str, asyncio.Future[bytes | None]]) -> list[str]:
        """Land those *flights* whose keys the shared cache has; the keys that it does not have."""
        if not self._shared:
            return list(flights)
        names = [self._namespace + key for key in flights]
        missing = []
        for (key, flight), name, sealed in zip(flights.items(), names, await self._shared.get_many(names), strict=True):
            opened = unseal(name, sealed, self._clock()) if sealed is not None else None
            if opened is None:
                missing.append(key)
                self._strange += sealed is not None
                continue
            self._shared_hits += 1
            if self._flights.get(key) is flight:
                self._memory.put(key, opened.value, len(key) + len(opened.value), opened.ttl)
            flight.set_result(opened.value or None)
        return missing

    def _keep(self, key: str, loaded: Loaded, flight: asyncio.Future[bytes | None]) -> None:
        if self._flights.get(key) is flight:
            value = loaded.value or ABSENT
            self._memory.put(key, value, len(key) + len(value), loaded.ttl)

    def _share(self, loaded: Mapping[str, Loaded]) -> None:
        if not self._shared:
            return
        entries = []
        for key, (value, ttl) in loaded.items():
            if ttl > 0:
                name = self._namespace + key
                entries.append(Entry(name, seal(name, value or ABSENT, int(self._clock()) + ttl), ttl))
        if entries:
            self._shared.set_many(entries)

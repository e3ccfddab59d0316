"""How the service and what it depends on are: looked at when somebody asks, but rarely, and never twice at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from time import monotonic, time
from typing import Final, NamedTuple

from app.domain.errors import DatafeedError
from app.live.shared import SharedBus
from app.parts import Parts
from app.settings import Settings
from app.store.client import Database, StoreError
from app.store.lease import TICKING, holders
from app.store.progress_reader import Progress, progress
from app.store.schema import SchemaChanged, pending

FRESH: Final = 2.0
"""Seconds for which what was found is told again: so often is the store asked, however many ask here."""

PATIENCE: Final = 2.0
"""Seconds that the store has to answer. A question that takes longer is not put a second time before it ends."""

RECENT: Final = 15.0
"""Seconds for which what was found may stand for now where nobody looks."""

OK, DEGRADED, DOWN, OFF = "ok", "degraded", "down", "off"


class Dependency(NamedTuple):
    """`off`: not configured, or not in this process. `latency` is in seconds, of the last exchange; None where there was none yet."""

    state: str
    latency: float | None = None


class Lag(NamedTuple):
    """How far what is stored is behind the chain: blocks, and seconds since the newest stored block was made. None where unknown."""

    blocks: int | None = None
    seconds: float | None = None
    block: int | None = None
    head: int | None = None


class Stored(NamedTuple):
    """What the store said."""

    latency: float
    is_migrated: bool
    progress: Progress | None
    leases: Mapping[int, bool]
    """Those that are held, by chain, and whether this process holds them; none where the user may not read them."""
    version: str
    """The engine's; empty where it was not asked yet."""


class Found(NamedTuple):
    """What one look found; `stored` is None where the store does not answer."""

    at: float
    stored: Stored | None
    cache: Dependency


class Health:
    """Of this process; all calls are made in one event loop."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        self._settings = settings
        self._parts = parts
        self._found: Found | None = None
        self._lag = Lag()
        self._looking: asyncio.Task[Found] | None = None
        self._asking: asyncio.Task[Stored] | None = None
        self._is_migrated = False
        self._version = ""

    async def look(self) -> Found:
        """What is found now, or was `FRESH` seconds ago at most."""
        if self._found and monotonic() - self._found.at < FRESH:
            return self._found
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())  # nobody's own: who asked first may leave
        return await asyncio.shield(self._looking)

    @property
    def known_lag(self) -> Lag:
        """The lag without looking now: the listener's, else what it was at the last look, if that was within `RECENT`."""
        if self._parts.following:
            return self.lag(None)
        return self._lag if self._found and monotonic() - self._found.at < RECENT else Lag()

    def lag(self, found: Found | None) -> Lag:
        """By the listener, where one runs here and reads; else, also where another process listens and this one would succeed it, by the
        newest checkpoint that was *found*, and the chain's pace."""
        held = found.stored if found else None
        stored = held.progress if held else None
        following = self._parts.following
        if following is None:
            return Lag() if self._parts.listens or stored is None else _by_checkpoint(stored)
        listener, ledger = following.listener.statistics(), following.ledger.statistics()
        if listener.lag is None and held and stored and _is_followed_elsewhere(held):
            return _by_checkpoint(stored)
        seconds = max(0.0, time() - ledger.time) if ledger.time else None
        return Lag(listener.lag, seconds, ledger.block if ledger.block >= 0 else None, listener.head)

    def unready(self, found: Found) -> list[str]:
        """Why this process should not be sent requests now; nothing where it is ready."""
        if found.stored is None:
            return ["the store does not answer"]
        reasons = [] if found.stored.is_migrated else ["the schema is not up to date: `datafeed migrate` makes it so"]
        most, lag = self._settings.max_lag_blocks, self.lag(found)
        if most and self._parts.listens and lag.blocks is None:
            reasons.append("the listener has not heard yet how far the chain is")
        elif most and lag.blocks is not None and lag.blocks > most:
            reasons.append(f"what is stored is {lag.blocks} blocks behind the chain, more than MAX_LAG_BLOCKS")
        return reasons

    def dependencies(self, found: Found) -> dict[str, Dependency]:
        """Each by its name; the store is the one that nothing works without."""
        return {
            "store": Dependency(OK, found.stored.latency) if found.stored else Dependency(DOWN),
            "cache": found.cache,
            "bus": self._bus(),
            "limits": self._limits(),
            "node": self._node(),
            "pusher": self._pusher(),
        }

    def status(self, found: Found) -> str:
        """`ok`; `degraded` where something is down that charts go on without, or where this process is not ready; `down` where the store
        is, as nothing new can be answered."""
        down = [name for name, dependency in self.dependencies(found).items() if dependency.state == DOWN]
        return DOWN if "store" in down else DEGRADED if down or self.unready(found) else OK

    async def _look(self) -> Found:
        stored, cache = await asyncio.gather(self._stored(), self._cache())
        self._found = Found(monotonic(), stored, cache)
        self._lag = self.lag(self._found)
        return self._found

    async def _stored(self) -> Stored | None:
        database = self._parts.database
        if database is None:
            return None
        if self._asking is None:
            self._asking = asyncio.create_task(asyncio.to_thread(self._ask, database))
        await asyncio.wait({self._asking}, timeout=PATIENCE)
        if not self._asking.done():
            return None
        asked, self._asking = self._asking, None
        try:
            return asked.result()
        except DatafeedError:
            return None

    def _ask(self, database: Database) -> Stored:
        self._is_migrated = self._is_migrated or _is_migrated(database)
        begun = monotonic()
        if not self._is_migrated:
            database.rows("SELECT 1")
            return Stored(monotonic() - begun, False, None, {}, self._version)
        reached = progress(database)
        latency = monotonic() - begun
        self._version = self._version or "".join(version for (version,) in database.rows("SELECT version()"))
        return Stored(latency, True, reached, _leases(database), self._version)

    async def _cache(self) -> Dependency:
        candles = self._parts.candles
        if candles is None or candles.statistics().values.shared is None:
            return Dependency(OFF)
        latency = await candles.ping()
        return Dependency(DOWN) if latency is None else Dependency(OK, latency)

    def _bus(self) -> Dependency:
        if not isinstance(self._parts.bus, SharedBus):
            return Dependency(OFF)
        bus = self._parts.bus.statistics()
        return Dependency(DOWN) if bus.is_away else Dependency(OK, bus.latency)

    def _limits(self) -> Dependency:
        is_away = getattr(self._parts.windows, "is_away", None)
        if is_away is None:
            return Dependency(OFF)
        return Dependency(DOWN) if is_away else Dependency(OK, getattr(self._parts.windows, "latency", None))

    def _node(self) -> Dependency:
        if self._parts.following is None:
            return Dependency(DOWN if self._parts.listens else OFF)
        nodes = self._parts.following.source.rpc.statistics()
        answering = next((node for node in nodes if node.is_up), None)
        return Dependency(OK, answering.latency) if answering else Dependency(DOWN)

    def _pusher(self) -> Dependency:
        if self._parts.publisher is None:
            return Dependency(OFF)
        pushed = self._parts.publisher.statistics()
        return Dependency(DOWN) if pushed.is_failing else Dependency(OK, pushed.latency)


def _by_checkpoint(stored: Progress) -> Lag:
    return Lag(stored.lag(time()), max(0.0, time() - stored.time), stored.block)


def _is_followed_elsewhere(stored: Stored) -> bool:
    ours = [is_ours for chain_id, is_ours in stored.leases.items() if chain_id != TICKING]
    return bool(ours) and not any(ours)


def _leases(database: Database) -> Mapping[int, bool]:
    try:
        return holders(database)
    except StoreError:
        return {}


def _is_migrated(database: Database) -> bool:
    try:
        return not pending(database)
    except SchemaChanged:
        return False

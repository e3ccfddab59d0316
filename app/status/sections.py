"""What the page tells in words: named figures and tables, read where the parts count them."""

from __future__ import annotations

import platform
import threading
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from time import time
from typing import TYPE_CHECKING, Final, NamedTuple

from app.health import OFF, Dependency, Found, Lag
from app.live.shared import SharedBus
from app.parts import STORE, Parts
from app.status.shown import UNKNOWN, duration, milliseconds, number, share
from app.store.lease import TICKING

if TYPE_CHECKING:
    from app.cache.lru import LruStatistics
    from app.cache.tiered import Statistics

DEPENDENCIES: Final = {
    "store": "Store",
    "cache": "Shared cache",
    "bus": "News between processes",
    "limits": "Shared limits",
    "node": "Node of the chain",
    "pusher": "Pusher",
}

MEGABYTE: Final = 1_000_000

MOST_ROUTES: Final = 40
"""Of a table; the others are in the figures for Prometheus."""


class Facts(NamedTuple):
    """Names and values; `note` says what they do not."""

    title: str
    rows: Sequence[tuple[str, str]]
    note: str = ""


class Table(NamedTuple):
    """The first column of each row names it; the others are figures."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


def chain(parts: Parts, found: Found, lag: Lag) -> Facts:
    """How far what is stored has come, and what happened on the way."""
    rows = [("Newest stored block", number(lag.block)), ("Newest block to read", number(lag.head))]
    stored = found.stored.progress if found.stored else None
    if parts.following is None:
        if stored:
            rows.append(("Chain", str(stored.chain_id)))
        waiting = "The listener of this process waits for a node."
        elsewhere = "No listener runs in this process: this is by the newest checkpoint in the store, and the chain's pace."
        return Facts("Chain", rows, waiting if parts.listens else elsewhere)
    ledger, listener = parts.following.ledger.statistics(), parts.following.listener.statistics()
    ago = None if ledger.committed_at is None else max(0.0, time() - ledger.committed_at)
    return Facts(
        "Chain",
        [
            *rows,
            ("Last commit", "none yet" if ago is None else f"{duration(ago)} ago"),
            ("Commits", number(ledger.commits)),
            ("Events committed", number(ledger.trades)),
            ("Logs set aside", number(ledger.set_aside)),
            ("Rewinds", number(ledger.rewinds)),
            ("Reorganisations", number(listener.reorganisations)),
        ],
        "Counts are since the start of this process.",
    )


def dependencies(found: dict[str, Dependency]) -> Table:
    """What the process cannot do without, or can for a while."""
    states = {name: "not in use" if each.state == OFF else each.state for name, each in found.items()}
    rows = [(DEPENDENCIES[name], states[name], milliseconds(each.latency)) for name, each in found.items()]
    return Table("Depends on", ("", "State", "Last answer"), rows)


def nodes(parts: Parts) -> Table | None:
    """Those of the chain, by their hosts."""
    if parts.following is None:
        return None
    rows = [
        (node.host, "up" if node.is_up else "down", milliseconds(node.latency), number(node.calls), number(sum(node.errors.values())))
        for node in parts.following.source.rpc.statistics()
    ]
    return Table("Nodes", ("", "State", "Last answer", "Calls", "Failed"), rows)


def caches(parts: Parts) -> Table | None:
    """How often they had what was asked for."""
    if not (parts.candles and parts.lists and parts.ready):
        return None
    kept = {"candles": parts.candles.statistics().values, "lists": parts.lists.statistics()}
    rows = []
    for name, values in kept.items():
        levels = {level: count for (cache, level), count in parts.lookups.items() if cache == name}
        asked = sum(levels.values())
        hit = share(1 - levels[STORE] / asked if asked else None)
        rows.append((name.capitalize(), number(asked), hit, *_memory(values)))
    rows.append(("Ready answers", number(parts.ready.hits), UNKNOWN, *_memory(parts.ready.statistics())))
    return Table("Caches", ("", "Asked", "Had it", "MB used", "Evicted"), rows, "What ready answers had counts among candles, too.")


def live(parts: Parts) -> Facts:
    """Who hears live updates, and what waits to be told."""
    rows = []
    if streams := parts.connections:
        of_streams = streams.statistics()
        rows += [("WebSockets", number(of_streams.connections)), ("Series that they hear", number(of_streams.hub.subscriptions))]
        rows += [("Messages waiting for them", number(of_streams.messages)), ("WebSockets refused", number(of_streams.refused))]
    if local := parts.local:
        rows += [("Pusher's clients, here", number(len(local.channels))), ("Channels that they hear", number(local.channels.subscriptions))]
    if publisher := parts.publisher:
        pushes = publisher.statistics()
        rows += [("Events pushed", number(pushes.pushed)), ("Events waiting", number(pushes.waiting))]
        rows += [("Events lost", number(pushes.dropped + pushes.refused))]
    if bus := parts.bus:
        told = bus.statistics()
        rows += [("News waiting in this process", number(told.rows_waiting))]
        rows += [("News told to other processes", number(told.sent))] if isinstance(bus, SharedBus) else []
    return Facts("Live updates", rows or [("WebSockets", "none in this process")])


def processes(parts: Parts, found: Found) -> Facts:
    """What runs here, and what is known of others."""
    rows = list(_elsewhere(parts, found))
    rows += [("vamm-datafeed", version("vamm-datafeed")), ("ClickHouse", (found.stored.version if found.stored else "") or UNKNOWN)]
    rows += [("Python", platform.python_version()), ("Threads", number(threading.active_count()))]
    return Facts("Processes and versions", rows)


def routes(parts: Parts) -> Table:
    """How long answers take, the most asked for first."""
    rows = []
    for route, each in parts.requests.most_asked[:MOST_ROUTES]:
        rows.append((route, number(each.times.count), number(each.failed), *map(milliseconds, each.percentiles())))
    note = "Percentiles are of the last 1,024 of each. Failed are answers of 500 and above."
    return Table("Requests", ("", "Answered", "Failed", "p50", "p95", "p99"), rows, note)


def _memory(values: Statistics | LruStatistics) -> tuple[str, str]:
    return f"{number(values.used_bytes / MEGABYTE, 1)} of {number(values.budget_bytes / MEGABYTE)}", number(values.evictions)


def _elsewhere(parts: Parts, found: Found) -> Iterator[tuple[str, str]]:
    held = found.stored.leases if found.stored else {}
    writers = [is_here for chain_id, is_here in held.items() if chain_id != TICKING]
    yield "Writes to the store", "nobody" if not writers else "this process" if any(writers) else "another process"
    if TICKING in held:
        yield "Pushes what changes", "this process" if held[TICKING] else "another process"
    if parts.local and parts.local.audience.others:
        yield "Other processes that serve Pusher's clients", number(parts.local.audience.others)

"""The commands `datafeed storage` and `datafeed queries`: what the store takes, and what takes the store long."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from app.console import settings_for
from app.ops import screen

if TYPE_CHECKING:
    from app.store.inspection import SlowQuery

HOUR = 3_600
MEGABYTE = 1_000_000


def storage(context: typer.Context) -> None:
    """Show what each table takes: rows, parts, bytes on disk, and how many times compression makes its columns smaller.

    On a cluster these are the figures of the server that answers.
    """
    from app import service
    from app.store.inspection import TableSize, table_sizes

    settings = settings_for(context)
    with service.store(settings, writes=False) as database:
        sizes = table_sizes(database)
    everything = TableSize("all", *(sum(counts) for counts in zip(*(each[1:] for each in sizes), strict=True)))
    rows = [(each.table, f"{each.rows:,}", each.parts, _megabytes(each.on_disk), _ratio(each.ratio)) for each in [*sizes, everything]]
    screen.table("Storage", ("table", "#rows", "#parts", "#MB on disk", "#compression"), rows)


def queries(
    context: typer.Context,
    hours: Annotated[int, typer.Option(min=1, max=24 * 366, help="Hours to look back.")] = 1,
    limit: Annotated[int, typer.Option(min=1, max=screen.MOST_ROWS, help="Slow statements to list.")] = 20,
) -> None:
    """Show how long statements took, by kind, and the slowest ones, from the log that a ClickHouse server keeps of them.

    chDB keeps none: there `/metrics` and `/stats` of the running process tell. A server writes its log some seconds late.

    `datafeed queries --hours 24`
    """
    from app import service
    from app.store.inspection import query_kinds, slow_queries

    settings = settings_for(context)
    since = int(time.time()) - hours * HOUR
    with service.store(settings, writes=False) as database:
        kinds, slowest = query_kinds(database, since), slow_queries(database, since, limit)
    if not kinds:
        screen.out.print("the log has no statement of that time")
        return
    screen.table(
        "By kind",
        ("kind", "#statements", "#failed", "#p50 ms", "#p95 ms", "#p99 ms", "#rows read"),
        [(*each[:3], f"{each.p50:.1f}", f"{each.p95:.1f}", f"{each.p99:.1f}", f"{each.read_rows:,}") for each in kinds],
    )
    screen.table(
        "Slowest",
        ("ended, UTC", "#ms", "#rows read", "#MB read", "#MB of memory", "kind", "query"),
        map(_slow, slowest),
    )


def _slow(each: SlowQuery) -> tuple[object, ...]:
    bytes_ = map(_megabytes, (each.read_bytes, each.memory))
    return (screen.moment(each.time), each.milliseconds, f"{each.read_rows:,}", *bytes_, each.kind, each.name)


def _megabytes(count: int) -> str:
    return f"{count / MEGABYTE:,.1f}"


def _ratio(times: float | None) -> str:
    return "" if times is None else f"{times:.1f}"

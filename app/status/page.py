"""The page put together: state, plots of the last hour, what there is to know of each part."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from string import Template
from time import monotonic
from typing import Final, NamedTuple

from app.health import DEGRADED, DOWN, OK, Dependency, Found, Lag
from app.parts import Parts
from app.status import sections, shown
from app.status.hour import SPAN, Hour, Step
from app.status.plot import plot

PAGE: Final = Template((Path(__file__).parents[1] / "pages" / "status.html").read_text(encoding="utf-8"))

STATES: Final = {OK: "Everything is well", DEGRADED: "Something is down or behind", DOWN: "The store does not answer"}


SHORTEST: Final = 120.0
"""Seconds that the plots of a process are of when it has just begun."""


class State(NamedTuple):
    """One of `STATES`, and why the process should not be sent requests now, if it should not."""

    name: str
    reasons: list[str]


class Tile(NamedTuple):
    """A figure of the moment, and its last hour."""

    title: str
    now: str
    value: Callable[[Step], float | None]
    written: Callable[[float | None], str]
    most: float = 0.0
    """What the plot reaches to at least."""


def page(state: State, parts: Parts, hour: Hour, found: Found, lag: Lag, dependencies: dict[str, Dependency], links: str) -> str:
    """The HTML of the page; *links* are those of other pages."""
    steps = hour.steps()
    span = min(max(parts.uptime, SHORTEST), SPAN)
    name = DEGRADED if state.name == OK and state.reasons else state.name
    told = [
        sections.chain(parts, found, lag),
        sections.dependencies(dependencies),
        sections.caches(parts),
        sections.nodes(parts),
        sections.live(parts),
        sections.processes(parts, found),
    ]
    return PAGE.substitute(
        links=links,
        state=name,
        said=STATES[name],
        reasons="".join(f"<p>{html.escape(reason[:1].upper() + reason[1:])}.</p>" for reason in state.reasons),
        time=f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC",
        uptime=shown.duration(parts.uptime),
        tiles="\n".join(_tile(tile, steps, span) for tile in _tiles(steps, lag, parts.websockets)),
        sections="\n".join(_section(section) for section in told if section),
        requests=_section(sections.routes(parts)),
    )


def _tiles(steps: list[Step], lag: Lag, websockets: int) -> Iterator[Tile]:
    now = steps[-1]
    lately = [step for step in steps if step.at > now.at - 60] or [now]
    events, requests, failed = (_mean([getattr(step, name) for step in lately]) for name in ("events", "requests", "failed"))
    yield Tile("Behind the chain, blocks", shown.number(lag.blocks), lambda step: step.lag_blocks, shown.number, 5)
    yield Tile("Behind the chain, seconds", shown.duration(lag.seconds), lambda step: step.lag_seconds, shown.duration, 5)
    yield Tile("Events a second", shown.rate(events), lambda step: step.events, shown.rate, 1)
    yield Tile("Requests a second", shown.rate(requests), lambda step: step.requests, shown.rate, 1)
    yield Tile("Failed a second", shown.rate(failed), lambda step: step.failed, shown.rate, 1)
    slowest = max((step.p95 for step in lately if step.p95 is not None), default=None)
    yield Tile("p95 of requests", shown.milliseconds(slowest), lambda step: step.p95, shown.milliseconds, 0.01)
    yield Tile("Had by a cache", shown.share(_last(steps)), lambda step: step.hit_rate, shown.share, 1)
    yield Tile("WebSockets", shown.number(websockets), lambda step: step.websockets, shown.number, 5)


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _last(steps: list[Step]) -> float | None:
    return next((step.hit_rate for step in reversed(steps) if step.hit_rate is not None), None)


def _tile(tile: Tile, steps: list[Step], span: float) -> str:
    now = monotonic()
    points = [(now - step.at, tile.value(step)) for step in steps]
    known = [value for _, value in points if value is not None]
    most = f"most {tile.written(max(known))}" if known else "not known"
    begun = f"{shown.duration(span)} ago"
    drawn = plot(points, f"{tile.title} since {begun}: {most}, now {tile.now}", span=span, most=tile.most)
    return (
        f'<section class="tile"><h2>{html.escape(tile.title)}</h2><p class="figure">{html.escape(tile.now)}</p>'
        f'{drawn}<p class="scale"><span>{begun}</span><span>{html.escape(most)}</span><span>now</span></p></section>'
    )


def _section(section: sections.Facts | sections.Table) -> str:
    note = f'<p class="note">{html.escape(section.note)}</p>' if section.note else ""
    body = _facts(section) if isinstance(section, sections.Facts) else _table(section)
    wide = " wide" if isinstance(section, sections.Table) and len(section.columns) > 3 else ""
    return f'<section class="panel{wide}"><h2>{html.escape(section.title)}</h2>{body}{note}</section>'


def _facts(section: sections.Facts) -> str:
    rows = "".join(f"<div><dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd></div>" for name, value in section.rows)
    return f"<dl>{rows}</dl>"


def _table(section: sections.Table) -> str:
    # Roles that tables have anyway: on a phone the page's style makes lines of their rows, and browsers would forget them.
    first, *others = section.columns
    head = f"<td>{first}</td>" + "".join(f'<th role="columnheader" scope="col">{html.escape(column)}</th>' for column in others)
    rows = "".join(
        f'<tr role="row"><th role="rowheader" scope="row">{html.escape(name)}</th>'
        + "".join(f'<td role="cell"{_mark(cell)}>{html.escape(cell)}</td>' for cell in cells)
        + "</tr>"
        for name, *cells in section.rows
    )
    return f'<table role="table"><thead role="rowgroup"><tr role="row">{head}</tr></thead><tbody role="rowgroup">{rows}</tbody></table>'


def _mark(cell: str) -> str:
    return f' class="{cell}"' if cell in ("ok", "up", "down") else ""

"""Bars as programs take them: rows cut from the store's columns, with gaps filled where that is asked for."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import orjson

from app.domain.resolution import Resolution
from app.store.candle_reader import Candles


class Bar(NamedTuple):
    """One bar; `time` in seconds since 1970."""

    time: int
    open: float
    high: float
    low: float
    close: float
    volume: float


def bars_of(candles: Candles) -> list[Bar]:
    """The bars of *candles*, ascending."""
    columns = orjson.loads(candles.columns)
    return [Bar(*row) for row in zip(*(columns[name] for name in "tohlcv"), strict=True)]


def filled(bars: Sequence[Bar], resolution: Resolution, first: int, last: int, before: float | None) -> list[Bar]:
    """*bars* with a flat bar of no volume in each gap from *first* to *last* (starts of bars).

    A flat bar has the close before it; *before* is the close before *first*, None where the market had none: it begins with its first bar.
    """
    known = {bar.time: bar for bar in bars}
    whole: list[Bar] = []
    for start in _starts(resolution, first, last):
        bar = known.get(start)
        if bar:
            before = bar.close
        elif before is None:
            continue
        whole.append(bar or Bar(start, before, before, before, before, 0.0))
    return whole


def iso(time: int) -> str:
    """*time* (seconds) as JavaScript writes it: `2024-01-01T00:00:00.000Z`."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _starts(resolution: Resolution, first: int, last: int) -> Iterator[int]:
    start = first
    while start <= last:
        yield start
        start = resolution.next_start(start)

"""Bars as programs take them: rows cut from the store's columns, with gaps filled where that is asked for."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, Protocol

import orjson

from app.domain.resolution import Resolution

LASTING: Final = ("funding_rate", "open_interest")
"""Figures that a bar without events has from the one before."""


class Bar(NamedTuple):
    """One bar; `time` in seconds since 1970. `figures` are those of extended candles, empty where they were not asked for."""

    time: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    figures: Mapping[str, Any] = {}

    @property
    def row(self) -> dict[str, Any]:
        """The bar as one object."""
        prices = {"time": self.time, "open": self.open, "high": self.high, "low": self.low, "close": self.close, "volume": self.volume}
        return {**prices, **self.figures} if self.figures else prices

    def flat(self, time: int) -> "Bar":
        """The bar at *time* that nothing happened in, when this one is the last before it."""
        figures = {name: self.figures[name] if name in LASTING else None if name == "vwap" else 0 for name in self.figures}
        return Bar(time, self.close, self.close, self.close, self.close, 0, figures)


class Columns(Protocol):
    """Bars as a JSON object of equally long arrays, and how many there are."""

    @property
    def columns(self) -> bytes: ...
    @property
    def bars(self) -> int: ...


def bars_of(candles: Columns) -> list[Bar]:
    """The bars of *candles*, ascending."""
    if not candles.bars:
        return []
    columns = orjson.loads(candles.columns)
    prices = zip(*(columns.pop(name) for name in "tohlcv"), strict=True)
    if not columns:
        return [Bar(*row) for row in prices]
    figures = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
    return [Bar(*row)._replace(figures=more) for row, more in zip(prices, figures, strict=True)]


def filled(bars: Sequence[Bar], resolution: Resolution, first: int, last: int, before: Bar | None) -> list[Bar]:
    """*bars* with a flat bar of no volume in each gap from *first* to *last* (starts of bars).

    A flat bar has the close of the one before it; *before* is the last one before *first*, None where the market begins with its first bar.
    """
    known = {bar.time: bar for bar in bars}
    whole: list[Bar] = []
    for start in _starts(resolution, first, last):
        bar = known.get(start) or (before.flat(start) if before else None)
        if bar:
            before = bar
            whole.append(bar)
    return whole


def iso(time: int) -> str:
    """*time* (seconds) as JavaScript writes it: `2024-01-01T00:00:00.000Z`."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _starts(resolution: Resolution, first: int, last: int) -> Iterator[int]:
    start = first
    while start <= last:
        yield start
        start = resolution.next_start(start)

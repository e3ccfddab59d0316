"""Reads long runs of bars as files: how many there are, and all of them as the engine formats them."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Final, NamedTuple

from app.store.candle_reader import EXTENDED, Series, first_start, grouped
from app.store.client import Database
from app.store.queries import made_of, query


class FileFormat(NamedTuple):
    """A kind of file: what the engine calls it, and how it tells times there."""

    engine: str
    time: str


FORMATS: Final = {
    "csv": FileFormat("CSVWithNames", "t"),
    "parquet": FileFormat("Parquet", "toDateTime64(t, 3, 'UTC')"),
    "arrow": FileFormat("ArrowStream", "toDateTime64(t, 3, 'UTC')"),
}

_BY_BAR: Final = "GROUP BY t\n"
_IN_ORDER: Final = "GROUP BY market_id, timestamp\n"
"""The same where a stored bucket is a bar, but along the table's order: bars are made one after the other, in half the time."""


class Extent(NamedTuple):
    """Bars of a span: how many, and when the first and the last of them begin, seconds UTC; 0 where there is none."""

    bars: int
    first: int
    last: int


class CandleFileReader:
    """Bars from the rollups, whole spans at once. Blocks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def extent(self, series: Series, since: int, until: int, limit: int) -> Extent:
        """The newest *limit* bars that begin in [*since*, *until*), seconds UTC."""
        lower, upper = (first_start(series.resolution, time) for time in (since, until))
        bars, first, last = self._database.rows(query("candles_extent"), grouped(series, lower, upper, limit))[0]
        return Extent(int(bars), int(first), int(last))

    def file(self, series: Series, extent: Extent, form: FileFormat) -> AbstractContextManager[Iterator[bytes]]:
        """Pieces of a file of the bars of *extent*, ascending, with the columns of extended ones.

        `time` is whole seconds UTC as text, and a timestamp where the format has such.
        """
        resolution = series.resolution
        bars = query(EXTENDED)
        if resolution.name == resolution.stored:
            bars = bars.replace(_BY_BAR, _IN_ORDER)
        sql = made_of("candles_file", query("candles_file").replace("{{time}}", form.time).replace("{{bars}}", bars))
        upper = resolution.next_start(extent.last) if extent.bars else 0
        return self._database.stream(sql, form.engine, grouped(series, extent.first, upper, extent.bars))

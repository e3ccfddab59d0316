"""Reads bars of one market: those between two moments, or so many back from one, without reading more than that needs."""

from typing import NamedTuple

import orjson

from app.domain.resolution import DAY, RESOLUTIONS, Resolution
from app.store.client import Database
from app.store.queries import query

LAST_SECOND = 2**32 - 1
"""Of the stored times: in the year 2106."""

LEAST_WINDOW = 256
"""Bars that a first look spans at least: charts that poll for the last two bars of a quiet market find them at once."""

WIDEST_STEP = 64
"""Times by which a window grows at once, at most."""

LONGEST_MONTH = 31 * DAY

_STORED_SECONDS = {resolution.name: resolution.seconds for resolution in RESOLUTIONS.values()}


class Series(NamedTuple):
    """One market at one resolution."""

    market_id: int
    resolution: Resolution


EXTENDED = "candles_extended"
"""The query of bars with all that is kept of them."""


class Candles(NamedTuple):
    """Bars, ascending, as a JSON object of equally long arrays `t, o, h, l, c, v` (times in seconds), and how many there are.

    Extended ones have arrays more: `trades, vwap, fees, unique_traders, buy_volume, sell_volume, long_trades, short_trades,
    liquidation_volume, liquidation_count, funding_rate, open_interest`. `vwap` is null without volume, or where some of it has no price;
    `funding_rate` is the last one of the bar, null where none was known yet; `open_interest` is that after the bar's last event.

    `older` is, where there is none, the start of the newest bar before those asked for; None where nothing is older.
    """

    columns: bytes
    bars: int
    older: int | None = None


class CandleReader:
    """Bars from the rollups. Blocks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def bars(self, series: Series, since: int, until: int, limit: int, *, closed: bool = False) -> Candles:
        """The newest *limit* bars that begin in [*since*, *until*), seconds UTC. Quicker where nothing lands there any more (*closed*)."""
        resolution = series.resolution
        if resolution.name != resolution.stored:
            return self._found("candles_grouped", series, since, until, limit)
        if closed and until - since <= limit * resolution.seconds and (found := self._stored(series, since, until)):
            return found
        return self._found("candles", series, since, until, limit)

    def extended(self, series: Series, since: int, until: int, limit: int) -> Candles:
        """The newest *limit* bars that begin in [*since*, *until*), seconds UTC, with their extended columns."""
        return self._found(EXTENDED, series, since, until, limit)

    def _found(self, name: str, series: Series, since: int, until: int, limit: int) -> Candles:
        lower, upper = (first_start(series.resolution, time) for time in (since, until))
        found = self._newest(name, series, min(lower, upper), upper, limit)
        return found if found.bars else found._replace(older=self._before(series, lower))

    def _stored(self, series: Series, since: int, until: int) -> Candles | None:
        """All bars of a time from its rows as they lie; None where there are none, or they are not bars one after the other."""
        lower, upper = (first_start(series.resolution, time) for time in (since, until))
        columns = self._database.raw(query("candles_stored"), "JSONColumns", bounded(series, lower, upper, 0))
        times = orjson.loads(columns[columns.index(b"[") : columns.index(b"]") + 1])
        if b"null" in columns or not times or times != sorted(set(times)):
            return None
        return Candles(columns, len(times))

    def _newest(self, name: str, series: Series, lower: int, upper: int, limit: int) -> Candles:
        """Look at twice the time that so many bars fill; where the market is quieter, find out first how far back to go."""
        start = series.resolution.bar_start(max(lower, upper - series.resolution.seconds * max(2 * limit, LEAST_WINDOW)))
        found = self._candles(name, series, start, upper, limit)
        if found.bars >= limit or start <= lower:
            return found
        reach = self._reach(series, lower, start, upper, limit, found.bars)
        return found if reach >= start else self._candles(name, series, reach, upper, limit)

    def _reach(self, series: Series, lower: int, start: int, upper: int, limit: int, count: int) -> int:
        """Where *limit* bars before *upper* begin, or all from *lower* on, given that there are only *count* from *start* on."""
        wanted = limit * buckets_per_bar(series.resolution)
        oldest = start
        while start > lower and count < wanted:
            before = count
            step = min(WIDEST_STEP, max(2, 2 * wanted // count)) if count else WIDEST_STEP
            start = max(lower, upper - step * (upper - start))
            count, oldest = self._buckets(series, start, upper, wanted)
            if count == before:  # a gap, or the market's beginning: steps lead nowhere
                start = lower
                count, oldest = self._buckets(series, start, upper, wanted)
        return series.resolution.bar_start(oldest) if count else upper

    def _before(self, series: Series, upper: int) -> int | None:
        for lower in (max(0, upper - series.resolution.seconds * LEAST_WINDOW), 0):
            count, newest = self._buckets(series, lower, upper, 1)
            if count:
                return series.resolution.bar_start(newest)
        return None

    def _buckets(self, series: Series, lower: int, upper: int, limit: int) -> tuple[int, int]:
        """How many stored buckets with a price, of the newest *limit*, are in [*lower*, *upper*), and when the oldest of them begins."""
        count, oldest = self._database.rows(query("reach"), bounded(series, lower, upper, limit))[0]
        return int(count), int(oldest)

    def _candles(self, name: str, series: Series, lower: int, upper: int, limit: int) -> Candles:
        parameters = bounded(series, lower, upper, limit) if name == "candles" else grouped(series, lower, upper, limit)
        if name == "candles" and upper - lower <= limit * series.resolution.seconds:
            name = "candles_between"
        columns = self._database.raw(query(name), "JSONColumns", parameters)
        times = columns[columns.index(b"[") + 1 : columns.index(b"]")]
        return Candles(columns, times.count(b",") + 1 if times else 0)


def first_start(resolution: Resolution, time: int) -> int:
    """Start of the first bar that begins at *time* or later, both in seconds UTC."""
    start = resolution.bar_start(time)
    longest = LONGEST_MONTH if resolution.monthly else resolution.seconds
    return start if start == time else resolution.bar_start(start + longest)


def buckets_per_bar(resolution: Resolution) -> int:
    """Stored buckets that make one bar, at most."""
    return (LONGEST_MONTH if resolution.monthly else resolution.seconds) // _STORED_SECONDS[resolution.stored]


def bounded(series: Series, lower: int, upper: int, limit: int) -> dict[str, int | str]:
    """Parameters of a query of stored buckets: the newest *limit* in [*lower*, *upper*)."""
    bounds = {"lower": min(lower, LAST_SECOND), "upper": min(upper, LAST_SECOND), "limit": limit}
    return {"table": series.resolution.table, "market_id": series.market_id, **bounds}


def grouped(series: Series, lower: int, upper: int, limit: int) -> dict[str, int | str]:
    """Parameters of a query that makes bars of stored buckets: likewise, where both bounds are bars' beginnings."""
    resolution = series.resolution
    bars = {"seconds": resolution.seconds, "offset": resolution.offset, "monthly": int(resolution.monthly)}
    return bounded(series, lower, upper, limit) | bars

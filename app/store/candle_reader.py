"""Reads bars of one market: so many back from a moment, or all between two, without reading more than that needs."""

from typing import NamedTuple

from app.domain.resolution import DAY, RESOLUTIONS, Resolution
from app.store.client import Database
from app.store.queries import query

LAST_SECOND = 2**32 - 1
"""Of the stored times: in the year 2106."""

LONGEST_MONTH = 31 * DAY

LEAST_WINDOW = 256
"""Bars that a first look spans at least: charts that poll for the last two bars of a quiet market find them at once."""

WIDEST_STEP = 64
"""Times by which a window grows at once, at most."""

_STORED_SECONDS = {resolution.name: resolution.seconds for resolution in RESOLUTIONS.values()}


class Candles(NamedTuple):
    """Bars, ascending, as a JSON object of equally long arrays `t, o, h, l, c, v` (times in seconds), and how many there are.

    `older` is, where there is none, the start of the newest bar before those asked for; None where nothing is older.
    """

    columns: bytes
    count: int
    older: int | None = None


class CandleReader:
    """Bars from the rollups. Blocks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def bars(self, market_id: int, resolution: Resolution, since: int, until: int, limit: int) -> Candles:
        """The newest *limit* bars that begin in [*since*, *until*), seconds UTC."""
        lower, upper = first_start(resolution, since), first_start(resolution, until)
        found = self._newest(market_id, resolution, min(lower, upper), upper, limit)
        return found if found.count else found._replace(older=self._before(market_id, resolution, lower))

    def _newest(self, market_id: int, resolution: Resolution, lower: int, upper: int, limit: int) -> Candles:
        """Look at the time that so many bars fill twice; where the market is quieter, find out first how far back to go."""
        start = resolution.bar_start(max(lower, upper - resolution.seconds * max(2 * limit, LEAST_WINDOW)))
        found = self._candles(market_id, resolution, start, upper, limit)
        if found.count >= limit or start <= lower:
            return found
        reach = self._reach(market_id, resolution, (lower, start, upper), limit, found.count)
        return found if reach >= start else self._candles(market_id, resolution, reach, upper, limit)

    def _before(self, market_id: int, resolution: Resolution, upper: int) -> int | None:
        near = max(0, upper - resolution.seconds * LEAST_WINDOW)
        for lower in (near, 0):
            count, newest = self._buckets(market_id, resolution, lower, upper, 1)
            if count:
                return resolution.bar_start(newest)
        return None

    def _reach(self, market_id: int, resolution: Resolution, bounds: tuple[int, int, int], limit: int, count: int) -> int:
        """Where to begin so that *limit* bars are found, given that from the middle of *bounds* on there are only *count*."""
        lower, start, upper = bounds
        wanted = limit * buckets_per_bar(resolution)
        oldest = start
        while start > lower and count < wanted:
            before = count
            step = min(WIDEST_STEP, max(2, 2 * wanted // count)) if count else WIDEST_STEP
            start = max(lower, upper - step * (upper - start))
            count, oldest = self._buckets(market_id, resolution, start, upper, wanted)
            if count == before:  # a gap, or the market's beginning: steps lead nowhere
                start = lower
                count, oldest = self._buckets(market_id, resolution, start, upper, wanted)
        return resolution.bar_start(oldest) if count else upper

    def _buckets(self, market_id: int, resolution: Resolution, lower: int, upper: int, limit: int) -> tuple[int, int]:
        """How many of the newest *limit* stored buckets with a price there are in [*lower*, *upper*), and the start of the oldest of them."""
        count, oldest = self._database.rows(query("reach"), _parameters(market_id, resolution, lower, upper, limit))[0]
        return int(count), int(oldest)

    def _candles(self, market_id: int, resolution: Resolution, lower: int, upper: int, limit: int) -> Candles:
        parameters = _parameters(market_id, resolution, lower, upper, limit)
        name = "candles"
        if resolution.name != resolution.stored:
            name = "candles_grouped"
            parameters |= {"seconds": resolution.seconds, "offset": resolution.offset, "monthly": int(resolution.monthly)}
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


def _parameters(market_id: int, resolution: Resolution, lower: int, upper: int, limit: int) -> dict[str, int | str]:
    bounds = {"lower": min(lower, LAST_SECOND), "upper": min(upper, LAST_SECOND)}
    return {"table": resolution.table, "market_id": market_id, "limit": limit} | bounds

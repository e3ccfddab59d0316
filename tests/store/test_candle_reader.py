"""So many bars back, whatever lies between them."""

import orjson
import pytest

from app.domain.resolution import DAY, resolution
from app.store.candle_reader import CandleReader, Series, first_start
from app.store.client import Database
from tests.feed.points import seconds

NEW_YEAR = seconds("2024-01-01")
MINUTE = Series(1, resolution("1"))

FILL = """
INSERT INTO vamm_ohlcv_1m (market_id, timestamp, open, high, low, close, volume)
SELECT 1, {first:UInt32} + number * {step:UInt32}, (number + 1, 1.5), 1.5, 1.5, (number + 1, 1.5), 1 FROM numbers({bars:UInt32})
"""

UNPRICED = """
INSERT INTO vamm_ohlcv_1m (market_id, timestamp, open, high, low, close, volume)
SELECT 1, {time:UInt32}, (18446744073709551615, 0.), -inf, inf, (0, 0.), 5
"""
"""A minute, or a piece of one, with a volume and no price."""


def fill(database: Database, first: int, step: int, bars: int) -> list[int]:
    """One-minute bars, one every *step* seconds; their times."""
    database.run(FILL, {"first": first, "step": step, "bars": bars})
    return list(range(first, first + step * bars, step))


def times(database: Database, until: int, limit: int) -> list[int]:
    found: list[int] = orjson.loads(CandleReader(database).bars(MINUTE, 0, until, limit).columns)["t"]
    return found


@pytest.mark.parametrize("step", [60, 600, 7_200, 3 * DAY])
def test_so_many_bars_however_far_apart(database: Database, step: int) -> None:
    every = fill(database, NEW_YEAR, step, 400)
    for limit in (1, 329, 400, 1_000):
        assert times(database, every[-1] + 60, limit) == every[-limit:]
        assert times(database, every[200], limit) == every[:200][-limit:]


def test_busy_and_quiet_times(database: Database) -> None:
    every = (
        fill(database, NEW_YEAR, 60, 500) + fill(database, NEW_YEAR + 200 * DAY, 7_200, 100) + fill(database, NEW_YEAR + 900 * DAY, 60, 20)
    )
    assert times(database, NEW_YEAR + 5_000 * DAY, 10) == every[-10:]
    assert times(database, NEW_YEAR + 5_000 * DAY, 300) == every[-300:]
    assert times(database, NEW_YEAR + 5_000 * DAY, 1_000) == every


def test_nothing_at_all(database: Database) -> None:
    found = CandleReader(database).bars(MINUTE, NEW_YEAR, NEW_YEAR + DAY, 10)
    assert (found.bars, found.older) == (0, None)


@pytest.mark.parametrize("pieces", [[], [(0, 1)], [(99, 1)], [(50, 3)], [(0, 100)], [(150, 5), (120, 5)], [(-20, 20)]])
@pytest.mark.parametrize("unpriced", [None, 0, 60, 99])
def test_closed_time_is_read_as_any_other(database: Database, pieces: list[tuple[int, int]], unpriced: int | None) -> None:
    database.run("SYSTEM STOP MERGES vamm_ohlcv_1m")
    fill(database, NEW_YEAR, 60, 100)
    for first, bars in pieces:
        fill(database, NEW_YEAR + 60 * first, 60, bars)
    if unpriced is not None:
        database.run(UNPRICED, {"time": NEW_YEAR + 60 * unpriced})
        database.run(UNPRICED, {"time": NEW_YEAR + 6_000})
    reader = CandleReader(database)
    for since, until, limit in [(0, 160, 160), (0, 110, 110), (-30, 100, 130), (10, 60, 50), (0, 1, 1), (99, 100, 512), (200, 300, 100)]:
        window = NEW_YEAR + 60 * since, NEW_YEAR + 60 * until, limit
        found, expected = reader.bars(MINUTE, *window, closed=True), reader.bars(MINUTE, *window)
        assert orjson.loads(found.columns) == orjson.loads(expected.columns)
        assert (found.bars, found.older) == (expected.bars, expected.older)


def test_what_closed_time_takes_does_not_grow_with_what_is_stored(database: Database) -> None:
    granule = 4_096
    fill(database, NEW_YEAR, 60, 40 * granule)
    with database.limited({"max_rows_to_read": 2 * granule}, size=1) as limited:
        for day in (0, 31, 100):
            window = NEW_YEAR + day * DAY, NEW_YEAR + day * DAY + 512 * 60
            assert CandleReader(limited).bars(MINUTE, *window, 512, closed=True).bars == 512


@pytest.mark.parametrize(
    ("key", "time", "start"),
    [
        ("1", "2024-02-29T12:00:00", "2024-02-29T12:00:00"),
        ("1", "2024-02-29T12:00:01", "2024-02-29T12:01:00"),
        ("1D", "2024-02-29T12:00:00", "2024-03-01"),
        ("1W", "2024-02-26", "2024-02-26"),
        ("1W", "2024-02-26T00:00:01", "2024-03-04"),
        ("1M", "2024-01-01T00:00:01", "2024-02-01"),
        ("1M", "2023-02-28T23:59:59", "2023-03-01"),
        ("1M", "2023-12-31", "2024-01-01"),
        ("1M", "2024-01-01", "2024-01-01"),
    ],
)
def test_the_first_bar_from_a_moment_on(key: str, time: str, start: str) -> None:
    assert first_start(resolution(key), seconds(time)) == seconds(start)

"""Rollups against the raw rows: every one recomputed by another road, and what differs."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from app.domain.resolution import DAY, RESOLUTIONS, STORED
from app.store.client import Database
from app.store.queries import query
from app.store.schema import STATISTICS

MOST_DIFFERENCES = 1_000
"""Differences listed of one table and month; more than these say nothing new."""

MOST_ROWS = 500_000
"""Rows of all tables that are compared at once, in memory. With fewer, most of the time goes into planning one statement after another."""

_OTHERS = {"vamm_market_states": "verify_states", "vamm_positions": "verify_positions", "vamm_market_transactions": "verify_rows"}
"""Tables compared besides the candles, and the query of each."""

_TABLES = (*(f"vamm_ohlcv_{name}" for name in STORED), *_OTHERS)
"""In the order in which differences of a month are told."""


class Month(NamedTuple):
    """One of which there are rows: `number` is 202401, `rows` are those of all tables; `is_recent` where statistics look at it."""

    number: int
    rows: int
    is_recent: bool


class Difference(NamedTuple):
    """One bucket of one rollup that is not what the raw rows say, or raw rows that contradict each other.

    The latter are events stored twice, and running sizes of a market that its positions do not come to: of these, the
    first day whose last row has them wrong; rows within a day are not compared. `stored` and `expected` are texts to show.
    """

    table: str
    market_id: int
    timestamp: int
    stored: str
    expected: str


def verify(
    database: Database,
    *,
    retention_1s_days: int = 0,
    on_step: Callable[[str], None] = lambda _: None,
    rows_at_once: int = MOST_ROWS,
) -> list[Difference]:
    """Every difference between the rollups and the raw rows, and in the raw rows themselves, `MOST_DIFFERENCES` a table and month at most.

    Sums may differ by 1e-9 of themselves, unique traders by 2 %. One-second candles older than *retention_1s_days* are left out,
    and statistics are compared where they are used: in the last 24 hours by the store's clock. *on_step* hears what is being compared.
    """
    found: list[Difference] = []
    months = [Month(*row) for row in database.rows(query("verify_months"))]
    for span in _spans(months, rows_at_once):
        at_once: dict[str, object] = {"months": [month.number for month in span], "limit": MOST_DIFFERENCES}
        said = " to ".join(dict.fromkeys(f"{month.number // 100}-{month.number % 100:02d}" for month in (span[0], span[-1])))
        for names in [STORED] if sum(month.rows for month in span) <= rows_at_once else [(name,) for name in STORED]:
            on_step(f"{said} {', '.join(names)}")
            resolutions = {_seconds(name): f"vamm_ohlcv_{name}" for name in names}
            parameters = at_once | {"resolutions": list(resolutions), "retention": retention_1s_days * DAY}
            candles = database.rows(query("verify_candles"), parameters)
            found += [Difference(resolutions[seconds], *row) for seconds, *row in candles]
        for table, name in _OTHERS.items():
            on_step(f"{said} {table}")
            found += [Difference(table, *row) for row in database.rows(query(name), at_once)]
    found.sort(key=lambda difference: (_month(difference.timestamp), _TABLES.index(difference.table)))
    if any(month.is_recent for month in months):  # statistics look at no other
        on_step("statistics")
        for table in STATISTICS:
            parameters = {"table": table, "seconds": _seconds(table.removeprefix("vamm_stats_")), "limit": MOST_DIFFERENCES}
            found += [Difference(table, *row) for row in database.rows(query("verify_stats"), parameters)]
    on_step("open interest")
    interest = database.rows(query("verify_interest"), {"limit": MOST_DIFFERENCES})
    return found + [Difference("vamm_market_transactions", *row) for row in interest]


def days_to_rebuild(differences: Iterable[Difference]) -> dict[int, set[int]]:
    """The markets to rebuild, by the day (its first second) from which on: that of each market's first difference.

    What is wrong in the raw rows stays whatever is rebuilt: only a rewind to before it takes it back.
    """
    first: dict[int, int] = {}
    for difference in differences:
        day = difference.timestamp - difference.timestamp % DAY
        first[difference.market_id] = min(day, first.get(difference.market_id, day))
    days: dict[int, set[int]] = {}
    for market_id, day in first.items():
        days.setdefault(day, set()).add(market_id)
    return days


def _seconds(resolution: str) -> int:
    return next(r.seconds for r in RESOLUTIONS.values() if r.name == resolution)


def _month(seconds: int) -> int:
    day = datetime.fromtimestamp(seconds, UTC)
    return day.year * 100 + day.month


def _spans(months: Sequence[Month], most: int) -> Iterator[list[Month]]:
    """Months that follow each other, as many at once as have *most* rows together; one that has more is alone."""
    span: list[Month] = []
    for month in months:
        if span and sum(other.rows for other in span) + month.rows > most:
            yield span
            span = []
        span.append(month)
    if span:
        yield span

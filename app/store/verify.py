"""Rollups against the raw rows: every one recomputed by another road, and what differs."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from app.domain.resolution import DAY, RESOLUTIONS, STORED
from app.store.client import Database
from app.store.queries import query
from app.store.rewind import DERIVED
from app.store.schema import STATISTICS

MOST_DIFFERENCES = 1_000
"""Differences listed of one table and month; more than these say nothing new."""

_OTHERS = {"vamm_market_states": "verify_states", "vamm_positions": "verify_positions", "vamm_market_transactions": "verify_rows"}
"""Tables compared besides the candles, and the query of each."""


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


def verify(database: Database, *, retention_1s_days: int = 0, on_step: Callable[[str], None] = lambda _: None) -> list[Difference]:
    """Every difference between the rollups and the raw rows, and in the raw rows themselves, `MOST_DIFFERENCES` a table and month at most.

    Sums may differ by 1e-9 of themselves, unique traders by 2 %. One-second candles older than *retention_1s_days* are left out,
    and statistics are compared where they are used: in the last 24 hours by the store's clock. *on_step* hears what is being compared.
    """
    found = []
    for month in _months(database):
        for name in STORED:
            on_step(f"{month // 100}-{month % 100:02d} {name}")
            parameters = {
                "table": f"vamm_ohlcv_{name}",
                "seconds": _seconds(name),
                "month": month,
                "limit": MOST_DIFFERENCES,
                "retention": retention_1s_days * DAY if name == "1s" else 0,
            }
            found += [Difference(f"vamm_ohlcv_{name}", *row) for row in database.rows(query("verify_candles"), parameters)]
        for table, name in _OTHERS.items():
            found += [Difference(table, *row) for row in database.rows(query(name), {"month": month, "limit": MOST_DIFFERENCES})]
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


def _months(database: Database) -> Iterator[int]:
    tables = ("vamm_market_transactions", *DERIVED)
    months = {
        month for table in tables for (month,) in database.rows("SELECT DISTINCT toYYYYMM(timestamp) FROM {t:Identifier}", {"t": table})
    }
    yield from sorted(months)

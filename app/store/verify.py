"""Candles against the raw rows: every rollup recomputed by another road, and what differs."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from app.domain.resolution import DAY, RESOLUTIONS, STORED
from app.store.client import Database
from app.store.queries import query
from app.store.rewind import rebuild

MOST_DIFFERENCES = 1_000
"""Differences listed of one rollup and month; more than these say nothing new."""


class Difference(NamedTuple):
    """One bucket of one rollup that is not what the raw rows say; `stored` and `expected` are texts to show."""

    table: str
    market_id: int
    timestamp: int
    stored: str
    expected: str


def verify(database: Database, *, retention_1s_days: int = 0, on_step: Callable[[str], None] = lambda _: None) -> list[Difference]:
    """Every difference between the rollups and the raw rows, at most `MOST_DIFFERENCES` a rollup and month.

    Sums may differ by 1e-9 of themselves, unique traders by 2 %. One-second candles older than *retention_1s_days* are left out.
    *on_step* hears what is being compared.
    """
    found = []
    for month in _months(database):
        for name in STORED:
            seconds = next(r.seconds for r in RESOLUTIONS.values() if r.name == name)
            on_step(f"{month // 100}-{month % 100:02d} {name}")
            parameters = {
                "table": f"vamm_ohlcv_{name}",
                "seconds": seconds,
                "month": month,
                "limit": MOST_DIFFERENCES,
                "retention": retention_1s_days * DAY if name == "1s" else 0,
            }
            found += [Difference(f"vamm_ohlcv_{name}", *row) for row in database.rows(query("verify_candles"), parameters)]
        found += [
            Difference("vamm_market_states", *row)
            for row in database.rows(query("verify_states"), {"month": month, "limit": MOST_DIFFERENCES})
        ]
        found += [
            Difference("vamm_positions", *row)
            for row in database.rows(query("verify_positions"), {"month": month, "limit": MOST_DIFFERENCES})
        ]
    return found


def repair(database: Database, differences: list[Difference], ensure: Callable[[], None] = lambda: None) -> None:
    """Rebuild the rollups of every market among *differences* from the day of its first one on.

    *ensure* is called before each step: it raises where this process may not write any more.
    """
    first: dict[int, int] = {}
    for difference in differences:
        day = difference.timestamp - difference.timestamp % DAY
        first[difference.market_id] = min(day, first.get(difference.market_id, day))
    for market_id, since in first.items():
        rebuild(database, [market_id], since, ensure)


def _months(database: Database) -> Iterator[int]:
    tables = ("vamm_market_transactions", *(f"vamm_ohlcv_{name}" for name in STORED))
    months = {
        month for table in tables for (month,) in database.rows("SELECT DISTINCT toYYYYMM(timestamp) FROM {t:Identifier}", {"t": table})
    }
    yield from sorted(months)

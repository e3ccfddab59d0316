"""What the charts of the tests show: one market that trades all the time, one that hardly ever does, one that never did."""

import random
from itertools import accumulate
from typing import Final

from app.store.client import Database
from tests.feed.points import Point, add_market, add_points, seconds

BEGIN: Final = seconds("2024-01-30T22:00:00")
EVENTS: Final = 1_000
"""Of the busy market: two months, with days, weeks and months to cross."""


def _busy() -> list[Point]:
    chance = random.Random(7)
    times = accumulate((chance.choice((0, 1, 1, 2, 60, 900, 9_000, 40_000)) for _ in range(1, EVENTS)), initial=BEGIN)
    prices = accumulate((chance.randint(-90, 90) for _ in range(1, EVENTS)), lambda cents, step: max(1, cents + step), initial=200_000)
    return [Point(time, cents, chance.randint(0, 900)) for time, cents in zip(times, prices, strict=True)]


MARKETS: Final = {
    "BUSY": _busy(),
    "SPARSE": [
        Point(seconds("2023-01-31T23:59:59"), 3_000, 5),
        Point(seconds("2023-02-01T00:00:00"), 2_999, 1),
        Point(seconds("2023-09-14T12:00:01"), 1, 700),
        Point(seconds("2024-02-29T23:59:59"), 4_711, 0),
    ],
    "DUST": [],
}
"""By ticker."""


def fill(database: Database) -> None:
    """Put every market and its events into the store."""
    for number, (ticker, points) in enumerate(MARKETS.items(), 1):
        add_market(database, number, ticker)
        if points:
            add_points(database, number, points)

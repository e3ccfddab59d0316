"""Reads what charts mark on a market's bars: liquidations, large trades, funding updates, its creation and its changes of status."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Final, Literal, NamedTuple

from app.domain.cursor import Cursor
from app.store.candle_reader import Series, first_start
from app.store.client import Database
from app.store.days import LAST_SECOND, days, newest_window
from app.store.queries import query

Kind = Literal["liquidation", "trade", "created", "funding", "opened", "stopped"]

MOST_A_BAR: Final = 10
"""Marks of one bar: the charting library draws no more."""

MOST_MARKS: Final = 1_000
"""Marks in one answer: those of the newest bars."""

MOST_TRADES: Final = 1_000_000
"""Trades among which marks are looked for, the newest: a tenth of a second at most. Older days of the range are left out."""

MOST_VERSIONS: Final = 1_000
"""Versions of a market that are looked at, the newest."""

_IMPORTANCE: Final[tuple[Kind, ...]] = ("liquidation", "trade", "created", "funding")


class Marked(NamedTuple):
    """Something that happened in the bar that begins at `bar`; times are seconds.

    `amount` is what was liquidated or traded in quote currency, else 0. The rest is None where it does not apply or is not known.
    """

    bar: int
    kind: Kind
    place: Cursor
    time: int
    amount: Decimal = Decimal(0)
    price: Decimal | None = None
    side: str | None = None
    is_long: bool | None = None
    funding_rate: Decimal | None = None


class _Version(NamedTuple):
    time: int
    is_active: bool
    block_number: int
    log_index: int
    created: int


class MarkReader:
    """Marks from the raw events and from the versions of markets. Blocks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def marks(self, series: Series, since: int, until: int, trade_size: Decimal | int) -> list[Marked]:
        """Marks of the bars that hold a moment from *since* to *until* (seconds UTC), by bar, the most important of each first.

        `MOST_A_BAR` of each, `MOST_MARKS` in all: the newest bars'. Trades count from *trade_size* in quote currency on.
        """
        limits: dict[str, int | str] = {"trade_size": str(trade_size), "per_bar": MOST_A_BAR}
        found = _told_once(self._events("marks", series, since, until, limits))
        versions = self._versions(series.market_id)
        created = versions[0].created if versions else 0
        if created and _touches(series, created, since, until):
            found.append(Marked(series.resolution.bar_start(created), "created", Cursor.first(), created))
        found.sort(key=lambda mark: (-mark.bar, _IMPORTANCE.index(mark.kind)))  # within a kind the order stays
        return _ascending(found, MOST_A_BAR)

    def timescale_marks(self, series: Series, since: int, until: int) -> list[Marked]:
        """The last funding update of each of those bars, and every change of the market's status in them, by bar."""
        found = self._events("funding_marks", series, since, until, {})
        for newer, older in pairwise(self._versions(series.market_id)):
            if newer.is_active != older.is_active and newer.time and _touches(series, newer.time, since, until):
                place = Cursor(newer.block_number, newer.log_index)
                kind: Kind = "opened" if newer.is_active else "stopped"
                found.append(Marked(series.resolution.bar_start(newer.time), kind, place, newer.time))
        found.sort(key=lambda mark: (-mark.bar, mark.kind == "funding", -mark.place.ordinal))
        return _ascending(found, MOST_A_BAR)

    def _events(self, name: str, series: Series, since: int, until: int, limits: dict[str, int | str]) -> list[Marked]:
        market_id, resolution = series
        lower, upper = max(0, resolution.bar_start(since)), min(first_start(resolution, until + 1), LAST_SECOND)
        start, _ = newest_window(days(self._database, market_id, lower, upper), lower, upper, Cursor.last(), MOST_TRADES)
        parameters = limits | {
            "market_id": market_id, "lower": max(0, resolution.bar_start(start)), "upper": upper, "limit": MOST_MARKS,
            "seconds": resolution.seconds, "offset": resolution.offset, "monthly": int(resolution.monthly),
        }  # fmt: skip
        return [_marked(row) for row in self._database.rows(query(name), parameters)]

    def _versions(self, market_id: int) -> list[_Version]:
        """Newest first."""
        parameters = {"market_id": market_id, "limit": MOST_VERSIONS}
        return [_Version(*row) for row in self._database.rows(query("market_versions"), parameters)]


def _marked(row: Sequence[object]) -> Marked:
    bar, kind, block, log, *rest = row
    mark = Marked._make((bar, kind, Cursor._make((block, log)), *rest))
    return mark._replace(side=mark.side or None, is_long=None if mark.is_long is None else bool(mark.is_long))


def _told_once(marks: Sequence[Marked]) -> list[Marked]:
    """*marks* without trades that another event of their block tells to be liquidations: it names the same amount."""
    told = {(mark.place.block_number, mark.amount) for mark in marks if mark.kind == "liquidation"}
    return [mark for mark in marks if mark.kind != "trade" or (mark.place.block_number, mark.amount) not in told]


def _touches(series: Series, time: int, since: int, until: int) -> bool:
    """Whether *time* lies in a bar that holds a moment from *since* to *until*."""
    start = series.resolution.bar_start
    return start(since) <= start(time) <= start(until)


def _ascending(marks: Sequence[Marked], per_bar: int) -> list[Marked]:
    """Of *marks*, newest bar first, *per_bar* of each bar and `MOST_MARKS` in all, oldest bar first; within a bar the order stays."""
    bars: dict[int, list[Marked]] = {}
    for mark in marks:
        bars.setdefault(mark.bar, []).append(mark)
    kept: list[list[Marked]] = []
    room = MOST_MARKS
    for members in bars.values():
        kept.append(members[: min(per_bar, room)])
        room -= len(kept[-1])
    return [mark for members in reversed(kept) for mark in members]

"""Saved charts and templates in ClickHouse: each save appends a version, a deletion is one as well, the latest counts."""

import logging
import secrets
import struct
import time
from typing import NamedTuple

from app.domain.errors import DatafeedError
from app.store import row_binary
from app.store.client import Database, StoreError
from app.store.limits import QueryTooLarge, QueryTooSlow
from app.store.queries import query

logger = logging.getLogger(__name__)

CHARTS = "charts"
"""Name of the shelf on which whole charts lie."""

LARGEST_ID = 2**53 - 1
"""Of a chart: the largest whole number that JavaScript holds exactly."""

MOST_LISTED = 100_000
"""Things in one list: more than a user may have by any setting."""

SWEEP_EVERY = 100
"""Deletions of a process; the first of them and each so many later, old ones are swept out."""

SWEPT_AT_ONCE = 1_000
WALKED_AT_ONCE = 20_000
"""Stored versions that one sweep looks at: two hundred for each deletion, so that it comes round however many there are."""

KEPT_SECONDS = 86_400
"""A deletion is remembered so long, for saves of the same thing that began before it."""

_CHANCE_BITS = 12
_COLUMNS = ("version", "deleted", "client", "user", "shelf", "item", "name", "symbol", "resolution", "content")
_START = ("", "", "", "")
"""Before every key."""

_OF_DELETED = """
DELETE FROM vamm_charts
WHERE deleted = {deleted:UInt8} AND version < {before:UInt64}
    AND (client, user, shelf, item) IN {keys:Array(Tuple(String, String, String, String))}
"""


class StorageFull(DatafeedError):
    """The user has saved as much as is allowed."""

    help = "Delete something, or raise CHARTS_MAX_PER_USER."


class Owner(NamedTuple):
    """Whose things they are: a user of a site (TradingView's client)."""

    client: str
    user: str


class Shelf(NamedTuple):
    """An owner's things of one kind: `charts`, `study_templates`, or `drawing_templates/` and the tool's name."""

    owner: Owner
    name: str


class Draft(NamedTuple):
    """What is to be saved. Symbol and resolution are empty where it is a template."""

    name: str
    content: bytes
    symbol: str = ""
    resolution: str = ""


class Item(NamedTuple):
    """One thing on a shelf, under its key: a chart's id in decimal, a template's name. `saved_at` is in seconds."""

    key: str
    name: str
    symbol: str
    resolution: str
    saved_at: int


class Saved(NamedTuple):
    """A thing with its content, byte for byte. `saved_at` is in seconds."""

    saved_at: int
    name: str
    content: bytes


class ChartStore:
    """Every method blocks, and may be called from several threads; other processes may write the same table."""

    def __init__(self, database: Database, *, most: int) -> None:
        """A user has *most* things; saves at the same moment may each pass that check."""
        self._database = database
        self._most = most
        self._deletions = 0
        self._swept_to = _START

    def items(self, shelf: Shelf) -> list[Item]:
        """What lies on *shelf*, saved last first."""
        found = self._database.rows(query("charts"), _named(shelf) | {"limit": MOST_LISTED})
        return [Item(*row) for row in found]

    def load(self, shelf: Shelf, key: str) -> Saved | None:
        """The latest version of what lies under *key*; None where nothing does."""
        found = list(row_binary.texts(self._database.raw(query("chart"), "RowBinary", _named(shelf, key))))
        return Saved(int(found[0]), found[1].decode(), found[2]) if found else None

    def add(self, shelf: Shelf, draft: Draft) -> int:
        """Save *draft* under a new id, and return that. StorageFull where the user has too much already.

        Ids are random, so that processes need not agree on them. One that was ever used on the shelf is not taken again.
        """
        while True:
            number = secrets.randbelow(LARGEST_ID) + 1
            count, version, _ = self._state(shelf, str(number))
            self._check(count)
            if not version:
                self._append(shelf, str(number), draft, version)
                return number

    def replace(self, shelf: Shelf, key: str, draft: Draft) -> bool:
        """Save *draft* over what lies under *key*; False where nothing does."""
        _, version, there = self._state(shelf, key)
        if there:
            self._append(shelf, key, draft, version)
        return there

    def put(self, shelf: Shelf, key: str, draft: Draft) -> None:
        """Save *draft* under *key*, whatever lay there. StorageFull where nothing did and the user has too much already."""
        count, version, there = self._state(shelf, key)
        if not there:
            self._check(count)
        self._append(shelf, key, draft, version)

    def remove(self, shelf: Shelf, key: str) -> bool:
        """Delete what lies under *key*; False where nothing does."""
        _, version, there = self._state(shelf, key)
        if there:
            self._append(shelf, key, None, version)
            self._deletions += 1
            if self._deletions % SWEEP_EVERY == 1:
                self._sweep_or_say()
        return there

    def sweep(self, before: float) -> None:
        """Take out what was deleted before that time (seconds): what a deletion hides first, then the deletion itself.

        Each call goes on behind the keys of the one before, WALKED_AT_ONCE versions further, and after the last begins anew.
        A time to live could not do it: it might take a deletion out while what that hides lies in another part.
        """
        version = int(before * 1_000_000) << _CHANCE_BITS
        place = dict(zip(("client", "user", "shelf", "item"), self._swept_to, strict=True))
        bounds = {"before": version, "rows": WALKED_AT_ONCE, "keys": SWEPT_AT_ONCE}
        ((last, count, found),) = self._database.rows(query("charts_walked"), place | bounds)
        # Moved on before anything is deleted: where that fails, the next sweep does not fail at the same place.
        self._swept_to = last if count == WALKED_AT_ONCE else _START
        # The walk may have stopped between two versions of a thing, or a later one is a save: all of them are looked at.
        if found and (keys := self._database.rows(query("charts_deleted"), {"keys": found, "before": version})):
            for deleted in (0, 1):
                self._database.run(_OF_DELETED, {"keys": list(keys), "before": version, "deleted": deleted})

    def _sweep_or_say(self) -> None:
        try:
            self.sweep(time.time() - KEPT_SECONDS)
        except (StoreError, QueryTooLarge, QueryTooSlow) as error:  # the deletion that led here is stored
            logger.warning("deleted charts could not be swept out: %s", error)

    def _state(self, shelf: Shelf, key: str) -> tuple[int, int, bool]:
        """How much the user has; the latest version under *key* (0: there never was one), and whether it is there."""
        ((count, version, there),) = self._database.rows(query("chart_state"), _named(shelf, key))
        return int(count), int(version), bool(there)

    def _check(self, count: int) -> None:
        if count >= self._most:
            raise StorageFull(f"{self._most} charts and templates are saved already, and no more are allowed: delete some")

    def _append(self, shelf: Shelf, key: str, draft: Draft | None, seen: int) -> None:
        """Store a version above *seen*: also where this machine's clock is behind that of the one before. None: a deletion."""
        microseconds = max(time.time_ns() // 1_000, (seen >> _CHANCE_BITS) + 1)
        version = microseconds << _CHANCE_BITS | secrets.randbits(_CHANCE_BITS)
        name, content, symbol, resolution = draft or Draft("", b"")
        texts = [text.encode() for text in (*shelf.owner, shelf.name, key, name, symbol, resolution)]
        row = struct.pack("<QB", version, draft is None) + row_binary.written([*texts, content])
        self._database.insert_formatted("vamm_charts", _COLUMNS, row, "RowBinary")


def _named(shelf: Shelf, key: str | None = None) -> dict[str, str | int]:
    named: dict[str, str | int] = {"client": shelf.owner.client, "user": shelf.owner.user, "shelf": shelf.name}
    return named if key is None else named | {"item": key}

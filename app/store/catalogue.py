"""What people say of markets: written by an import, read beside the chain's facts."""

from collections.abc import Collection, Sequence

from app.domain.catalogue import CatalogueEntry
from app.store import rows
from app.store.client import Database
from app.store.market_reader import MARKETS_AT_ONCE
from app.store.queries import query

MOST_ENTRIES = 100_000
"""Entries of one import: they go in as one block, all or none."""


class Catalogue:
    """The table `vamm_catalogue`. Blocks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def replace(self, entries: Sequence[CatalogueEntry]) -> None:
        """Put *entries* in place of what was said of their markets before: all of them or, where it fails, none."""
        if len(entries) > MOST_ENTRIES:
            raise ValueError(f"at most {MOST_ENTRIES} entries at once, not {len(entries)}")
        self._database.insert("vamm_catalogue", rows.catalogue(entries))

    def known(self, market_ids: Collection[int]) -> set[int]:
        """Those of *market_ids* that are markets."""
        found: set[int] = set()
        ordered = sorted(market_ids)
        for first in range(0, len(ordered), MARKETS_AT_ONCE):
            parameters = {"market_ids": ordered[first : first + MARKETS_AT_ONCE]}
            found.update(int(market_id) for (market_id,) in self._database.rows(query("known_markets"), parameters))
        return found

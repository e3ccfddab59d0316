"""The catalogue's table."""

import pytest

from app.domain.catalogue import CatalogueEntry
from app.store.catalogue import MOST_ENTRIES, Catalogue
from app.store.client import Database
from tests.feed.points import add_market
from tests.store.rows import CHAIN


def entry(market_id: int, name: str = "") -> CatalogueEntry:
    return CatalogueEntry(market_id, CHAIN, f"0x{market_id:040x}", name=name)


def names(database: Database) -> list[tuple[int, str]]:
    return [(row[0], row[1]) for row in database.rows("SELECT market_id, name FROM vamm_catalogue FINAL ORDER BY market_id")]


def test_an_import_replaces_the_entries_that_it_names(database: Database) -> None:
    catalogue = Catalogue(database)
    catalogue.replace([])
    catalogue.replace([entry(1, "one"), entry(2, "two")])
    catalogue.replace([entry(2, "zwei"), entry(3, "drei")])
    assert names(database) == [(1, "one"), (2, "zwei"), (3, "drei")]


def test_many_go_in_as_one_block(database: Database) -> None:
    catalogue = Catalogue(database)
    catalogue.replace([entry(number) for number in range(MOST_ENTRIES)])
    parts = "SELECT count(), sum(rows) FROM system.parts WHERE active AND database = currentDatabase() AND table = 'vamm_catalogue'"
    assert database.rows(parts) == [(1, MOST_ENTRIES)]
    with pytest.raises(ValueError, match="at most"):
        catalogue.replace([entry(1)] * (MOST_ENTRIES + 1))


def test_who_is_a_market(database: Database) -> None:
    for number in (1, 2, 5_000):
        add_market(database, number, f"M{number}")
    assert Catalogue(database).known(range(10_000)) == {1, 2, 5_000}
    assert Catalogue(database).known([]) == set()

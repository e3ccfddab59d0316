"""What a search finds, in which order, and in which places."""

import pytest

from app.domain.catalogue import CatalogueEntry
from app.store.catalogue import Catalogue
from app.store.client import Database
from app.store.market_reader import MarketReader
from app.store.market_search import SPARE
from app.store.schema import migrate, statements
from tests.feed.points import add_market
from tests.store.rows import CHAIN

AWKWARD = [
    "%",
    "_",
    "\\",
    "'",
    '"',
    "`",
    "{text:String}",
    "a\nb",
    "\t",
    "\0",
    "--",
    "ß",
    "ﬁ",
    "İ",
    "ŉ",
    "日本",
    "\u0308",
    "😀",
    "()*+?[]^$.|",
]
"""Texts that mean something to somebody else, and those whose capitals are longer."""

DERIVED_TABLES = ("vamm_tickers", "vamm_listings")


def found(database: Database, text: str, limit: int = 10) -> list[str]:
    return [listing.ticker for listing in MarketReader(database).search(text, limit)]


def describe(database: Database, market_id: int, name: str, description: str = "") -> None:
    Catalogue(database).replace([CatalogueEntry(market_id, CHAIN, "0x1", name=name, description=description)])


@pytest.mark.parametrize("text", AWKWARD)
def test_any_text_is_plain_text_in_any_case(database: Database, text: str) -> None:
    add_market(database, 1, "M1", symbol=f"before {text} after")
    add_market(database, 2, "M2", symbol="before x after")
    add_market(database, 3, "M3")
    describe(database, 3, f"{text}name")
    for asked in {text, text.upper(), text.lower()}:
        if asked.upper() == text.upper():  # not so of every letter: the small dotless i has a dotted capital
            assert found(database, asked) == ["M3", "M1"]
    assert found(database, f"{text}nowhere") == []


def test_places_rank_before_status_and_length(database: Database) -> None:
    add_market(database, 1, "A-GOLD")
    add_market(database, 2, "GOLD-LONG")
    add_market(database, 3, "GOLDX", is_active=False)
    add_market(database, 4, "VAMM-1", symbol="gold")
    add_market(database, 5, "GOLD", is_active=False)
    add_market(database, 6, "NAMED")
    describe(database, 6, "Goldfinger")
    add_market(database, 7, "TOLD")
    describe(database, 7, "x", "of gold")
    add_market(database, 8, "Z-GOLD-OLD", is_active=False)
    expected = ["GOLD", "GOLD-LONG", "GOLDX", "VAMM-1", "NAMED", "TOLD", "A-GOLD", "Z-GOLD-OLD"]
    assert found(database, "gold") == expected
    for limit in range(1, len(expected)):
        assert len(found(database, "gold", limit)) == limit
    assert found(database, "gold", 3) == expected[:3]


def test_only_what_holds_now_is_found(database: Database) -> None:
    add_market(database, 1, "VAMM-1", symbol="", updated_block=1)
    add_market(database, 1, "OIL", symbol="Crude", updated_block=2)
    describe(database, 1, "Texas tea")
    describe(database, 1, "Brent", "from the sea")
    for before in ("VAMM", "AMM-1", "tea", "texas"):
        assert found(database, before) == []
    for now in ("oil", "i", "crude", "rud", "brent", "sea"):
        assert found(database, now) == ["OIL"]


def test_an_entry_without_a_market_is_not_found(database: Database) -> None:
    describe(database, 1, "Gold")
    assert found(database, "gold") == []
    add_market(database, 1, "XAU")
    assert found(database, "gold") == ["XAU"]


def test_those_that_have_it_no_more_take_nobodys_place(database: Database) -> None:
    for number in range(SPARE):
        add_market(database, number, f"GOLD{number}", updated_block=1)
        add_market(database, number, f"OTHER{number}", updated_block=2)
    add_market(database, 100, "GOLD-VERY-LONG")
    add_market(database, 101, "THE-GOLD")
    assert found(database, "gold", 2) == ["GOLD-VERY-LONG", "THE-GOLD"]


def test_many_versions_of_a_market_take_one_place(database: Database) -> None:
    switched = """
    INSERT INTO vamm_markets (market_id, ticker, market_symbol, is_active, updated_block)
    SELECT 1, 'BTC', 'btc', number % 2 = 0, number FROM numbers(3000)
    """
    database.run(switched)
    add_market(database, 2, "BTC-PERP")
    add_market(database, 3, "WBTC")
    add_market(database, 4, "BTC-OLD", is_active=False)
    assert found(database, "btc", 30) == ["BTC", "BTC-PERP", "BTC-OLD", "WBTC"]
    assert found(database, "btc", 1) == ["BTC"]
    for number in range(99):
        describe(database, 1, "gold", f"version {number}")
    describe(database, 3, "gold")
    assert found(database, "gold", 2) == ["WBTC", "BTC"]


def test_among_many_the_beginnings_are_found_first(database: Database) -> None:
    select = """
    INSERT INTO vamm_markets (market_id, ticker, market_symbol, is_active)
    SELECT number + 1000, concat('A', toString(number)), concat('the tin & ', toString(number)), 1 FROM numbers(10000)
    """
    database.run(select)
    for number, ticker in enumerate(("TIN-LONG", "ZZ", "YY"), 1):
        add_market(database, number, ticker, symbol="& co" if ticker == "ZZ" else "")
    describe(database, 3, "Tinned fish")
    assert found(database, "tin", 2)[0] == "TIN-LONG"
    assert found(database, "&", 1) == ["ZZ"]
    assert found(database, "tinned", 1) == ["YY"]
    assert len(found(database, "tin", 50)) == 50
    assert found(database, "A99", 3) == ["A99", "A990", "A991"]
    assert found(database, "& 9999") == ["A9999"]
    assert found(database, "& 77", 2_000)[:2] == ["A77", "A770"]
    assert len(found(database, "", 9_000)) == 9_000


def test_markets_from_before_the_tables_are_in_them_once(empty_database: Database) -> None:
    for statement in statements():
        if not any(table in statement.name for table in DERIVED_TABLES):
            empty_database.run(statement.sql)
    for block in (1, 2):
        add_market(empty_database, 1, "GOLD", updated_block=block, is_active=block == 1)
    migrate(empty_database)
    filling = [statement.sql for statement in statements() if statement.name.endswith("_filled")]
    assert len(filling) == len(DERIVED_TABLES)
    for sql in filling:  # as another process that migrates at the same time
        empty_database.run(sql)
    (listing,) = MarketReader(empty_database).search("gold", 10)
    assert not listing.is_active
    for table in DERIVED_TABLES:
        assert empty_database.rows("SELECT count() FROM {table:Identifier} FINAL", {"table": table}) == [(2,)]

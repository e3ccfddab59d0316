"""Markets by ticker, in brief and in whole."""

from decimal import Decimal

import pytest

from app.domain.catalogue import CatalogueEntry
from app.domain.fixed import ONE
from app.store.catalogue import Catalogue
from app.store.client import Database
from app.store.market_reader import MarketReader
from tests.feed.points import add_market
from tests.store.ledgers import ledger_on
from tests.store.rows import CHAIN, batch

HUGE = Decimal("99999999999999999999.999999999999999999")
"""The largest amount that a column holds."""


def test_the_latest_version_of_a_market(database: Database) -> None:
    add_market(database, 1, "GOLD", symbol="before", updated_block=9, updated_log_index=1)
    add_market(database, 1, "GOLD", symbol="after", updated_block=9, updated_log_index=2, starting_price=2 * ONE)
    add_market(database, 1, "GOLD", symbol="long before", updated_block=8, updated_log_index=7)
    reader = MarketReader(database)
    found = reader.market("gold")
    assert found
    assert (found.market_id, found.symbol, found.starting_price) == (1, "after", 2.0)
    assert reader.search("", 10) == [found]
    assert reader.search("before", 10) == []
    assert reader.market("GOL") is None


def test_a_ticker_given_up_leads_to_nobody_until_another_market_has_it(database: Database) -> None:
    add_market(database, 1, "GOLD", updated_block=1)
    add_market(database, 1, "GOLD-1", updated_block=2)
    reader = MarketReader(database)
    assert reader.market("GOLD") is None
    assert reader.detail("GOLD") is None
    add_market(database, 2, "GOLD", updated_block=3)
    for found in (reader.market("GOLD"), reader.detail("GOLD")):
        assert found
        assert found.market_id == 2


def test_several_by_their_tickers(database: Database) -> None:
    for number in range(1, 6):
        add_market(database, number, f"M{number}", updated_block=1)
    add_market(database, 2, "GONE", updated_block=2)
    reader = MarketReader(database)
    found = reader.by_tickers(["m1", "M1", "M2", "gone", "M5", "nobody", "", "' OR 1=1"])
    assert found == {listing.ticker: listing for listing in reader.listings([1, 2, 5])}
    assert reader.by_tickers([]) == {}
    with pytest.raises(ValueError, match="more than"):
        reader.by_tickers([str(number) for number in range(1_001)])


def test_a_status_change_and_the_catalogue_show_at_once(database: Database) -> None:
    add_market(database, 1, "GOLD", updated_block=1)
    reader = MarketReader(database)
    for number, active in enumerate((False, True, False), 2):
        add_market(database, 1, "GOLD", updated_block=number, is_active=active)
        for found in (reader.market("GOLD"), reader.detail("GOLD")):
            assert found
            assert found.is_active is active
    catalogue = Catalogue(database)
    for name in ("Gold", "Fine gold", ""):
        catalogue.replace([CatalogueEntry(1, CHAIN, "0x1", name=name, category="metals", quote_asset="EUR", base_asset="XAU")])
        found = reader.market("GOLD")
        assert found
        assert (found.name, found.category, found.base_asset, found.quote_asset) == (name, "metals", "XAU", "EUR")


def test_everything_known_of_a_market_is_exact(database: Database) -> None:
    add_market(
        database, 7, "GOLD", symbol="Gold / USD", protocol="vamm", market_type=3, starting_price=10**38 - 1,
        vault_address="0xa", oracle_address="0xb", collateral_address="0xc", creator_address="0xd", factory_market_id="0xe",
        created_timestamp=1_700_000_000, deployment_block=5, updated_block=6,
    )  # fmt: skip
    reader = MarketReader(database)
    plain = reader.detail("gold")
    assert plain
    assert plain.entry is None
    assert plain.imported_at is None
    entry = CatalogueEntry(
        7, CHAIN, f"0x{7:040x}", "Gold", "Shiny", "metals", "XAU", "USD", "https://x.example/i", "https://x.example/b", "https://x.example",
        min_trade_size=Decimal("0.000000000000000001"), max_leverage=HUGE, fee_rate=Decimal(0), funding_interval=2**32 - 1,
    )  # fmt: skip
    Catalogue(database).replace([entry])
    detail = reader.detail("gold")
    assert detail
    assert detail.entry == entry
    assert detail.imported_at
    assert detail == plain._replace(entry=detail.entry, imported_at=detail.imported_at)
    assert detail[:17] == (
        7, "GOLD", "Gold / USD", CHAIN, f"0x{7:040x}", "vamm", "0xe", "0xa", "0xb", "0xc", "0xd", 3, HUGE, True, 1_700_000_000, 5, 6,
    )  # fmt: skip


def test_a_rewind_takes_markets_and_their_tickers_back(database: Database) -> None:
    ledger = ledger_on(database)
    ledger.commit(batch(100, 119))
    reader = MarketReader(database)
    assert [listing.ticker for listing in reader.search("", 10)] == ["T100", "T110"]
    ledger.rewind(105)
    assert [listing.ticker for listing in reader.search("", 10)] == ["T100"]
    assert reader.market("T110") is None
    for table in ("vamm_tickers", "vamm_listings"):
        assert database.rows("SELECT count() FROM {table:Identifier}", {"table": table}) == [(1,)]

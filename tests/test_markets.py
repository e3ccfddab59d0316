"""What an operator asks of the registry, and imports into it."""

import json
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.catalogue import CatalogueError
from app.domain.market import market_id
from app.markets import import_catalogue, listed
from app.store import rows
from app.store.client import Database
from app.store.market_reader import MarketReader
from tests.feed.points import Point, add_market, add_points
from tests.store.rows import CHAIN, block

NOW = int(time.time())
THRESHOLDS = (Decimal(1_000), Decimal(100), Decimal(10))
UNSEEN = "0x" + "ab" * 20


def written(tmp_path: Path, *entries: dict[str, Any]) -> Path:
    path = tmp_path / "markets.json"
    path.write_text(json.dumps({"market": entries}))
    return path


def mistakes(database: Database, path: Path) -> list[str]:
    with pytest.raises(CatalogueError) as caught:
        import_catalogue(database, path)
    assert database.rows("SELECT count() FROM vamm_catalogue") == [(0,)]
    return [line.removeprefix(f"{path}: ") for line in caught.value.lines]


@pytest.fixture
def registry(database: Database) -> Database:
    """One chain with two markets."""
    database.insert("vamm_checkpoints", rows.checkpoints(CHAIN, [block(1)]))
    for ticker, contract in (("GOLD", f"0x{1:040x}"), ("BTC", f"0x{2:040x}")):
        add_market(database, market_id(CHAIN, contract), ticker, contract_address=contract)
    return database


def test_entries_find_their_markets(registry: Database, tmp_path: Path) -> None:
    path = written(tmp_path, {"ticker": "gold", "name": "Gold"}, {"contract": f"0x{2:040X}".replace("X", "x"), "name": "Bitcoin"})
    assert import_catalogue(registry, path) == (2, ())
    reader = MarketReader(registry)
    assert [(listing.ticker, listing.name) for listing in reader.search("", 9)] == [("BTC", "Bitcoin"), ("GOLD", "Gold")]
    assert import_catalogue(registry, written(tmp_path, {"ticker": "GOLD", "fee_rate": "0.001"})) == (1, ())
    gold = reader.detail("GOLD")
    assert gold
    assert gold.entry
    assert (gold.entry.name, gold.entry.fee_rate, gold.entry.contract_address) == ("", Decimal("0.001"), f"0x{1:040x}")
    assert [listing.name for listing in reader.search("bitc", 9)] == ["Bitcoin"]


def test_a_market_may_be_described_before_it_is_there(registry: Database, tmp_path: Path) -> None:
    assert import_catalogue(registry, written(tmp_path, {"contract": UNSEEN, "name": "Soon"})) == (1, (UNSEEN,))
    assert import_catalogue(registry, written(tmp_path, {"contract": UNSEEN, "chain_id": 1, "name": "Elsewhere"})) == (1, (UNSEEN,))
    add_market(registry, market_id(CHAIN, UNSEEN), "SOON", contract_address=UNSEEN)
    found = MarketReader(registry).market("SOON")
    assert found
    assert found.name == "Soon"


def test_an_empty_store_needs_the_chain(database: Database, tmp_path: Path) -> None:
    assert mistakes(database, written(tmp_path, {"contract": UNSEEN})) == [
        f"market 1 ({UNSEEN}): chain_id: is missing, and nothing is stored yet that would tell it"
    ]
    assert import_catalogue(database, written(tmp_path, {"contract": UNSEEN, "chain_id": 137})) == (1, (UNSEEN,))


def test_of_several_chains_one_must_be_named(registry: Database, tmp_path: Path) -> None:
    registry.insert("vamm_checkpoints", rows.checkpoints(1, [block(1)]))
    lines = mistakes(registry, written(tmp_path, {"contract": UNSEEN}, {"ticker": "GOLD", "chain_id": 1}, {"ticker": "BTC"}))
    assert lines == [
        f"market 1 ({UNSEEN}): chain_id: is missing, and several chains are stored: 1, {CHAIN}",
        f"market 2 (GOLD): chain_id: is not that of the market, which is on chain {CHAIN}",
    ]


def test_nothing_is_imported_where_a_market_is_unknown_or_named_twice(registry: Database, tmp_path: Path) -> None:
    gold = f"0x{1:040x}"
    lines = mistakes(
        registry, written(tmp_path, {"ticker": "GOLD"}, {"ticker": "SILVER"}, {"contract": gold, "chain_id": CHAIN}, {"ticker": "gold"})
    )
    assert lines == [
        "market 2 (SILVER): ticker: there is no such market; one that is not on the chain yet is named by its contract",
        f"market 3 ({gold}): is the same market as market 1",
        "market 4 (gold): is the same market as market 1",
    ]


def test_volume_and_tier_are_of_24_hours_to_the_minute(registry: Database) -> None:
    gold = market_id(CHAIN, f"0x{1:040x}")
    minutes = (24 * 60 + 20, 23 * 60 + 40, 5)
    add_points(registry, gold, [Point(NOW - 60 * ago, 100, volume) for ago, volume in zip(minutes, (5_000, 70, 40), strict=True)])
    (row,) = listed(registry, "gold", 1, thresholds=THRESHOLDS, now=NOW)
    assert (row.volume_24h, row.tier) == (110, "tier2")


def test_the_list_has_activity_volume_and_tier(registry: Database) -> None:
    reader = MarketReader(registry)
    gold, btc = (reader.market(ticker) for ticker in ("GOLD", "BTC"))
    assert gold
    assert btc
    add_points(registry, gold.market_id, [Point(NOW - 40 * 3_600, 100, 5_000), Point(NOW - 3_600, 250, 60), Point(NOW, 300, 50)])
    rows = listed(registry, "", 10, thresholds=THRESHOLDS, now=NOW)
    assert [(row.listing.ticker, row.price, row.volume_24h, row.tier) for row in rows] == [
        ("GOLD", 3.0, 110, "tier2"),
        ("BTC", 0, 0, "tier4"),
    ]
    assert rows[0].last_day == NOW - NOW % 86_400
    assert (rows[1].last_day, rows[1].chain_id, rows[1].contract) == (0, CHAIN, f"0x{2:040x}")
    assert [row.listing.ticker for row in listed(registry, "btc", 10, thresholds=THRESHOLDS, now=NOW)] == ["BTC"]
    assert listed(registry, "nothing", 10, thresholds=THRESHOLDS, now=NOW) == []

"""The demo's catalogue: the markets that its chain has, by the ids that a listener gives them."""

from app.demo.catalogue import catalogue
from app.demo.genesis import Genesis
from app.domain.market import market_id


def test_known_markets_have_names() -> None:
    genesis = Genesis(time=0, markets=12)
    entries = {entry.base_asset: entry for entry in catalogue(genesis)}
    assert entries["GOLD"].name == "Gold"
    assert list(entries) == ["GOLD", "BTC", "ETH", "SILVER", "SOL", "OIL", "EUR", "DOGE", "TSLA", "PEPE"]
    contracts = {listing.contract for listing in genesis.listings()}
    for entry in entries.values():
        assert entry.contract_address in contracts
        assert entry.market_id == market_id(genesis.chain_id, entry.contract_address)
    assert catalogue(genesis) == list(entries.values())


def test_no_markets_no_entries() -> None:
    assert catalogue(Genesis(time=0, markets=0)) == []

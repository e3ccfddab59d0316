"""One market with everything that is known of it, over HTTP."""

import time
from decimal import Decimal

import pytest
from starlette.testclient import TestClient

from app.domain.catalogue import CatalogueEntry
from app.domain.fixed import ONE
from app.feed.detail import MarketAnswer
from app.feed.fields import INTERVALS
from app.store import rows
from app.store.catalogue import Catalogue
from app.store.client import Database
from tests.feed.points import add_market
from tests.store.rows import CHAIN, trade

ADDRESS = f"0x{1:040x}"


@pytest.fixture
def gold(database: Database) -> None:
    """A market with a value in every column."""
    add_market(
        database, 1, "GOLD", symbol="Gold / USD", protocol="vamm", market_type=3, starting_price=2_000 * ONE + 1, vault_address="0xa",
        oracle_address="0xb", collateral_address="0xc", creator_address="0xd", factory_market_id="0xe",
        created_timestamp=1_700_000_000, deployment_block=5, updated_block=6,
    )  # fmt: skip
    event = trade(1, 0, 1, 2_000, 2_000_000, timestamp=int(time.time()) - 3_600)
    database.insert("vamm_market_transactions", rows.trades([event]))


@pytest.mark.usefixtures("gold")
def test_everything_of_a_market(client: TestClient, database: Database) -> None:
    entry = CatalogueEntry(
        1, CHAIN, ADDRESS, "Gold", "Shiny", "metals", "XAU", "EUR", "https://x.example/i", "https://x.example/b", "https://x.example",
        min_trade_size=Decimal("0.5"), max_leverage=Decimal(20), fee_rate=Decimal(0), funding_interval=28_800,
    )  # fmt: skip
    Catalogue(database).replace([entry])
    response = client.get("/api/v1/markets/vamm:gold")
    assert response.status_code == 200, response.text
    answer = response.json()
    MarketAnswer.model_validate(answer, strict=True)
    data = answer["data"]
    stats, catalogue = data.pop("stats"), data.pop("catalogue")
    assert stats == client.get("/api/lightweight/stats?symbol=GOLD").json()["data"] | {"time": stats["time"]}
    assert (stats["price"], stats["volume_24h"]) == ("2000", 2_000_000)
    assert catalogue.pop("imported_at") == pytest.approx(time.time(), abs=600)
    assert catalogue == {
        "name": "Gold", "description": "Shiny", "category": "metals", "base_asset": "XAU", "quote_asset": "EUR",
        "icon_url": "https://x.example/i", "banner_url": "https://x.example/b", "website_url": "https://x.example",
        "min_trade_size": "0.5", "max_leverage": "20", "fee_rate": "0", "funding_interval": 28_800,
    }  # fmt: skip
    assert data == {
        "market_id": "1", "symbol": "GOLD", "market_symbol": "Gold / USD", "name": "Gold", "base": "XAU", "quote": "EUR", "tier": "tier2",
        "is_active": True, "chain_id": CHAIN, "contract_address": ADDRESS, "protocol": "vamm", "factory_market_id": "0xe",
        "vault_address": "0xa", "oracle_address": "0xb", "collateral_address": "0xc", "creator_address": "0xd", "market_type": 3,
        "starting_price": "2000.000000000000000001", "created_time": 1_700_000_000, "deployment_block": 5, "updated_block": 6,
        "intervals": list(INTERVALS),
    }  # fmt: skip


def test_a_market_that_little_is_known_of(client: TestClient, database: Database) -> None:
    add_market(database, 2, "DUST", symbol="", is_active=False)
    data = client.get("/api/v1/markets/DUST").json()["data"]
    assert data["stats"]["price"] is None
    known = (
        "market_id",
        "symbol",
        "market_symbol",
        "name",
        "base",
        "quote",
        "tier",
        "is_active",
        "chain_id",
        "contract_address",
        "market_type",
    )
    assert {name for name, value in data.items() if value is not None} == {*known, "intervals", "stats"}
    assert (data["base"], data["quote"], data["tier"], data["is_active"]) == ("DUST", "USD", "tier4", False)


@pytest.mark.parametrize(("symbol", "status"), [("NONE", 404), ("%27%20OR%201%3D1", 404), ("X" * 129, 400)])
def test_there_is_no_such_market(client: TestClient, symbol: str, status: int) -> None:
    response = client.get(f"/api/v1/markets/{symbol}")
    assert response.status_code == status
    assert response.json()["success"] is False

"""Sample data is right by the oracle, is loaded once, is told by its name, and can be taken out without a trace."""

import pytest

from app import operations, sample
from app.settings import Settings
from app.store.client import Database
from app.store.market_reader import MarketReader
from app.store.verify import verify


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
async def test_a_sample_comes_and_goes(database: Database) -> None:
    settings = Settings(rpc_url="http://127.0.0.1:1", start_block=10**9, confirmations=50)  # a real chain's, to be left alone
    rows = await sample.load(settings, database, blocks=200)
    assert rows
    assert await sample.load(settings, database, blocks=200) is None
    assert verify(database, retention_1s_days=30) == []
    tickers = [row[0] for row in database.rows("SELECT DISTINCT ticker FROM vamm_markets ORDER BY ticker")]
    assert tickers == ["SAMPLE-BTC", "SAMPLE-ETH", "SAMPLE-GOLD"]

    assert f"--to 0 --chain {sample.CHAIN_ID}" in sample.TAKEN_OUT
    operations.rewind(settings, database, sample.CHAIN_ID, 0)
    for table in ("vamm_market_transactions", "vamm_ohlcv_1m", "vamm_market_states", "vamm_positions"):
        assert database.rows(f"SELECT count() FROM {table}") == [(0,)], table
    assert MarketReader(database).market("SAMPLE-GOLD") is None
    assert await sample.load(settings, database, blocks=60) is not None

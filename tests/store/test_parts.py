"""What a commit costs the disk: a small part is one file, as a commit makes a part in each of many tables."""

from pathlib import Path

from app.store.client import Database
from tests.store.ledgers import ledger_on
from tests.store.rows import batch


def test_a_small_part_is_one_file(database: Database) -> None:
    ledger_on(database).commit(batch(1, 30))
    written = "active AND database = currentDatabase() AND table IN ('vamm_market_transactions', 'vamm_ohlcv_1m')"
    folders = [Path(path) for (path,) in database.rows(f"SELECT path FROM system.parts WHERE {written}")]
    assert len(folders) >= 2
    assert {len(list(folder.iterdir())) for folder in folders} == {1}

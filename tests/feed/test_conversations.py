"""Whole conversations with the real server, kept as text in `tests/golden`: `UPDATE_GOLDEN=1` writes them anew."""

import os
import re
import time
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Client

from app.domain.fixed import ONE
from app.store import rows
from app.store.client import Database
from tests.feed.points import Point, add_market, add_points, seconds
from tests.store.rows import trade

GOLDEN = Path(__file__).parents[1] / "golden"
KEPT = sorted(path for kind in ("udf", "lightweight", "v1") for path in GOLDEN.glob(f"{kind}_*.txt"))
ASKS = "> "


@pytest.fixture
def markets(database: Database) -> None:
    """GOLD: three minutes on a Friday with a gap inside, and one on the Tuesday after. DUST: never traded. OIL: an eventful Friday."""
    add_market(database, 1, "GOLD", symbol="GOLD", starting_price=2_000 * ONE)
    add_market(database, 2, "DUST-PERP", symbol="Dust / USD", starting_price=12_340_000_000_000)
    friday, tuesday = seconds("2024-03-01T09:30:00"), seconds("2024-03-05T16:00:00")
    add_points(
        database,
        1,
        [
            Point(friday, 200_050, 100),
            Point(friday, 200_075, 0),
            Point(friday + 59, 199_925, 250),
            Point(friday + 60, 199_950, 40),
            Point(friday + 185, 0, 75),
            Point(friday + 240, 200_100, 60),
            Point(tuesday, 201_000, 500),
            Point(tuesday + 30, 200_900, 5),
        ],
    )
    oil = {"symbol": "OIL", "starting_price": 80 * ONE, "created_timestamp": friday, "deployment_block": 1}
    add_market(database, 3, "OIL", updated_timestamp=friday, updated_block=1, **oil)
    add_market(database, 3, "OIL", updated_timestamp=friday + 600, updated_block=900, is_active=False, **oil)
    told: list[dict[str, Any]] = [
        {"volume": 120_000 * ONE, "side": "buy"},
        {"volume": 99_999 * ONE, "side": "sell"},
        {"volume": 5_000 * ONE, "liquidation_volume": 5_000 * ONE, "action": "liquidate", "is_long": True, "side": "sell"},
        {
            "volume": 40_000 * ONE,
            "liquidation_volume": 40_000 * ONE,
            "action": "liquidate",
            "is_long": False,
            "price": 80_250_000_000_000_000_000,
        },
        {"volume": 0, "price": 0, "price_type": "", "action": "funding", "funding_rate": 125 * ONE // 10**6},
    ]
    trades = [trade(number, 0, 3, 80, 0, timestamp=friday + 20 * number, **event) for number, event in enumerate(told, 1)]
    database.insert("vamm_market_transactions", rows.trades(trades))


@pytest.mark.usefixtures("markets")
@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_conversation(served: Client, path: Path) -> None:
    kept, begun = path.read_text(), int(time.time())

    def timeless(found: re.Match[str]) -> str:
        return "{now}" if begun <= int(found[0]) <= time.time() else found[0]

    heard = ""
    for line in kept.splitlines():
        if line.startswith("# "):
            heard += f"{line}\n"
        elif line.startswith(ASKS):
            response = served.request(*line.removeprefix(ASKS).split(" ", 1))
            answer = re.sub(r"\b\d{10}\b", timeless, response.text.strip())
            heard += f"{line}\n{response.status_code} {response.headers['content-type']}\n{answer}\n\n"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(heard)
    assert heard == kept

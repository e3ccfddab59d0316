"""Whole conversations with the datafeed, kept as text in `tests/golden`: `UPDATE_GOLDEN=1` writes them anew."""

import os
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.domain.fixed import ONE
from app.store.client import Database
from tests.feed.points import Point, add_market, add_points, seconds

GOLDEN = Path(__file__).parents[1] / "golden"
ASKS = "> "


@pytest.fixture
def markets(database: Database) -> None:
    """GOLD: three minutes on a Friday with a gap inside, and one on the Tuesday after. DUST: never traded."""
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


@pytest.mark.usefixtures("markets")
@pytest.mark.parametrize("path", sorted(GOLDEN.glob("udf_*.txt")), ids=lambda path: path.stem)
def test_conversation(client: TestClient, path: Path) -> None:
    kept = path.read_text()
    heard = ""
    for line in kept.splitlines():
        if line.startswith("# "):
            heard += f"{line}\n"
        elif line.startswith(ASKS):
            response = client.request(*line.removeprefix(ASKS).split(" ", 1))
            heard += f"{line}\n{response.status_code} {response.headers['content-type']}\n{response.text.strip()}\n\n"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(heard)
    assert heard == kept

"""What a chain begins with: its markets, the same whatever is added to them."""

from dataclasses import replace
from typing import Any

import pytest

from app.demo.genesis import Genesis

GENESIS = Genesis(time=1_700_000_000)


def test_first_markets_are_gold_bitcoin_and_ether() -> None:
    assert [(listing.symbol, listing.price) for listing in GENESIS.listings()] == [("GOLD", 2_000), ("BTC", 45_000), ("ETH", 2_500)]


def test_more_markets_spread_over_the_magnitudes() -> None:
    listings = replace(GENESIS, markets=100).listings()
    assert min(listing.price for listing in listings) < 1e-6
    assert max(listing.price for listing in listings) > 1e4
    assert len({listing.contract for listing in listings}) == len({listing.market_id for listing in listings}) == 100


def test_adding_markets_changes_none() -> None:
    assert replace(GENESIS, markets=50).listings()[:3] == GENESIS.listings()


def test_every_fourth_market_is_of_the_simple_kind() -> None:
    assert [listing.place for listing in replace(GENESIS, markets=8).listings() if listing.simple] == [3, 7]


def test_chance_depends_on_seed_label_and_numbers() -> None:
    other = replace(GENESIS, seed=2)
    drawn = {GENESIS.chance(b"a", 1), GENESIS.chance(b"b", 1), GENESIS.chance(b"a", 2), GENESIS.chance(b"a", 1, 1), other.chance(b"a", 1)}
    assert len(drawn) == 5
    assert GENESIS.chance(b"a", 1) == Genesis(time=0).chance(b"a", 1)


@pytest.mark.parametrize(("block_time", "blocks"), [(2.0, 32), (0.25, 256), (0.01, 256), (12.0, 16), (3_600.0, 16)])
def test_an_epoch_is_about_a_minute_within_bounds(block_time: float, blocks: int) -> None:
    assert replace(GENESIS, block_time=block_time).epoch_blocks == blocks


@pytest.mark.parametrize(
    "wrong",
    [{"markets": -1}, {"markets": 501}, {"block_time": 0.0}, {"activity": 101.0}, {"empty": 1.5}, {"history": -1}, {"funding_interval": 1}],
)
def test_nonsense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must|shares"):
        replace(GENESIS, **wrong)

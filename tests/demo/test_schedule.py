"""What happens by the clock: funding of every kind of market, and markets switched off and on again."""

from collections import defaultdict
from dataclasses import replace
from itertools import pairwise

import pytest

from app.demo.chain import DemoChain
from app.demo.genesis import Genesis
from app.demo.schedule import SUSPENDED_BLOCKS
from tests.demo.conftest import BUSY
from tests.demo.decoding import Event, events

OFTEN = replace(BUSY, funding_interval=60, activity=0.1)


@pytest.fixture(scope="module")
def often() -> list[Event]:
    """What happens in 300 blocks with funding every minute."""
    return events(DemoChain(OFTEN, clock=None, head=300).logs(0, 300))


def test_an_amm_tells_its_funding_and_the_index_price(busy: DemoChain) -> None:
    told = [event for event in events(busy.logs(0, busy.head)) if event.name == "perpetual_funding"]
    (listing,) = (listing for listing in busy.genesis.listings() if listing.clearing_house)
    assert {event.log["address"] for event in told} == {listing.contract}
    assert [int(event.log["blockTimestamp"], 16) - BUSY.time for event in told] == pytest.approx(
        [3_600 * (at + 1) for at in range(8)], abs=BUSY.block_time
    )
    assert all(0 < abs(event.values[0]) < 10**15 for event in told)
    assert all(event.values[1] / 10**18 == pytest.approx(listing.price, rel=0.2) for event in told)


def test_markets_are_switched_off_now_and_then_and_on_again_soon(often: list[Event]) -> None:
    listings = {listing.market_id: listing for listing in OFTEN.listings()}
    told: dict[str, list[Event]] = defaultdict(list)
    for event in often:
        if event.name == "market_status":
            told[f"0x{event.indexed[0].hex()}"].append(event)
    assert told
    assert not any(listings[market_id].clearing_house for market_id in told)
    for changes in told.values():
        assert [event.values[0] for event in changes] == [bool(at % 2) for at in range(len(changes))]
        for off, on in pairwise(changes):
            if on.values[0]:
                assert on.block - off.block == SUSPENDED_BLOCKS


@pytest.mark.parametrize("seed", range(5))
def test_nothing_is_switched_on_that_is_not_off(seed: int) -> None:
    chain = DemoChain(Genesis(time=0, seed=seed, history=0, activity=0.0, block_time=1.0, funding_interval=60), clock=None, head=400)
    off: set[bytes] = set()
    for event in events(chain.logs(0, 400)):
        if event.name == "market_status":
            assert (event.indexed[0] in off) == event.values[0]
            off ^= {event.indexed[0]}
    assert len(off) <= 1


def test_without_listed_markets_nothing_is_switched() -> None:
    chain = DemoChain(replace(OFTEN, markets=0, activity=1.0), clock=None, head=600)
    assert {event.name for event in events(chain.logs(0, 600))} >= {"perpetual_changed", "perpetual_funding"}
    assert "market_status" not in {event.name for event in events(chain.logs(0, 600))}

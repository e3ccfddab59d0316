"""What happens on the simulated chain: every kind of event, as the real contracts declare it."""

from itertools import pairwise

import pytest

from app.demo.chain import DemoChain
from app.demo.events import SIGNATURES, TOPICS
from tests.demo.decoding import DECLARED, Event, events, topic


@pytest.fixture(scope="module")
def happened(busy: DemoChain) -> list[Event]:
    """Everything, which also shows that all of it decodes."""
    return events(busy.logs(0, busy.head))


def test_topics_are_the_hashes_of_the_declared_signatures() -> None:
    assert {name: topic(declared) for name, declared in DECLARED.items()} == TOPICS
    assert SIGNATURES.keys() == DECLARED.keys()


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("opened", "0x345a1e15bff227bfd5051975d95c864c45cf9fe79def6f9ce1c1525b0e831226"),
        ("simple_opened", "0x5cf8fa4a8e333990018876ad3a82065e68b3859d46c3198b692b77fc3043808b"),
        ("simple_price", "0x31423be1df71d4ecba11d1051d8033416ed316d601c79812e7cd8103e35b88a0"),
        ("market_created", "0x47ab7633006b3b6d4ecfa77b1c64dac99d985e2ec70de8fe50aeeded29c95742"),
        ("perpetual_changed", "0x4c7b764f428c13bbea8cc8da90ebe6eef4dafeb27a4e3d9041d64208c47ca7c2"),
    ],
)
def test_topics_are_those_of_the_deployed_contracts(name: str, known: str) -> None:
    assert TOPICS[name] == known


def test_every_kind_of_event_happens(happened: list[Event]) -> None:
    assert {event.name for event in happened} >= TOPICS.keys() - {"perpetual_liquidated"}


def test_markets_are_created_before_anything_else(happened: list[Event], busy: DemoChain) -> None:
    created = [event for event in happened if event.name == "market_created"]
    listings = [listing for listing in busy.genesis.listings() if not listing.clearing_house]
    assert [(event.indexed[1], event.values[0], event.values[3]) for event in created] == [
        (listing.contract, listing.symbol, int(listing.price * 10**18)) for listing in listings
    ]
    trades = [event for event in happened if event.name not in ("market_created", "oracle_price")]
    assert max(event.place for event in created) < min(event.place for event in trades)


def test_markets_speak_their_own_protocol(happened: list[Event], busy: DemoChain) -> None:
    simple = {listing.contract for listing in busy.genesis.listings() if listing.simple}
    for event in happened:
        if event.name != "market_created":
            assert (event.log["address"] in simple) == event.name.startswith("simple_"), event


def test_funding_comes_every_interval_and_its_index_adds_up(happened: list[Event], busy: DemoChain) -> None:
    contract = busy.genesis.listings()[0].contract
    told = [event for event in happened if event.name == "funding_updated" and event.log["address"] == contract]
    times = [int(event.log["blockTimestamp"], 16) - busy.genesis.time for event in told]
    assert times == pytest.approx([3_600 * (at + 1) for at in range(len(told))], abs=busy.genesis.block_time)
    assert len(told) == 8
    for before, after in pairwise(told):
        assert after.values[1] == before.values[1] + after.values[0]


def test_trades_execute_near_the_index_price(happened: list[Event], busy: DemoChain) -> None:
    index = {listing.contract: listing.price for listing in busy.genesis.listings()}
    contracts = {listing.oracle: listing.contract for listing in busy.genesis.listings()}
    for event in happened:
        if event.name == "oracle_price":
            index[contracts[event.log["address"]]] = event.values[0] / 10**18
        elif event.name in ("opened", "simple_opened"):
            assert event.values[2] / 10**18 == pytest.approx(index[event.log["address"]], rel=0.05)


def test_liquidations_happen_to_losers_only(happened: list[Event]) -> None:
    opened = {(event.log["address"], event.indexed[1]): event for event in happened if event.name == "opened"}
    increased = {(event.log["address"], event.indexed[1]) for event in happened if event.name == "increased"}
    ended = [event for event in happened if event.name == "liquidated"]
    assert ended
    for event in ended:
        key = (event.log["address"], event.indexed[1])
        if key not in increased:
            is_long, _, entry, leverage, _ = opened[key].values
            gain = (event.values[1] / entry - 1) * (1 if is_long else -1)
            assert gain * leverage <= -0.79

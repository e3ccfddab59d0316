"""Positions over a chain's history: none is closed that was not open, on any fork."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from app.demo.chain import DemoChain
from app.demo.genesis import Genesis
from tests.demo.conftest import BUSY
from tests.demo.decoding import Event, events
from tests.depth import examples

geneses = st.builds(
    Genesis,
    time=st.integers(0, 2_000_000_000),
    seed=st.integers(),
    markets=st.integers(1, 9),
    block_time=st.sampled_from([0.25, 0.4, 1.0, 2.0, 12.0]),
    activity=st.floats(0, 3),
    history=st.sampled_from([0, 600]),
    empty=st.floats(0, 1),
    bursts=st.floats(0, 1),
    clearing_house=st.booleans(),
)


@settings(max_examples=examples(25), deadline=None)
@given(geneses, st.lists(st.tuples(st.integers(1, 300), st.integers(1, 200)), max_size=4))
def test_positions_are_consistent_on_every_fork(genesis: Genesis, history: list[tuple[int, int]]) -> None:
    chain = DemoChain(genesis, clock=None, head=300)
    for mined, depth in history:
        chain.mine(mined)
        chain.reorganise(depth)
    check_positions(events(chain.logs(0, chain.head)))


def test_positions_are_consistent_over_a_day() -> None:
    chain = DemoChain(replace(BUSY, activity=0.3), clock=None, head=43_200)
    happened = events(chain.logs(0, chain.head))
    check_positions(happened)
    seen = {event.name for event in happened}
    assert seen >= {"opened", "increased", "closed", "liquidated", "funding_paid", "simple_opened", "simple_closed", "perpetual_changed"}


def check_positions(happened: list[Event]) -> None:
    """Every event of a position fits what happened to it before, in every kind of market."""
    sizes: dict[tuple[str, int], tuple[str, int]] = {}
    bases: dict[tuple[str, str], int] = {}
    for event in happened:
        match event.name:
            case "opened" | "simple_opened":
                trader, number = event.indexed
                assert (event.log["address"], number) not in sizes
                assert event.values[1] > 0
                assert event.values[2] > 0
                assert 1 <= event.values[3] <= 100
                sizes[event.log["address"], number] = trader, event.values[1]
            case "increased":
                trader, number = event.indexed
                owner, size = sizes[event.log["address"], number]
                added, after, entry, _ = event.values
                assert trader == owner
                assert after == size + added
                assert entry > 0
                sizes[event.log["address"], number] = owner, after
            case "closed" | "simple_closed" | "liquidated":
                assert sizes.pop((event.log["address"], event.indexed[1])) == (event.indexed[0], event.values[0])
            case "funding_paid":
                assert sizes[event.log["address"], event.indexed[1]][0] == event.indexed[0]
            case "perpetual_changed":
                trader, amm = event.indexed
                exchanged, after = event.values[2], event.values[4]
                assert bases.get((amm, trader), 0) + exchanged == after
                assert exchanged != 0
                bases[amm, trader] = after
            case "perpetual_liquidated":
                trader, amm = event.indexed
                assert abs(bases[amm, trader]) == event.values[1]

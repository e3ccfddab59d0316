"""The simulated chain: the same from the same genesis, in whatever order it is read."""

from dataclasses import replace
from itertools import groupby, pairwise
from random import Random

import pytest

from app.demo.chain import DemoChain
from app.demo.genesis import DAY, Genesis
from app.domain.block import RawLog
from tests.demo.conftest import BUSY
from tests.demo.decoding import events

GENESIS = Genesis(time=1_700_000_000)
TRADES = frozenset({"opened", "closed", "liquidated"})


def number(log: RawLog) -> int:
    return int(log["blockNumber"], 16)


def test_equal_geneses_make_equal_chains_and_another_seed_another() -> None:
    chains = [DemoChain(replace(BUSY, seed=seed), clock=None, head=2_000) for seed in (1, 1, 2)]
    first, same, other = (chain.logs(0, 2_000) for chain in chains)
    assert first == same
    assert first != other


def test_any_block_by_itself_is_what_reading_in_order_gives(busy: DemoChain) -> None:
    in_order = {block: list(logs) for block, logs in groupby(busy.logs(5_000, 9_000), number)}
    rng = Random(3)
    for block in rng.sample(range(5_000, 9_001), 25):
        fresh = DemoChain(BUSY, clock=None, head=busy.head)
        assert fresh.logs(block, block) == in_order.get(block, [])


def test_ranges_join_without_a_seam(busy: DemoChain) -> None:
    assert busy.logs(100, 499) + busy.logs(500, 777) == busy.logs(100, 777)


def test_logs_are_in_order_and_numbered_from_zero_in_each_block(busy: DemoChain) -> None:
    logs = busy.logs(0, 3_000)
    assert [number(log) for log in logs] == sorted(number(log) for log in logs)
    for block, told in groupby(logs, number):
        of_block = list(told)
        assert [int(log["logIndex"], 16) for log in of_block] == list(range(len(of_block)))
        assert {log["blockHash"] for log in of_block} == {busy.block(block).hash}
        assert {int(log["blockTimestamp"], 16) for log in of_block} == {busy.block(block).timestamp}
        transactions = [int(log["transactionIndex"], 16) for log in of_block]
        assert all(after - before in (0, 1) for before, after in pairwise(transactions))


def test_blocks_are_chained_by_their_hashes(busy: DemoChain) -> None:
    blocks = [busy.block(at) for at in range(200)]
    assert all(after.parent_hash == before.hash for before, after in pairwise(blocks))
    assert len({block.hash for block in blocks}) == 200


def test_fast_blocks_share_seconds() -> None:
    chain = DemoChain(replace(GENESIS, block_time=0.25), clock=None, head=100)
    assert [chain.block(at).timestamp - GENESIS.time for at in range(9)] == [0, 0, 0, 0, 1, 1, 1, 1, 2]


def test_thirty_days_of_history_are_read_within_a_minute_and_fill_the_charts() -> None:
    chain = DemoChain(GENESIS, clock=None, head=40 * 43_200)
    happened = events(chain.logs(10 * 43_200, 11 * 43_200 - 1))
    assert 200_000 < 30 * len(happened) < 300_000
    for listing in GENESIS.listings():
        traded = {
            int(event.log["blockTimestamp"], 16) // 60
            for event in happened
            if event.log["address"] == listing.contract and event.name in TRADES
        }
        assert len(traded) > 0.6 * DAY / 60


def test_live_blocks_nearly_always_hold_a_trade() -> None:
    chain = DemoChain(GENESIS, clock=None, head=40 * 43_200)
    live = 31 * 43_200
    traded = {event.block for event in events(chain.logs(live, live + 1_999)) if event.name in TRADES}
    assert len(traded) > 0.9 * 2_000


def test_bursts_put_many_trades_into_one_block() -> None:
    chain = DemoChain(replace(GENESIS, bursts=1.0), clock=None, head=500)
    fullest = max(sum(1 for _ in logs) for _, logs in groupby(chain.logs(64, 500), number))
    assert fullest > 20


@pytest.mark.parametrize(("empty", "at_most"), [(0.5, 0.6), (0.9, 0.2), (1.0, 0.1)])
def test_empty_blocks_are_as_many_as_asked(empty: float, at_most: float) -> None:
    chain = DemoChain(replace(GENESIS, history=0, empty=empty), clock=None, head=3_000)
    assert 0 < len({number(log) for log in chain.logs(64, 3_000)}) < at_most * 3_000


def test_a_chain_without_markets_is_empty() -> None:
    chain = DemoChain(replace(GENESIS, markets=0, history=0), clock=None, head=1_000)
    assert chain.logs(0, 1_000) == []


def test_the_head_follows_the_clock() -> None:
    now = GENESIS.time + 7.9
    chain = DemoChain(GENESIS, clock=lambda: now)
    assert chain.head == 3
    now += 0.1
    assert chain.head == 4
    with pytest.raises(ValueError, match="clock"):
        chain.mine()


def test_mining_moves_the_head() -> None:
    chain = DemoChain(GENESIS, clock=None)
    assert [chain.head, chain.mine(), chain.mine(10), chain.head] == [0, 1, 11, 11]
    with pytest.raises(ValueError, match="unmined"):
        chain.mine(-1)


def test_what_is_beyond_the_head_is_not_told(busy: DemoChain) -> None:
    with pytest.raises(ValueError, match="not on the chain"):
        busy.block(busy.head + 1)
    with pytest.raises(ValueError, match="not on the chain"):
        busy.logs(0, busy.head + 1)


def test_a_reorganisation_replaces_the_newest_blocks_by_as_many_others() -> None:
    chain = DemoChain(BUSY, clock=None, head=1_000)
    before, hashes = chain.logs(0, 1_000), [chain.block(at).hash for at in range(1_001)]
    assert chain.reorganise(20) == 981
    after = chain.logs(0, 1_000)
    assert chain.head == 1_000
    assert [log for log in before if number(log) < 981] == [log for log in after if number(log) < 981]
    gone, come = ([log for log in logs if number(log) >= 981] for logs in (before, after))
    assert {log["transactionHash"] for log in gone}.isdisjoint(log["transactionHash"] for log in come)
    assert [(log["topics"], log["data"]) for log in gone] != [(log["topics"], log["data"]) for log in come]
    assert all((chain.block(at).hash == hashes[at]) == (at < 981) for at in range(1_001))
    blocks = [chain.block(at) for at in range(970, 1_001)]
    assert all(later.parent_hash == earlier.hash for earlier, later in pairwise(blocks))


def test_reorganisations_never_return_to_an_earlier_history() -> None:
    chain = DemoChain(BUSY, clock=None, head=1_000)
    tips = {chain.block(1_000).hash}
    for depth in (1, 5, 1, 40, 2):
        chain.reorganise(depth)
        tips.add(chain.block(1_000).hash)
    assert len(tips) == 6


@pytest.mark.parametrize("depth", [0, 1_001])
def test_the_genesis_stays(depth: int) -> None:
    with pytest.raises(ValueError, match="can be replaced"):
        DemoChain(BUSY, clock=None, head=1_000).reorganise(depth)


def test_a_sibling_differs_in_the_newest_blocks_and_leaves_the_chain_alone(busy: DemoChain) -> None:
    before = busy.block(busy.head)
    sibling = busy.sibling(3)
    assert sibling.hash(busy.head - 2) != busy.block(busy.head - 2).hash
    assert sibling.hash(busy.head - 3) == busy.block(busy.head - 3).hash
    assert busy.block(busy.head) == before

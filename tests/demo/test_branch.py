"""Blocks by number and by hash, and what a fork changes of them."""

from app.demo.branch import Branch, World
from app.demo.chain import DemoChain
from tests.demo.conftest import BUSY


def test_block_zero_has_no_parent(busy: DemoChain) -> None:
    assert busy.branch.parent_hash(0) == f"0x{'0' * 64}"
    assert busy.branch.timestamp(0) == BUSY.time


def test_blocks_and_transactions_are_found_by_their_hashes(busy: DemoChain) -> None:
    branch = busy.branch
    for log in busy.logs(9_000, 9_010):
        number, index = int(log["blockNumber"], 16), int(log["transactionHash"][-4:], 16)
        assert branch.number(log["blockHash"]) == number
        assert branch.transaction(log["transactionHash"]) == (number, index)
    stranger = branch.forked(9_000, 1).hash(9_000)
    assert branch.number(stranger) is None
    assert branch.transaction(stranger) is None


def test_a_fork_changes_blocks_from_its_first_on(busy: DemoChain) -> None:
    fork = busy.branch.forked(9_005, 1)
    assert [fork.hash(number) == busy.branch.hash(number) for number in (9_003, 9_004, 9_005, 9_006, 90_000)] == [True, True] + 3 * [False]
    assert list(fork.blocks(8_900, 9_004)) == list(busy.branch.blocks(8_900, 9_004))
    assert list(fork.blocks(9_005, 9_100)) != list(busy.branch.blocks(9_005, 9_100))


def test_a_deeper_fork_forgets_the_shallower() -> None:
    root = Branch(World.of(BUSY))
    deeper = root.forked(500, 1).forked(900, 2).forked(700, 3)
    assert [fork.first for fork in deeper.forks] == [500, 700]
    assert deeper.hash(600) == root.forked(500, 1).hash(600)
    assert deeper.parent_hash(700) == deeper.hash(699)

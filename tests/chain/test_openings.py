"""Positions that were opened before the first block read: their sides come from the node, or stay unknown."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import cast

import pytest

from app.chain import openings
from app.chain.book import nowhere
from app.chain.decoder import Decoder
from app.chain.openings import Openings
from app.chain.protocol import load_protocols
from app.chain.rpc import Rpc
from app.demo.chain import DemoChain
from app.demo.faults import Fault
from app.demo.genesis import Genesis
from app.demo.node import Node, serving
from app.domain.block import Log
from app.domain.trade import Trade
from tests.chain.ledger import MemoryLedger

pytestmark = pytest.mark.anyio
FIRST, LAST = 3_000, 4_000
CATALOGUE = load_protocols()
CHAIN = DemoChain(Genesis(time=1_700_000_000, seed=3, markets=3, history=0, activity=3.0), clock=None, head=LAST)


@pytest.fixture
async def node() -> AsyncIterator[Node]:
    async with serving(CHAIN) as node:
        yield node


@pytest.fixture
async def ask(node: Node) -> AsyncIterator[Openings]:
    """What is asked for positions opened before block FIRST."""
    async with Rpc([node.url], first_pause=0.01) as rpc:
        yield Openings(rpc, CATALOGUE.plans, lambda: FIRST)


def decode(ask: Openings | None, first: int = FIRST) -> list[Trade]:
    """The events of blocks FIRST to LAST, read from block *first* on."""
    decoder = Decoder(CATALOGUE, CHAIN.genesis.chain_id, MemoryLedger(), openings=ask or nowhere)
    logs = [cast(Log, log) for log in CHAIN.logs(first, LAST)]
    trades = decoder.decode(logs, {int(log["blockNumber"], 16): int(log["blockTimestamp"], 16) for log in logs}).trades
    return [trade for trade in trades if trade.block_number >= FIRST and trade.action in ("close", "increase", "liquidate")]


def sides(trades: list[Trade]) -> dict[tuple[int, int], tuple[bool | None, str]]:
    return {(trade.block_number, trade.log_index): (trade.is_long, trade.side) for trade in trades}


async def test_every_side_is_that_of_a_chain_read_whole(ask: Openings) -> None:
    assert any(trade.is_long is None for trade in decode(None))
    assert sides(await asyncio.to_thread(decode, ask)) == sides(decode(None, first=0))
    assert ask.unanswered == 0


async def test_positions_opened_before_do_not_move_the_open_interest(ask: Openings) -> None:
    plain, asked = decode(None), await asyncio.to_thread(decode, ask)
    assert [trade.open_interest for trade in asked] == [trade.open_interest for trade in plain]
    assert min(min(trade.total_long_size, trade.total_short_size) for trade in asked) >= 0


@pytest.mark.parametrize("provider", ["alchemy", "infura", "quicknode", "geth"])
async def test_ranges_are_as_the_node_wants_them(node: Node, ask: Openings, provider: str) -> None:
    node.faults.provider, node.faults.max_range, node.faults.max_logs = provider, 250, 20
    assert sides(await asyncio.to_thread(decode, ask)) == sides(decode(None, first=0))


async def test_a_node_that_fails_now_and_then_is_asked_again(node: Node, ask: Openings) -> None:
    node.faults.order(Fault.BAD_GATEWAY, 1)
    node.faults.order(Fault.GARBAGE, 1)
    assert sides(await asyncio.to_thread(decode, ask)) == sides(decode(None, first=0))


async def test_what_the_node_does_not_tell_stays_unknown_and_is_told_once(
    node: Node, ask: Openings, caplog: pytest.LogCaptureFixture
) -> None:
    node.faults.order(Fault.BAD_GATEWAY, 1_000)
    with caplog.at_level(logging.WARNING, "app.chain.openings"):
        for _ in range(2):
            assert sides(await asyncio.to_thread(decode, ask)) == sides(decode(None))
    assert len(caplog.records) == 1
    assert f"positions opened before block {FIRST} stay without a side" in caplog.text
    assert ask.unanswered > 0


async def test_the_requests_for_positions_that_never_were_are_bounded(node: Node, ask: Openings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openings, "MAX_REQUESTS", 2)
    monkeypatch.setattr(openings, "POSITIONS_AT_ONCE", 1)
    asked = 0
    draw = node.faults.draw

    def counted(methods: frozenset[str], *, batch: bool) -> Fault | None:
        nonlocal asked
        asked += "eth_getLogs" in methods
        return draw(methods, batch=batch)

    monkeypatch.setattr(node.faults, "draw", counted)
    node.faults.max_range = 100
    nobodys = [("0x" + "0f" * 20, number) for number in range(50)]
    assert await asyncio.to_thread(ask, nobodys) == {}
    assert ask.unanswered == 50
    assert asked == 2 * openings.MAX_FRUITLESS


async def test_nothing_is_asked_of_a_chain_read_from_its_first_block(node: Node) -> None:
    node.faults.order(Fault.BAD_GATEWAY, 1_000)
    async with Rpc([node.url], first_pause=0.01) as rpc:
        ask = Openings(rpc, CATALOGUE.plans, lambda: 0)
        assert await asyncio.to_thread(ask, [("0x" + "0f" * 20, 1)]) == {}
    assert ask.unanswered == 0

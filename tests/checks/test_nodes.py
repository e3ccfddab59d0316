"""Nodes: their chain, their head, their logs; and all of them together."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from time import time

import pytest

from app.checks.service import Service
from app.demo.chain import DemoChain
from app.demo.faults import Fault
from app.demo.genesis import Genesis
from app.demo.node import Node, serving
from app.settings import Settings
from tests.checks.conftest import failure, found, port

pytestmark = pytest.mark.anyio
RPC = Service.RPC
BLOCKS = 3_000


def chain(chain_id: int = 31_337, *, blocks: int = BLOCKS, age: float = 0) -> DemoChain:
    genesis = Genesis(time=int(time() - age - blocks * 2), chain_id=chain_id, markets=1, history=0, activity=0.1)
    return DemoChain(genesis, clock=None, head=blocks)


@dataclass
class Nodes:
    """Two of one chain, of which the second lags where it is told to, and one of another."""

    first: Node
    second: Node
    other: Node


@pytest.fixture
async def nodes() -> AsyncIterator[Nodes]:
    async with serving(chain()) as first, serving(chain()) as second, serving(chain(137, blocks=50)) as other:
        yield Nodes(first, second, other)


def settings(*urls: str, **others: int) -> Settings:
    return Settings(rpc_url=",".join(urls), **others)


async def test_nodes_that_are_ready(nodes: Nodes) -> None:
    http, ws = await found(settings(nodes.first.url, nodes.second.ws_url), RPC)
    assert (http.level, ws.level) == ("ok", "ok")
    assert f"{nodes.first.url}: chain 31337, block {BLOCKS}" in http.text
    assert "logs of 10000 blocks at once" in http.text
    assert "tells of new blocks" in ws.text


async def test_nodes_of_different_chains(nodes: Nodes) -> None:
    *_, together = await found(settings(nodes.first.url, nodes.other.url), RPC)
    assert together.level == "failed"
    assert "chain 137" in together.text


async def test_a_node_that_is_behind(nodes: Nodes) -> None:
    nodes.second.faults.depth = 100
    nodes.second.faults.order(Fault.HEAD_BACK, 10)
    _, _, old, behind = await found(settings(nodes.first.url, nodes.second.url), RPC)
    assert old.level == behind.level == "warning"
    assert nodes.second.url in old.text
    assert "100 blocks behind" in behind.text


async def test_the_range_of_logs_that_a_plan_allows(nodes: Nodes) -> None:
    nodes.first.faults.max_range = 600
    (one,) = await found(settings(nodes.first.url), RPC)
    assert "logs of 500 blocks at once" in one.text
    nodes.first.faults.max_range = 10
    one, slow = await found(settings(nodes.first.url), RPC)
    assert "logs of 10 blocks at once" in one.text
    assert slow.level == "warning"


async def test_history_that_a_node_no_longer_has(nodes: Nodes) -> None:
    nodes.first.faults.order(Fault.NULL_BLOCK, 1)
    assert (await failure(settings(nodes.first.url), RPC)).level == "failed"


@pytest.mark.parametrize(
    ("fault", "meaning"),
    [
        (Fault.BAD_GATEWAY, "HTTP 502"),
        (Fault.GARBAGE, ""),
        (Fault.CUT, ""),
    ],
)
async def test_a_node_that_fails(nodes: Nodes, fault: Fault, meaning: str) -> None:
    nodes.first.faults.order(fault, 10)
    one = await failure(settings(f"{nodes.first.url}/?key=secret-key-of-somebody"), RPC)
    assert meaning in one.text
    assert "secret-key" not in one.line


async def test_a_plan_that_is_used_up_for_the_moment_is_a_warning(nodes: Nodes) -> None:
    nodes.first.faults.order(Fault.RATE_LIMITED, 10)
    (one,) = await found(settings(nodes.first.url), RPC)
    assert one.level == "warning"
    assert "larger plan" in one.help


async def test_one_node_of_two_fails(nodes: Nodes) -> None:
    async with port(silent=False) as number:
        broken, well = await found(settings(f"http://127.0.0.1:{number}/v2/secret-key-of-somebody", nodes.first.url), RPC)
    assert (broken.level, well.level) == ("failed", "ok")
    assert "secret-key" not in broken.line


async def test_without_a_node_it_is_said_what_that_means() -> None:
    (one,) = await found(Settings(), RPC)
    assert one.level == "unset"

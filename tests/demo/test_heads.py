"""Subscriptions over WebSocket, by web3.py and by hand."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import orjson
import pytest
from web3 import AsyncWeb3, WebSocketProvider
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from app.demo.chain import DemoChain
from app.demo.faults import Fault
from app.demo.heads import MAX_SUBSCRIPTIONS, MAX_TOLD
from app.demo.node import Node, serving
from tests.demo.conftest import BUSY
from tests.demo.test_rpc import body

pytestmark = pytest.mark.anyio


@pytest.fixture
async def node() -> AsyncIterator[Node]:
    async with serving(DemoChain(BUSY, clock=None, head=1_000)) as served:
        yield served


@pytest.fixture
async def client(node: Node) -> AsyncIterator[ClientConnection]:
    async with connect(node.ws_url) as connection:
        yield connection


async def ask(client: ClientConnection, method: str, *params: Any) -> Any:
    await client.send(body(method, *params).decode())
    return orjson.loads(await client.recv())


async def heads(client: ClientConnection, count: int) -> list[dict[str, Any]]:
    told = []
    async with asyncio.timeout(5):
        for _ in range(count):
            message = orjson.loads(await client.recv())
            assert message["method"] == "eth_subscription"
            told.append(message["params"]["result"])
    return told


async def test_web3_hears_of_new_heads(node: Node) -> None:
    async with AsyncWeb3(WebSocketProvider(node.ws_url)) as web3:
        assert await web3.eth.block_number == 1_000
        subscription = await web3.eth.subscribe("newHeads")
        node.chain.mine(2)
        numbers = []
        async for message in web3.socket.process_subscriptions():
            assert message["subscription"] == subscription
            numbers.append(message["result"]["number"])
            if len(numbers) == 2:
                break
        assert numbers == [1_001, 1_002]


async def test_replaced_blocks_are_told_again(client: ClientConnection, node: Node) -> None:
    await ask(client, "eth_subscribe", "newHeads")
    node.chain.reorganise(3)
    told = await heads(client, 3)
    assert [(head["number"], head["hash"]) for head in told] == [(hex(at), node.chain.block(at).hash) for at in (998, 999, 1_000)]
    assert all(after["parentHash"] == before["hash"] for before, after in pairwise(told))


async def test_whoever_misses_many_heads_hears_of_the_newest(client: ClientConnection, node: Node) -> None:
    await ask(client, "eth_subscribe", "newHeads")
    node.chain.mine(10 * MAX_TOLD)
    told = await heads(client, MAX_TOLD)
    assert told[-1]["number"] == hex(node.chain.head)


async def test_an_unsubscribed_client_hears_nothing(client: ClientConnection, node: Node) -> None:
    subscription = (await ask(client, "eth_subscribe", "newHeads"))["result"]
    assert (await ask(client, "eth_unsubscribe", subscription))["result"] is True
    assert (await ask(client, "eth_unsubscribe", subscription))["result"] is False
    node.chain.mine()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await client.recv()


async def test_only_heads_can_be_subscribed_to_and_not_without_end(client: ClientConnection) -> None:
    assert (await ask(client, "eth_subscribe", "logs", {}))["error"]["code"] == -32602
    for _ in range(MAX_SUBSCRIPTIONS):
        assert "result" in await ask(client, "eth_subscribe", "newHeads")
    assert (await ask(client, "eth_subscribe", "newHeads"))["error"]["code"] == -32000


async def test_ordinary_calls_are_answered(client: ClientConnection, node: Node) -> None:
    assert (await ask(client, "eth_getLogs", {"fromBlock": "0x384", "toBlock": "0x3e8"}))["result"] == node.chain.logs(900, 1_000)
    await client.send("[]")
    assert orjson.loads(await client.recv())["error"]["code"] == -32600


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.BAD_GATEWAY])
async def test_a_broken_answer_is_the_end_of_the_connection(client: ClientConnection, node: Node, fault: Fault) -> None:
    node.faults.order(fault)
    with pytest.raises(ConnectionClosed):
        await ask(client, "eth_chainId")


async def test_stopping_the_node_says_goodbye() -> None:
    async with serving(DemoChain(BUSY, clock=None, head=1_000)) as node:
        connection = await connect(node.ws_url)
    with pytest.raises(ConnectionClosed):
        await connection.recv()
    assert connection.close_code == 1001

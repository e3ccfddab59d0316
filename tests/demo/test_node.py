"""The node as real clients see it: web3.py over HTTP, and plain HTTP where it misbehaves."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import cast

import aiohttp
import pytest
from web3 import Web3
from web3.types import BlockData

from app.demo.chain import DemoChain
from app.demo.faults import Fault
from app.demo.node import MAX_BODY, Node, serving, serving_in_thread
from tests.demo.conftest import BUSY
from tests.demo.test_rpc import body

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with serving_in_thread(DemoChain(BUSY, clock=None, head=1_000)) as served:
        yield served


@pytest.fixture
def web3(node: Node) -> Web3:
    return Web3(Web3.HTTPProvider(node.url, exception_retry_configuration=None))


async def post(node: Node, sent: bytes) -> tuple[int, str, bytes]:
    async with aiohttp.ClientSession() as session, session.post(node.url, data=BytesIO(sent)) as answer:
        return answer.status, answer.content_type, await answer.read()


def test_web3_reads_the_chain(web3: Web3, node: Node) -> None:
    assert web3.is_connected()
    assert web3.eth.chain_id == 31_337
    assert web3.eth.block_number == 1_000
    block = web3.eth.get_block(950, full_transactions=True)
    assert block["timestamp"] == node.chain.block(950).timestamp
    assert block["hash"].to_0x_hex() == node.chain.block(950).hash
    assert block["parentHash"] == web3.eth.get_block(949)["hash"]
    assert web3.eth.get_block("finalized")["number"] == 936


def test_web3_reads_logs_and_receipts(web3: Web3, node: Node) -> None:
    logs = web3.eth.get_logs({"fromBlock": 900, "toBlock": 1_000})
    right = node.chain.logs(900, 1_000)
    assert [(log["blockNumber"], log["logIndex"], log["data"].to_0x_hex()) for log in logs] == [
        (int(log["blockNumber"], 16), int(log["logIndex"], 16), log["data"]) for log in right
    ]
    receipt = web3.eth.get_transaction_receipt(logs[0]["transactionHash"])
    assert receipt["logs"][0]["logIndex"] == logs[0]["logIndex"]
    assert web3.eth.get_transaction(logs[0]["transactionHash"])["blockNumber"] == logs[0]["blockNumber"]


def test_web3_batches(web3: Web3) -> None:
    with web3.batch_requests() as batch:
        batch.add(web3.eth.get_block(1))
        batch.add(web3.eth.get_block(2))
        first, second = (cast("BlockData", block) for block in batch.execute())
    assert second["parentHash"] == first["hash"]


async def test_serving_in_this_loop_follows_the_chain() -> None:
    chain = DemoChain(replace(BUSY, markets=1), clock=None, head=10)
    async with serving(chain) as node:
        first = await post(node, body("eth_blockNumber"))
        chain.mine(5)
        second = await post(node, body("eth_blockNumber"))
    assert [b'"0xa"' in first[2], b'"0xf"' in second[2]] == [True, True]
    with pytest.raises(aiohttp.ClientConnectionError):
        await post(node, body("eth_blockNumber"))


async def test_faults_as_http(node: Node) -> None:
    node.faults.order(Fault.BAD_GATEWAY)
    assert (await post(node, body("eth_chainId")))[:2] == (502, "text/html")
    node.faults.order(Fault.SLOW)
    assert (await post(node, body("eth_chainId")))[0] == 200
    node.faults.order(Fault.CUT)
    with pytest.raises(aiohttp.ClientPayloadError):
        await post(node, body("eth_chainId"))
    assert (await post(node, body("eth_chainId")))[0] == 200


async def test_a_rate_limit_says_when_to_come_back(node: Node) -> None:
    node.faults.order(Fault.RATE_LIMITED)
    async with aiohttp.ClientSession() as session, session.post(node.url, data=body("eth_chainId")) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "1")


async def test_a_body_has_a_bound(node: Node) -> None:
    assert (await post(node, b" " * (MAX_BODY + 1)))[0] == 413
    assert (await post(node, b"[" + b" " * (MAX_BODY - 2) + b"]"))[0] == 200


async def test_requests_for_logs_do_not_hold_up_others(node: Node) -> None:
    many = body("eth_getLogs", {"fromBlock": "0x0", "toBlock": "latest"})
    answers = await asyncio.gather(*(post(node, many) for _ in range(3)), post(node, body("eth_chainId")))
    assert [status for status, _, _ in answers] == [200] * 4
    assert answers[0] == answers[1] == answers[2]

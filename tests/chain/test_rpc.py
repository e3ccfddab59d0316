"""JSON-RPC to several nodes: order, batches, failover, rate limits, WebSockets, and what is kept secret."""

import asyncio
import logging
import socket
import traceback
from typing import Any

import orjson
import pytest

from app.chain.errors import BadAnswer, NodeUnavailable, RangeTooLarge, RateLimited, RpcError
from app.chain.rpc import Rpc
from tests.chain.conftest import Connect, Serve
from tests.chain.node import Chain, Http, Refuse, ScriptedNode

pytestmark = pytest.mark.anyio

NUMBERS = [("eth_getBlockByNumber", [hex(number), False]) for number in range(25)]
SECRET = "s3cr3t-key-0123456789"


def unused_url() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def fail(error: Exception) -> Any:
    def script(method: str, params: list[Any]) -> Any:
        raise error

    return script


def backwards(node: ScriptedNode) -> Any:
    def whole(calls: Any) -> Any:
        return [node.one(call) for call in reversed(calls)] if isinstance(calls, list) else NotImplemented

    return whole


def numbers(results: list[Any]) -> list[int]:
    return [int(result["number"], 16) for result in results]


@pytest.fixture
def node() -> ScriptedNode:
    return ScriptedNode(Chain(100))


async def test_results_are_plain_json(node: ScriptedNode, connect: Connect) -> None:
    rpc = await connect(node)
    assert await rpc.call("eth_blockNumber") == "0x63"
    assert await rpc.call("eth_getBlockByNumber", ["0x5", False]) == node.chain.headers[5]
    assert await rpc.call("eth_getBlockByNumber", ["0x500", False]) is None


async def test_answers_out_of_order_are_matched_by_id(node: ScriptedNode, connect: Connect) -> None:
    node.whole = backwards(node)
    rpc = await connect(node)
    assert numbers(await rpc.batch(NUMBERS)) == list(range(25))


async def test_batches_are_bounded(node: ScriptedNode, connect: Connect) -> None:
    rpc = await connect(node, max_batch=10)
    assert numbers(await rpc.batch(NUMBERS)) == list(range(25))
    assert max(node.batches) == 10
    assert node.most_under_way <= 8


@pytest.mark.parametrize("limit", [0, 1, 6])
@pytest.mark.parametrize("refusal", ["object", "list", "status"])
async def test_smaller_batches_or_single_calls_where_a_node_refuses_large_ones(
    node: ScriptedNode, connect: Connect, limit: int, refusal: str
) -> None:
    def whole(calls: Any) -> Any:
        if not isinstance(calls, list) or len(calls) <= limit:
            return NotImplemented
        if refusal == "status":
            raise Http(400, "batch requests are not allowed")
        error = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "batch too large"}}
        return error if refusal == "object" else [error]

    node.whole = whole
    rpc = await connect(node, max_batch=10)
    assert numbers(await rpc.batch(NUMBERS)) == list(range(25))
    node.batches.clear()
    await rpc.batch(NUMBERS)
    assert max(node.batches) <= max(1, limit)


async def test_the_next_node_takes_over_and_gives_back(node: ScriptedNode, connect: Connect) -> None:
    other = ScriptedNode(Chain(200))
    node.script = fail(Http(503))
    rpc = await connect(node, other, rest=0.2)
    assert await rpc.call("eth_blockNumber") == hex(199)
    node.script = lambda method, params: NotImplemented
    assert await rpc.call("eth_blockNumber") == hex(199)
    await asyncio.sleep(0.2)
    assert await rpc.call("eth_blockNumber") == hex(99)


@pytest.mark.parametrize(
    "script",
    [
        fail(Http(500, "oops")),
        fail(Http(200, "<html>maintenance</html>")),
        fail(Http(401, '{"error": {"code": -32600, "message": "Must be authenticated!"}}')),
        fail(Refuse(-32603, "internal error")),
    ],
    ids=["status", "garbage", "key", "internal"],
)
async def test_a_failing_node_is_passed_over(node: ScriptedNode, connect: Connect, script: Any) -> None:
    broken = ScriptedNode(Chain(10))
    broken.script = script
    rpc = await connect(unused_url(), broken, node)
    assert await rpc.call("eth_blockNumber") == hex(99)


@pytest.mark.parametrize("answer", [b"[]", b"[1, 2]", b"null", b'{"jsonrpc": "2.0", "id": 0}', b'[{"id": 7, "result": 1}]'])
async def test_garbage_in_the_shape_of_json_is_no_result(node: ScriptedNode, connect: Connect, answer: bytes) -> None:
    rpc = await connect(node)
    await rpc.call("eth_chainId")
    node.whole = lambda calls: answer
    with pytest.raises(NodeUnavailable):
        await rpc.ask(NUMBERS, list, attempts=1)


async def test_a_silent_node_is_passed_over(node: ScriptedNode, connect: Connect) -> None:
    silent = ScriptedNode(Chain(10))
    silent.delay = 30.0
    rpc = await connect(silent, node, timeout=0.1)
    assert await rpc.call("eth_blockNumber") == hex(99)


@pytest.mark.parametrize("requests", [NUMBERS[:1], NUMBERS[:3]], ids=["single", "batch"])
async def test_what_reading_takes_is_not_the_nodes_doing(node: ScriptedNode, connect: Connect, requests: Any) -> None:
    rpc = await connect(node, timeout=0.3)

    async def slowly(body: bytearray) -> Any:
        await asyncio.sleep(0.5)
        return orjson.loads(body)

    assert await rpc.ask(requests, numbers, parse=slowly) == list(range(len(requests)))
    (statistics,) = rpc.statistics()
    assert (statistics.errors, statistics.requests) == ({}, len(requests) + 1)  # and the chain's id


async def test_all_down_is_told_after_a_few_tries(connect: Connect) -> None:
    rpc = await connect(unused_url(), unused_url())
    with pytest.raises(NodeUnavailable, match="can't be reached"):
        await rpc.call("eth_blockNumber")


async def test_a_node_of_another_chain_is_never_asked(node: ScriptedNode, connect: Connect) -> None:
    stranger = ScriptedNode(Chain(500))
    stranger.chain_id = 1
    rpc = await connect(node, stranger)
    await rpc.call("eth_blockNumber")
    node.script = fail(Http(503))
    with pytest.raises(NodeUnavailable):
        await rpc.call("eth_blockNumber")
    assert {method for method, _ in stranger.requests} == {"eth_chainId"}


@pytest.mark.parametrize(
    "limit", [Http(429, "slow down", {"Retry-After": "0"}), Http(429, "slow down"), Refuse(-32005, "project ID request rate exceeded")]
)
async def test_a_rate_limit_is_waited_out_without_changing_nodes(node: ScriptedNode, connect: Connect, limit: Exception) -> None:
    other = ScriptedNode(Chain(10))
    rpc = await connect(node, other)
    await rpc.call("eth_chainId")
    refusals = iter([limit, limit])

    def script(method: str, params: list[Any]) -> Any:
        if error := next(refusals, None):
            raise error
        return NotImplemented

    node.script = script
    assert await rpc.call("eth_blockNumber") == hex(99)
    assert not other.requests


async def test_a_rate_limit_that_stays_hands_over(node: ScriptedNode, connect: Connect) -> None:
    limited = ScriptedNode(Chain(10))
    limited.script = fail(Http(429))
    rpc = await connect(limited, node, rest=5.0)
    assert await rpc.call("eth_blockNumber") == hex(99)


async def test_a_rate_limit_without_end_is_told(node: ScriptedNode, connect: Connect) -> None:
    node.script = fail(Http(429, "", {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}))
    rpc = await connect(node)
    with pytest.raises(RateLimited) as told:
        await rpc.call("eth_blockNumber")
    assert told.value.retry_after == 0.0


async def test_a_refused_request_is_not_repeated(node: ScriptedNode, connect: Connect) -> None:
    rpc = await connect(node)
    with pytest.raises(RpcError, match="eth_sendCoffee"):
        await rpc.call("eth_sendCoffee")
    assert [method for method, _ in node.requests] == ["eth_chainId", "eth_sendCoffee"]


async def test_an_answer_that_is_not_believed_is_asked_elsewhere(node: ScriptedNode, connect: Connect) -> None:
    lagging = ScriptedNode(Chain(100))
    lagging.lag = 50
    rpc = await connect(lagging, node)

    def read(results: list[Any]) -> Any:
        if results[0] is None:
            raise BadAnswer("lags")
        return results[0]["number"]

    assert await rpc.ask([("eth_getBlockByNumber", ["0x60", False])], read) == "0x60"


@pytest.mark.parametrize("over_socket", [False, True])
async def test_an_answer_has_a_bound(node: ScriptedNode, connect: Connect, over_socket: bool) -> None:
    node.script = lambda method, params: "x" * 200_000 if method == "eth_getLogs" else NotImplemented
    rpc = await connect(node, socket=over_socket, max_response=100_000)
    with pytest.raises(RangeTooLarge):
        await rpc.call("eth_getLogs", [{}])
    assert await rpc.call("eth_blockNumber") == hex(99)


@pytest.mark.parametrize("url", ["", "example.com", "ftp://example.com", "http://"])
def test_a_url_has_a_scheme_and_a_host(url: str) -> None:
    with pytest.raises(RpcError, match="begin with http"):
        Rpc([url])


@pytest.mark.parametrize(
    "script",
    [
        fail(Http(404, f"Cannot POST /v3/{SECRET}")),
        fail(Http(500, f"<pre>{SECRET}</pre>")),
        fail(Refuse(-32000, f"project {SECRET} is out of order", {"key": SECRET})),
        fail(Refuse(-32601, f"{SECRET} may not do that")),
        fail(Http(429, f"https://node.example/v3/{SECRET} is over its limit")),
    ],
)
@pytest.mark.parametrize(
    "place", ["http://{host}/v3/{key}", "http://{key}:{key}@{host}/", "http://{host}/?apikey={key}", "ws://{host}/v3/{key}"]
)
async def test_keys_are_in_no_error_and_no_log(
    node: ScriptedNode, serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture, script: Any, place: str
) -> None:
    caplog.set_level(logging.DEBUG)
    node.script = script
    host = (await serve(node)).removeprefix("http://")
    rpc = await connect(place.format(host=host, key=SECRET))
    with pytest.raises((NodeUnavailable, RpcError, RateLimited)) as told:
        await rpc.ask(NUMBERS[:1], list, attempts=2)
    assert SECRET not in "".join(traceback.format_exception(told.value)) + repr(told.value) + caplog.text


@pytest.mark.parametrize("scheme", ["http", "ws"])
async def test_keys_are_not_told_when_nobody_answers(connect: Connect, caplog: pytest.LogCaptureFixture, scheme: str) -> None:
    caplog.set_level(logging.DEBUG)
    rpc = await connect(f"{unused_url().replace('http', scheme)}/v3/{SECRET}?key={SECRET}")
    with pytest.raises(NodeUnavailable) as told:
        await rpc.ask(NUMBERS[:1], list, attempts=2)
    error: BaseException | None = told.value
    while error is not None:
        assert SECRET not in f"{error!r}"
        error = error.__context__
    assert SECRET not in caplog.text


async def test_a_socket_answers_like_http(node: ScriptedNode, connect: Connect) -> None:
    node.whole = backwards(node)
    rpc = await connect(node, socket=True, max_batch=10)
    batches = await asyncio.gather(*(rpc.batch(NUMBERS) for _ in range(4)))
    assert [numbers(batch) for batch in batches] == [list(range(25))] * 4
    assert await rpc.call("eth_blockNumber") == hex(99)


async def test_waiting_on_a_socket_leaves_the_event_loop_alone(node: ScriptedNode, connect: Connect) -> None:
    rpc = await connect(node, socket=True)
    await rpc.call("eth_chainId")
    node.delay = 0.2
    turns = 0
    asking = asyncio.create_task(rpc.call("eth_blockNumber"))
    while not asking.done():
        turns += 1
        await asyncio.sleep(0.01)
    assert turns < 50
    assert await asking == hex(99)


async def test_an_answer_that_comes_too_late_is_nobody_elses(node: ScriptedNode, connect: Connect) -> None:
    rpc = await connect(node, socket=True, timeout=0.4)
    await rpc.call("eth_chainId")
    node.delay, node.slow = 0.6, lambda calls: calls["method"] == "eth_blockNumber"
    with pytest.raises(NodeUnavailable, match="did not answer"):
        await rpc.ask([("eth_blockNumber", [])], list, attempts=1)
    assert await rpc.ask(NUMBERS[7:8], numbers, attempts=1) == [7]


async def test_a_socket_announces_heads(node: ScriptedNode, connect: Connect) -> None:
    rpc = await connect(node, socket=True)
    await rpc.call("eth_chainId")
    waiting = asyncio.create_task(rpc.new_head(60.0))
    await node.subscribed.wait()
    await node.announce()
    assert await waiting == 100
    await node.announce(2)
    assert await rpc.new_head(60.0) == 102


async def test_a_silent_socket_is_not_waited_for(node: ScriptedNode, connect: Connect) -> None:
    rpc = await connect(node, socket=True)
    await rpc.call("eth_chainId")
    assert await rpc.new_head(0.01) is None


async def test_a_lost_socket_is_opened_again(node: ScriptedNode, connect: Connect) -> None:
    rpc = await connect(node, socket=True)
    await rpc.call("eth_chainId")
    await rpc.new_head(0.01)
    await node.drop()
    assert await rpc.new_head(0.01) is None
    assert await rpc.call("eth_blockNumber") == hex(99)
    waiting = asyncio.create_task(rpc.new_head(60.0))
    await node.subscribed.wait()
    await node.announce()
    assert await waiting == 100


async def test_an_unknown_error_over_a_socket_fails_who_waits(node: ScriptedNode, connect: Connect) -> None:
    rpc = await connect(node, socket=True)
    await rpc.call("eth_chainId")
    node.whole = lambda calls: orjson.dumps({"jsonrpc": "2.0", "id": None, "error": {"code": -32603, "message": "internal error"}})
    with pytest.raises(NodeUnavailable, match="internal error"):
        await rpc.ask(NUMBERS, list, attempts=1)


async def test_calls_failures_and_connections_are_counted_by_node(node: ScriptedNode, connect: Connect) -> None:
    gone = unused_url()
    rpc = await connect(f"{gone}/v2/{SECRET}", node, socket=True, rest=60.0)
    assert [found.is_up for found in rpc.statistics()] == [False, False]
    assert numbers(await rpc.batch(NUMBERS[:3])) == [0, 1, 2]
    away, there = rpc.statistics()
    assert (away.host, away.is_up, away.heard, away.errors) == ("127.0.0.1", False, None, {"NodeUnavailable": away.calls})
    assert (there.calls, there.requests, there.connects) == (2, 4, 1)  # the first message asked for the chain id
    assert (there.errors, there.is_up) == ({}, True)
    assert there.latency is not None
    assert there.heard is not None
    assert SECRET not in repr(rpc.statistics())
    await node.drop()
    assert numbers(await rpc.batch(NUMBERS[:1])) == [0]
    assert rpc.statistics()[1].connects >= 2
    with pytest.raises(BadAnswer):
        await rpc.ask(NUMBERS[:1], disbelieved, attempts=2)
    assert rpc.statistics()[1].errors["BadAnswer"] >= 1


def disbelieved(results: list[Any]) -> None:
    raise BadAnswer("the node says what cannot be")

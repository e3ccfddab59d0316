"""The stream of blocks: each once, in order, whatever nodes answer."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from typing import Any

import pytest

from app.chain.errors import RangeTooLarge, Reorganised, RpcError
from app.chain.mapping import compile_event
from app.chain.plan import Kind
from app.chain.reading import Reader, Reading
from app.chain.signature import parse_signature
from app.chain.source import Segment, Source
from app.domain.block import Block, Log
from tests.chain.conftest import Connect
from tests.chain.node import GENESIS_TIME, LOGS_A_BLOCK, TOPIC, Chain, Http, Refuse, ScriptedNode

pytestmark = pytest.mark.anyio

FINALITY = 30
SEEDS = range(20)
FAULTS = ("lag", "status", "garbage", "error", "null", "head", "twice", "fork", "range")

Follow = Callable[..., Awaitable[Source]]

ELSEWHERE = Reader({TOPIC: compile_event(parse_signature("Noted(uint256 amount)"), Kind.NOTE, {})}, 137)
"""For some of the seeds, what reads the logs in another process."""


@pytest.fixture
async def follow(connect: Connect) -> Follow:
    """A source of the given nodes."""

    async def start(*nodes: ScriptedNode | str, socket: bool = False, patience: float = 5.0, **options: Any) -> Source:
        rpc = await connect(*nodes, socket=socket, timeout=patience)
        return Source(rpc, [TOPIC], **{"confirmations": 0, "finality": FINALITY, "poll_interval": 0.01} | options)

    return start


@pytest.fixture
def node() -> ScriptedNode:
    return ScriptedNode(Chain(200))


async def read(source: Source, after: Block | None = None, start: int = 0, until: int | None = None, count: int = 10_000) -> list[Segment]:
    """Segments up to block *until*, or *count* of them."""
    segments: list[Segment] = []
    async with aclosing(source.segments(after, start, until)) as stream:
        async for segment in stream:
            segments.append(segment)
            if len(segments) == count:
                break
    return segments


def block(chain: Chain, number: int) -> Block:
    raw = chain.headers[number]
    return Block(number, raw["hash"], raw["parentHash"], int(raw["timestamp"], 16))


def logs_of(segment: Segment) -> Sequence[Log]:
    return segment.logs.logs() if isinstance(segment.logs, Reading) else segment.logs


def check(segments: list[Segment], chain: Chain, first: int, last: int) -> None:
    """*segments* are blocks *first* to *last* of *chain*, each once, in order, with all their logs and times."""
    following = first
    for segment in segments:
        assert segment.first == following
        numbers = [found.number for found in segment.blocks]
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        assert all(found == block(chain, found.number) for found in segment.blocks)
        following = numbers[-1] + 1
        expected = [log for number in range(segment.first, following) for log in chain.logs[number]]
        assert [plain(log) for log in logs_of(segment)] == [plain(log) for log in expected]
        blocks_with_logs = {int(log["blockNumber"], 16) for log in expected}
        assert dict(segment.timestamps) == {number: GENESIS_TIME + 2 * number for number in blocks_with_logs}
    assert following == last + 1


def plain(log: Any) -> dict[str, Any]:
    return {key: value for key, value in log.items() if key != "blockTimestamp"}


def once(method: str, answer: Callable[[Any, list[Any]], Any], node: ScriptedNode, times: int = 1) -> None:
    """Have *answer* change the node's next results of *method*."""
    left = times

    def script(asked: str, params: list[Any]) -> Any:
        nonlocal left
        if asked != method or left == 0:
            return NotImplemented
        left -= 1
        return answer(node.answer(asked, params), params)

    node.script = script


async def test_every_block_once_from_history_to_the_head(node: ScriptedNode, follow: Follow) -> None:
    source = await follow(node, max_range=40)
    segments = await read(source, until=199)
    check(segments, node.chain, 0, 199)
    settled = [segment for segment in segments if segment.blocks[-1].number <= 199 - FINALITY]
    assert len(settled) == 5
    assert {segment.head for segment in segments} == {199}


async def test_goes_on_after_a_block(node: ScriptedNode, follow: Follow) -> None:
    source = await follow(node)
    check(await read(source, after=block(node.chain, 120), until=150), node.chain, 121, 150)
    check(await read(source, after=block(node.chain, 185), until=199), node.chain, 186, 199)
    assert await read(source, after=block(node.chain, 150), until=150) == []


async def test_confirmations_are_held_back(node: ScriptedNode, follow: Follow) -> None:
    source = await follow(node, confirmations=5)
    assert await source.head() == 194
    reading = asyncio.create_task(read(source, start=194, count=2))
    await asyncio.sleep(0.05)
    assert not reading.done()
    node.chain.grow(1)
    check(await reading, node.chain, 194, 195)


async def test_a_young_chain_has_a_head_that_is_not_negative(follow: Follow) -> None:
    assert await (await follow(ScriptedNode(Chain(3)), confirmations=12)).head() == 0


async def test_facts_about_the_chain(node: ScriptedNode, follow: Follow) -> None:
    source = await follow(node)
    assert await source.chain_id() == 137
    assert await source.block(7) == block(node.chain, 7)
    assert await source.block(7_000) is None


@pytest.mark.parametrize(
    "refusal",
    [
        Refuse(-32602, "Log response size exceeded. Based on your parameters, this block range should work: [0x0, 0x6]"),
        Refuse(-32005, "query returned more than 10000 results. Try with this block range [0x0, 0x6]."),
        Refuse(-32005, "limit exceeded"),
        Refuse(-32000, "exceed maximum block range: 7"),
        Refuse(-32000, "logs matched by query exceeds limit of 10000"),
        Refuse(-32002, "request timed out"),
        Http(413, '{"jsonrpc": "2.0", "id": 0, "error": {"code": -32614, "message": "eth_getLogs is limited to a 7 range"}}'),
        Http(504, "<html>Gateway Time-out</html>"),
        Refuse(-32000, "words that nobody has seen before"),
    ],
    ids=str,
)
async def test_ranges_shrink_to_what_the_node_answers(node: ScriptedNode, follow: Follow, refusal: Exception) -> None:
    def script(method: str, params: list[Any]) -> Any:
        if method == "eth_getLogs" and "toBlock" in params[0] and int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) >= 7:
            raise refusal
        return NotImplemented

    node.script = script
    source = await follow(node)
    check(await read(source, until=169), node.chain, 0, 169)


async def test_a_node_that_is_too_slow_for_a_range_is_asked_for_less(node: ScriptedNode, follow: Follow) -> None:
    def slow(calls: Any) -> bool:
        logs = [call["params"][0] for call in calls if call["method"] == "eth_getLogs"] if isinstance(calls, list) else []
        return any(int(asked["toBlock"], 16) - int(asked["fromBlock"], 16) > 100 for asked in logs)

    node.delay, node.slow = 1.0, slow
    check(await read(await follow(node, patience=0.1), until=169), node.chain, 0, 169)


async def test_ranges_grow_while_logs_are_few(follow: Follow) -> None:
    node = ScriptedNode(Chain(6_000, logs=1))
    segments = await read(await follow(node, max_range=4_000), until=5_900)
    lengths = [segment.blocks[-1].number - segment.first + 1 for segment in segments]
    assert max(lengths) > 1_000
    check(segments, node.chain, 0, 5_900)


async def test_one_block_that_is_refused_is_tried_on(node: ScriptedNode, follow: Follow) -> None:
    def script(method: str, params: list[Any]) -> Any:
        if method == "eth_getLogs" and len(node.asked("eth_getLogs")) < 15:
            raise Refuse(-32005, "limit exceeded")
        return NotImplemented

    node.script = script
    check(await read(await follow(node), until=20), node.chain, 0, 20)


@pytest.mark.parametrize("told", ["right", "zero", "absurd", "number"])
async def test_block_times_come_from_logs_where_they_can_be_believed(node: ScriptedNode, follow: Follow, told: str) -> None:
    for number, logs in enumerate(node.chain.logs):
        for log in logs:
            seconds = GENESIS_TIME + 2 * number
            log["blockTimestamp"] = {"right": hex(seconds), "zero": "0x0", "absurd": "0x7fffffffff", "number": seconds}[told]
    check(await read(await follow(node), until=160), node.chain, 0, 160)
    assert (len(node.asked("eth_getBlockByNumber")) < 10) == (told in ("right", "number"))


async def test_a_node_without_the_last_block_is_not_believed(node: ScriptedNode, follow: Follow) -> None:
    # Its answer for the range is short, and well-formed: only the missing header tells.
    lagging = ScriptedNode(node.chain)
    lagging.lag = 120
    lagging.script = lambda method, params: hex(199) if method == "eth_blockNumber" else NotImplemented
    check(await read(await follow(lagging, node), until=199), node.chain, 0, 199)


async def test_a_lone_lagging_node_is_waited_for(node: ScriptedNode, follow: Follow) -> None:
    node.lag = 100
    node.script = lambda method, params: hex(199) if method == "eth_blockNumber" else NotImplemented
    reading = asyncio.create_task(read(await follow(node), until=199))
    await asyncio.sleep(0.1)
    node.lag = 0
    check(await reading, node.chain, 0, 199)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda logs, params: None,
        lambda logs, params: [*logs, {**logs[-1], "blockNumber": "0xfff"}],
        lambda logs, params: [*logs, {**logs[-1], "blockHash": "0x" + "99" * 32}],
        lambda logs, params: [{**log, "blockHash": "0x" + "99" * 32} for log in logs],
        lambda logs, params: [*logs, {**logs[-1], "topics": ["0x" + "99" * 32]}],
        lambda logs, params: [*logs, {**logs[-1], "transactionHash": "0x" + "99" * 32}],
        lambda logs, params: [*logs, {**logs[-1], "blockNumber": None, "blockHash": None}],
        lambda logs, params: [*logs, {}],
        lambda logs, params: [*logs, "log"],
        lambda logs, params: "logs",
    ],
    ids=["null", "range", "two forks", "fork", "topic", "place", "pending", "empty", "text", "no list"],
)
@pytest.mark.parametrize("first", [1, 181], ids=["far", "near"])
async def test_logs_that_contradict_are_asked_for_again(node: ScriptedNode, follow: Follow, spoil: Any, first: int) -> None:
    once("eth_getLogs", spoil, node, times=3)
    check(await read(await follow(node), start=first, until=first + 8), node.chain, first, first + 8)


@pytest.mark.usefixtures("at_once")
async def test_logs_read_elsewhere_are_held_to_what_was_asked(node: ScriptedNode, follow: Follow) -> None:
    """A log that is right in itself, of a block that nobody asked for."""
    once("eth_getLogs", lambda logs, params: [*logs, node.chain.logs[101][0]], node, times=3)
    check(await read(await follow(node, reader=ELSEWHERE), start=1, until=9), node.chain, 1, 9)


@pytest.mark.parametrize(
    "change",
    [
        lambda logs, params: [*logs, *logs],
        lambda logs, params: logs[::-1],
        lambda logs, params: [*logs, *({**log, "removed": True, "blockHash": "0x" + "99" * 32} for log in logs)],
    ],
    ids=["twice", "disordered", "removed"],
)
@pytest.mark.parametrize("first", [1, 181], ids=["far", "near"])
async def test_logs_are_delivered_once_in_order_and_not_when_removed(node: ScriptedNode, follow: Follow, change: Any, first: int) -> None:
    once("eth_getLogs", change, node, times=-1)
    check(await read(await follow(node), start=first, until=first + 8), node.chain, first, first + 8)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda header, params: None,
        lambda header, params: {**header, "number": "0xfff"},
        lambda header, params: {**header, "hash": "0x" + "99" * 32},
        lambda header, params: {**header, "parentHash": "0x" + "99" * 32},
        lambda header, params: {**header, "timestamp": None},
        lambda header, params: [],
    ],
    ids=["null", "other", "fork", "parent", "half", "list"],
)
@pytest.mark.parametrize("first", [1, 181], ids=["far", "near"])
async def test_headers_that_contradict_are_asked_for_again(node: ScriptedNode, follow: Follow, spoil: Any, first: int) -> None:
    once("eth_getBlockByNumber", spoil, node, times=3)
    check(await read(await follow(node), after=block(node.chain, first - 1), until=first + 8), node.chain, first, first + 8)


@pytest.mark.parametrize("head", [150, 0, 10_000_000])
async def test_a_head_that_lies_for_a_while_is_no_reorganisation(node: ScriptedNode, follow: Follow, head: int) -> None:
    source = await follow(node)
    once("eth_blockNumber", lambda answer, params: hex(head), node, times=3)
    check(await read(source, after=block(node.chain, 160), until=199), node.chain, 161, 199)


async def test_a_chain_that_goes_back_is_waited_for(node: ScriptedNode, follow: Follow) -> None:
    reading = asyncio.create_task(read(await follow(node), start=190, until=205))
    await asyncio.sleep(0.05)
    node.lag = 30
    await asyncio.sleep(0.05)
    node.chain.grow(6)
    node.lag = 0
    check(await reading, node.chain, 190, 205)


@pytest.mark.parametrize("depth", [1, 5, 20, 29])
async def test_a_replaced_block_is_told(node: ScriptedNode, follow: Follow, depth: int) -> None:
    after = block(node.chain, 199)
    node.chain.reorganise(depth)
    with pytest.raises(Reorganised) as told:
        await read(await follow(node), after=after, count=1)
    assert told.value.at == 199


async def test_a_replaced_block_is_told_far_from_the_head_too(node: ScriptedNode, follow: Follow) -> None:
    after = block(node.chain, 199)
    node.chain.reorganise(3, growth=200)
    with pytest.raises(Reorganised):
        await read(await follow(node), after=after, count=1)


async def test_a_reorganisation_while_following_comes_after_what_was_delivered(node: ScriptedNode, follow: Follow) -> None:
    got: list[Segment] = []
    old = [dict(header) for header in node.chain.headers]
    async with aclosing((await follow(node)).segments(None, 195)) as stream:
        got.append(await anext(stream))
        node.chain.reorganise(3)
        with pytest.raises(Reorganised) as told:
            got.append(await anext(stream))
    assert told.value.at == 199
    assert [found.hash for segment in got for found in segment.blocks] == [header["hash"] for header in old[195:]]


async def test_blocks_replaced_between_headers_and_logs_are_read_again(node: ScriptedNode, follow: Follow) -> None:
    replaced = iter([5])

    def whole(calls: Any) -> Any:
        if isinstance(calls, list) and any("blockHash" in call["params"][0] for call in calls if call["method"] == "eth_getLogs"):
            for depth in replaced:
                node.chain.reorganise(depth)
        return NotImplemented

    node.whole = whole
    check(await read(await follow(node), after=block(node.chain, 190), until=200), node.chain, 191, 200)


async def test_a_shorter_new_chain_is_waited_for(node: ScriptedNode, follow: Follow) -> None:
    after = block(node.chain, 199)
    node.chain.reorganise(10, growth=-5)
    reading = asyncio.create_task(read(await follow(node), after=after, count=1))
    await asyncio.sleep(0.1)
    assert not reading.done()
    node.chain.grow(10)
    with pytest.raises(Reorganised):
        await reading


async def test_logs_are_asked_for_by_hash_near_the_head(node: ScriptedNode, follow: Follow) -> None:
    check(await read(await follow(node), start=190, until=199), node.chain, 190, 199)
    assert all("blockHash" in asked for asked in node.asked("eth_getLogs"))


async def test_nodes_that_know_no_logs_by_hash_are_asked_by_number(node: ScriptedNode, follow: Follow) -> None:
    strays = iter(range(3))

    def script(method: str, params: list[Any]) -> Any:
        if method == "eth_getLogs" and "blockHash" in params[0]:
            raise Refuse(-32602, "invalid argument 0: unknown field blockHash")
        if method == "eth_getLogs" and next(strays, None) is not None:
            return [{**log, "blockHash": "0x" + "99" * 32} for log in node.answer(method, params)]
        return NotImplemented

    node.script = script
    check(await read(await follow(node), start=175, until=199), node.chain, 175, 199)


async def test_a_node_that_serves_no_logs_is_an_error(node: ScriptedNode, follow: Follow) -> None:
    def script(method: str, params: list[Any]) -> Any:
        if method == "eth_getLogs":
            raise Refuse(-32601, "the method eth_getLogs does not exist/is not available")
        return NotImplemented

    node.script = script
    for start in (0, 190):
        with pytest.raises(RpcError):
            await read(await follow(node), start=start, count=1)


@pytest.mark.parametrize("socket", [False, True], ids=["polling", "announced"])
async def test_the_head_is_followed_block_by_block(node: ScriptedNode, follow: Follow, socket: bool) -> None:
    source = await follow(node, socket=socket, poll_interval=60.0 if socket else 0.01)
    segments: list[Segment] = []
    async with aclosing(source.segments(block(node.chain, 198), 0, 204)) as stream:
        async for segment in stream:
            segments.append(segment)
            if socket and not node.subscribers:
                asyncio.get_running_loop().call_later(0.05, lambda: asyncio.ensure_future(node.announce()))
            else:
                await node.announce()
    assert [len(segment.blocks) for segment in segments] == [1] * 6
    check(segments, node.chain, 199, 204)


async def test_a_socket_that_breaks_is_followed_on(node: ScriptedNode, follow: Follow) -> None:
    source = await follow(node, socket=True)
    segments: list[Segment] = []
    async with aclosing(source.segments(None, 195, 204)) as stream:
        async for segment in stream:
            segments.append(segment)
            await node.drop()
            node.chain.grow(1)
    check(segments, node.chain, 195, 204)


async def test_ranges_ahead_are_bounded(node: ScriptedNode, follow: Follow) -> None:
    source = await follow(node, max_range=10)
    async with aclosing(source.segments(None, 0, 160)) as stream:
        await anext(stream)
        await asyncio.sleep(0.1)
        assert len(node.asked("eth_getLogs")) <= 4
        assert node.most_under_way > 1


async def test_nothing_is_left_running_after_the_stream_is_closed(node: ScriptedNode, follow: Follow) -> None:
    source = await follow(node, max_range=10)
    before = asyncio.all_tasks()
    node.delay = 0.01
    async with aclosing(source.segments(None, 0, None)) as stream:
        await anext(stream)
    async with aclosing(source.segments(None, 0)) as stream:
        await anext(stream)
    node.delay = 5.0
    reading = asyncio.create_task(read(source))
    await asyncio.sleep(0.05)
    reading.cancel()
    with suppress(asyncio.CancelledError):
        await reading
    assert {task for task in asyncio.all_tasks() - before if "_piece" in repr(task)} == set()


def plague(node: ScriptedNode, dice: random.Random, limit: int) -> None:
    """Have one in three of the node's answers go wrong in some way, and none hold more than *limit* blocks of logs."""
    fault = ""

    def whole(calls: Any) -> Any:
        nonlocal fault
        fault = dice.choice(FAULTS) if dice.random() < 0.3 else ""
        node.lag = dice.choice([1, 5, 60]) if fault == "lag" else 0
        if fault == "status":
            raise Http(dice.choice([429, 500, 502, 503]))
        return b"<html>" if fault == "garbage" else NotImplemented

    def script(method: str, params: list[Any]) -> Any:
        answer = node.answer(method, params)
        if method == "eth_getLogs" and len(answer) > limit * LOGS_A_BLOCK:
            raise Refuse(-32005, "query returned more than 10000 results")
        if fault == "error":
            raise Refuse(-32603, "internal error")
        if fault == "null" and dice.random() < 0.5:
            return None
        if fault == "head" and method == "eth_blockNumber":
            return hex(dice.randrange(400))
        if method == "eth_getLogs" and answer:
            return {
                "twice": [*answer, *answer],
                "fork": [*answer, {**answer[-1], "blockHash": "0x" + "99" * 32}],
                "range": [*answer, {**answer[-1], "blockNumber": "0xfff"}],
            }.get(fault, answer)
        return answer

    node.whole, node.script = whole, script


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.usefixtures("at_once")
async def test_every_block_once_under_random_faults(follow: Follow, seed: int) -> None:
    dice = random.Random(seed)
    chain = Chain(150)
    nodes = [ScriptedNode(chain) for _ in range(dice.choice([1, 2, 3]))]
    source = await follow(*nodes, max_range=50, reader=ELSEWHERE if seed % 4 == 0 else None)
    for node in nodes:
        plague(node, dice, dice.choice([5, 20, 1_000]))
    segments: list[Segment] = []
    async for segment in source.segments(None, 3, 169):
        segments.append(segment)
        if chain.head < 175:
            chain.grow(dice.choice([0, 1, 1, 2]))
        if segment.blocks[-1].number >= chain.head:
            chain.grow(1)
    check(segments, chain, 3, 169)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.usefixtures("at_once")
async def test_reading_through_random_reorganisations_ends_on_the_final_chain(follow: Follow, seed: int) -> None:
    dice = random.Random(seed)
    chain = Chain(100)
    source = await follow(ScriptedNode(chain), poll_interval=0.001, reader=ELSEWHERE if seed == 0 else None)
    kept: list[Block] = []
    logs: dict[int, list[Any]] = {}
    while not kept or kept[-1].number < 130:
        with suppress(Reorganised):
            async with aclosing(source.segments(kept[-1] if kept else None, 80, until=130)) as stream:
                async for segment in stream:
                    kept += segment.blocks
                    for found in segment.blocks:
                        logs[found.number] = [log for log in logs_of(segment) if int(log["blockNumber"], 16) == found.number]
                    if dice.random() < 0.3 and chain.head < 140:
                        chain.reorganise(dice.randint(1, 15), dice.randint(1, 3))
                    else:
                        chain.grow(1)
        while kept and await source.block(kept[-1].number) != kept[-1]:
            kept.pop()
    assert kept == [block(chain, number) for number in range(80, 131)]
    assert all(logs[found.number] == chain.logs[found.number] for found in kept)


def test_a_refused_block_tells_what_to_do() -> None:
    assert "RPC_URL" in RangeTooLarge.help

"""Each fault's shape, as a client sees it before any HTTP."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from app.demo.chain import DemoChain
from app.demo.faults import Fault, Faults
from app.demo.methods import Methods
from app.demo.refusals import PROVIDERS
from app.demo.rpc import Reply, Rpc
from tests.demo.conftest import BUSY
from tests.demo.test_rpc import body, result

Ask = Callable[[bytes], Reply]
LOGS = body("eth_getLogs", {"fromBlock": "0x384", "toBlock": "0x3e7"})


@pytest.fixture
def chain() -> DemoChain:
    return DemoChain(BUSY, clock=None, head=1_000)


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def rpc(chain: DemoChain, faults: Faults) -> Rpc:
    return Rpc(chain, faults, Methods(faults))


def batch(*calls: bytes) -> bytes:
    return b"[" + b",".join(calls) + b"]"


def error(reply: Reply) -> dict[str, Any]:
    refused: dict[str, Any] = orjson.loads(reply.body)["error"]
    return refused


def test_an_ordered_fault_hits_the_next_requests_it_concerns(rpc: Rpc, faults: Faults) -> None:
    faults.order(Fault.NULL_BLOCK, times=2)
    assert result(rpc, "eth_blockNumber") == "0x3e8"
    asked = [result(rpc, "eth_getBlockByNumber", "latest", False) is None for _ in range(3)]
    assert asked == [True, True, False]


def test_an_order_can_be_taken_back(rpc: Rpc, faults: Faults) -> None:
    faults.order(Fault.BAD_GATEWAY, times=5)
    faults.order(Fault.BAD_GATEWAY, times=0)
    assert rpc.reply(LOGS).status == 200


def test_random_faults_are_as_frequent_as_asked_and_the_same_for_a_seed() -> None:
    first, same, other = (Faults.random(seed, 0.3, (Fault.SLOW, Fault.CUT)) for seed in (1, 1, 2))
    drawn = [[faults.draw(["eth_chainId"], batch=False) for _ in range(1_000)] for faults in (first, same, other)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert 250 < sum(fault is not None for fault in drawn[0]) < 350
    assert set(drawn[0]) == {None, Fault.SLOW, Fault.CUT}


def test_random_faults_concern_the_request() -> None:
    faults = Faults.random(1, 1.0, (Fault.SHUFFLED, Fault.NULL_BLOCK))
    assert faults.draw(["eth_chainId"], batch=False) is None
    assert faults.draw(["eth_chainId"], batch=True) is Fault.SHUFFLED
    assert faults.draw(["eth_getBlockByNumber"], batch=False) is Fault.NULL_BLOCK


@pytest.mark.parametrize("provider", PROVIDERS)
def test_too_many_blocks_are_refused_in_the_providers_words(rpc: Rpc, faults: Faults, provider: str) -> None:
    faults.provider, faults.max_range = provider, 99
    reply = rpc.reply(LOGS)
    wording = PROVIDERS[provider].blocks
    assert reply.status == wording.status
    if wording.code is None:
        assert reply.media_type == "text/html"
    else:
        refused = error(reply)
        assert refused["code"] == wording.code
        assert "{" not in refused["message"]
    faults.max_range = 100
    assert len(orjson.loads(rpc.reply(LOGS).body)["result"]) > 100


@pytest.mark.parametrize("provider", PROVIDERS)
def test_too_many_logs_are_refused_in_the_providers_words(rpc: Rpc, faults: Faults, chain: DemoChain, provider: str) -> None:
    there_are = len(chain.logs(900, 999))
    faults.provider, faults.max_logs = provider, there_are - 1
    reply = rpc.reply(LOGS)
    wording = PROVIDERS[provider].logs
    assert reply.status == wording.status
    assert wording.code is None or error(reply)["code"] == wording.code
    faults.max_logs = there_are
    assert len(orjson.loads(rpc.reply(LOGS).body)["result"]) == there_are


def test_a_refusal_names_what_would_work(rpc: Rpc, faults: Faults) -> None:
    faults.provider, faults.max_range = "alchemy", 10
    assert error(rpc.reply(LOGS))["message"].endswith("[0x384, 0x38d]")
    faults.provider = "avalanche"
    assert error(rpc.reply(LOGS))["message"] == "requested too many blocks from 900 to 999, maximum is set to 10"


def test_a_refusal_inside_a_batch_is_one_answer_of_it(rpc: Rpc, faults: Faults) -> None:
    faults.max_range = 10
    reply = rpc.reply(batch(body("eth_chainId", call_id=1), LOGS))
    assert reply.status == 200
    assert ["error" in answer for answer in orjson.loads(reply.body)] == [False, True]


def test_a_range_is_refused_by_chance_but_never_a_single_block(rpc: Rpc, faults: Faults) -> None:
    faults.order(Fault.RANGE_REFUSED, times=2)
    assert error(rpc.reply(LOGS))["message"] == "exceed maximum block range: 50"
    assert "result" in orjson.loads(rpc.reply(body("eth_getLogs", {"fromBlock": "0x384", "toBlock": "0x384"})).body)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_rate_is_limited_in_the_providers_words(rpc: Rpc, faults: Faults, provider: str) -> None:
    faults.provider, faults.retry_after = provider, 2
    faults.order(Fault.RATE_LIMITED)
    reply = rpc.reply(LOGS)
    wording = PROVIDERS[provider].rate
    assert reply.status == wording.status
    assert reply.retry_after == (2 if reply.status == 429 else None)
    assert wording.code is None or error(reply) == {"code": wording.code, "message": wording.words}


def test_what_stands_before_the_node_fails_without_json(rpc: Rpc, faults: Faults) -> None:
    faults.order(Fault.BAD_GATEWAY)
    reply = rpc.reply(LOGS)
    assert (reply.status, reply.media_type) == (502, "text/html")
    faults.order(Fault.GARBAGE)
    reply = rpc.reply(LOGS)
    assert reply.status == 200
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(reply.body)


def test_slow_and_cut_answers_are_right_otherwise(rpc: Rpc, faults: Faults) -> None:
    right = rpc.reply(LOGS)
    faults.order(Fault.SLOW)
    assert rpc.reply(LOGS) == right._replace(delay=faults.delay)
    faults.order(Fault.CUT)
    assert rpc.reply(LOGS) == right._replace(cut=True)


def test_the_head_goes_back_for_a_whole_request(rpc: Rpc, faults: Faults) -> None:
    faults.depth = 7
    faults.order(Fault.HEAD_BACK)
    head, latest, lost = orjson.loads(
        rpc.reply(
            batch(body("eth_blockNumber"), body("eth_getBlockByNumber", "latest", False), body("eth_getBlockByNumber", "0x3e8", False))
        ).body
    )
    assert (head["result"], latest["result"]["number"], lost["result"]) == ("0x3e1", "0x3e1", None)
    assert result(rpc, "eth_blockNumber") == "0x3e8"


def test_another_forks_blocks_and_logs_fit_each_other(rpc: Rpc, faults: Faults, chain: DemoChain) -> None:
    faults.depth = 30
    faults.order(Fault.OTHER_FORK)
    asked = batch(body("eth_getBlockByNumber", "0x3e8", False), body("eth_getLogs", {"fromBlock": "0x3b6", "toBlock": "0x3e8"}))
    block, logs = (answer["result"] for answer in orjson.loads(rpc.reply(asked).body))
    assert block["hash"] != chain.block(1_000).hash
    right = chain.logs(950, 1_000)
    assert [log for log in logs if int(log["blockNumber"], 16) <= 970] == [log for log in right if int(log["blockNumber"], 16) <= 970]
    hashes = {log["blockHash"] for log in right}
    strangers = [log for log in logs if int(log["blockNumber"], 16) > 970]
    assert strangers
    assert all(log["blockHash"] not in hashes for log in strangers)


def test_a_lagging_node_tells_the_head_but_has_neither_block_nor_logs(rpc: Rpc, faults: Faults, chain: DemoChain) -> None:
    faults.depth = 30
    faults.order(Fault.LAGGING)
    asked = batch(
        body("eth_blockNumber"),
        body("eth_getBlockByNumber", "latest", False),
        body("eth_getLogs", {"fromBlock": "0x3b6", "toBlock": "0x3e8"}),
        body("eth_getLogs", {"fromBlock": "0x3d0", "toBlock": "0x3e8"}),
    )
    head, block, logs, newest = (answer["result"] for answer in orjson.loads(rpc.reply(asked).body))
    assert (head, block, logs, newest) == ("0x3e8", None, chain.logs(950, 970), [])


def test_batches_are_shuffled_or_refused(rpc: Rpc, faults: Faults) -> None:
    asked = batch(body("eth_chainId", call_id=1), body("net_version", call_id=2))
    faults.order(Fault.SHUFFLED)
    assert [answer["id"] for answer in orjson.loads(rpc.reply(asked).body)] == [2, 1]
    faults.order(Fault.BATCH_REFUSED)
    assert "batch" in error(rpc.reply(asked))["message"]
    assert [answer["id"] for answer in orjson.loads(rpc.reply(asked).body)] == [1, 2]

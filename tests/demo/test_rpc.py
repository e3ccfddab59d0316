"""The node's answers without a network: what the methods say, and what is said to nonsense."""

from typing import Any

import orjson
import pytest

from app.demo.chain import DemoChain
from app.demo.events import TOPICS
from app.demo.faults import Faults
from app.demo.methods import FINALITY, Methods
from app.demo.rpc import Reply, Rpc


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def rpc(busy: DemoChain, faults: Faults) -> Rpc:
    return Rpc(busy, faults, Methods(faults))


def body(method: str, *params: Any, call_id: Any = 1) -> bytes:
    return orjson.dumps({"jsonrpc": "2.0", "id": call_id, "method": method, "params": params})


def result(rpc: Rpc, method: str, *params: Any) -> Any:
    answer = orjson.loads(rpc.reply(body(method, *params)).body)
    assert answer.keys() == {"jsonrpc", "id", "result"}, answer
    return answer["result"]


def code(reply: Reply) -> int:
    answer = orjson.loads(reply.body)
    assert answer["error"]["message"]
    return int(answer["error"]["code"])


def test_the_node_says_who_it_is(rpc: Rpc) -> None:
    assert result(rpc, "eth_chainId") == "0x7a69"
    assert result(rpc, "net_version") == "31337"
    assert result(rpc, "web3_clientVersion").startswith("vamm-demo/")
    assert result(rpc, "eth_syncing") is False


def test_blocks_by_number_tag_and_hash(rpc: Rpc, busy: DemoChain, full_block: int) -> None:
    head = busy.head
    assert result(rpc, "eth_blockNumber") == hex(head)
    for named, number in [("earliest", 0), ("latest", head), ("pending", head), ("finalized", head - FINALITY), ("0x3b6", 950)]:
        block = result(rpc, "eth_getBlockByNumber", named, False)
        assert (block["number"], block["hash"]) == (hex(number), busy.block(number).hash)
        assert result(rpc, "eth_getBlockByHash", block["hash"].upper().replace("0X", "0x"), False) == block
    assert result(rpc, "eth_getBlockByNumber", hex(head + 1), False) is None
    assert result(rpc, "eth_getBlockByHash", f"0x{'12' * 32}", False) is None
    assert isinstance(result(rpc, "eth_getBlockByNumber", hex(full_block), True)["transactions"][0], dict)


def test_transactions_by_hash(rpc: Rpc, busy: DemoChain, full_block: int) -> None:
    log = busy.logs(full_block, full_block)[0]
    assert result(rpc, "eth_getTransactionByHash", log["transactionHash"])["blockHash"] == log["blockHash"]
    assert log in result(rpc, "eth_getTransactionReceipt", log["transactionHash"])["logs"]
    assert result(rpc, "eth_getTransactionReceipt", f"0x{'12' * 32}") is None


def test_logs_by_range_and_by_block_hash(rpc: Rpc, busy: DemoChain, full_block: int) -> None:
    assert result(rpc, "eth_getLogs", {"fromBlock": "0x384", "toBlock": "0x3e8"}) == busy.logs(900, 1_000)
    assert result(rpc, "eth_getLogs", {"blockHash": busy.block(full_block).hash}) == busy.logs(full_block, full_block)
    last = busy.head - 5
    assert result(rpc, "eth_getLogs", {"fromBlock": hex(last)}) == busy.logs(busy.head - 5, busy.head)
    assert result(rpc, "eth_getLogs", {"fromBlock": hex(last), "toBlock": hex(busy.head + 9)}) == busy.logs(last, busy.head)
    assert result(rpc, "eth_getLogs", {"fromBlock": hex(busy.head + 1), "toBlock": hex(busy.head + 9)}) == []
    assert result(rpc, "eth_getLogs", {}) == busy.logs(busy.head, busy.head)


def test_logs_by_contract_and_topics(rpc: Rpc, busy: DemoChain) -> None:
    contracts = [listing.contract for listing in busy.genesis.listings()[:2]]
    kinds = [TOPICS["opened"], TOPICS["closed"]]
    asked = {"fromBlock": "0x384", "toBlock": "0x3e8", "address": contracts, "topics": [kinds]}
    wanted = [log for log in busy.logs(900, 1_000) if log["address"] in contracts and log["topics"][0] in kinds]
    assert wanted
    assert result(rpc, "eth_getLogs", asked) == wanted
    trader = wanted[0]["topics"][1]
    assert wanted[0] in result(rpc, "eth_getLogs", asked | {"topics": [None, trader]})


def test_timestamps_in_logs_are_an_option(busy: DemoChain, faults: Faults) -> None:
    bare = Rpc(busy, faults, Methods(faults, timestamps=False))
    assert result(bare, "eth_getLogs", {"fromBlock": "0x384", "toBlock": "0x3e8"}) == busy.logs(900, 1_000, timestamps=False)


def test_kept_answers_are_the_same_and_end_with_their_fork(faults: Faults, busy: DemoChain) -> None:
    chain = DemoChain(busy.genesis, clock=None, head=1_000)
    keeping = Rpc(chain, faults, Methods(faults, kept_bytes=1 << 20))
    for _ in range(2):
        assert result(keeping, "eth_getLogs", {"fromBlock": "0x384", "toBlock": "0x3e8"}) == chain.logs(900, 1_000)
    before = chain.logs(900, 1_000)
    chain.reorganise(50)
    assert result(keeping, "eth_getLogs", {"fromBlock": "0x384", "toBlock": "0x3e8"}) == chain.logs(900, 1_000) != before


def test_a_batch_is_answered_in_order_each_call_by_itself(rpc: Rpc) -> None:
    calls = [body("eth_chainId", call_id="a"), body("eth_nothing", call_id=7), b"3", body("net_version", call_id=None)]
    answers = orjson.loads(rpc.reply(b"[" + b",".join(calls) + b"]").body)
    assert [answer["id"] for answer in answers] == ["a", 7, None, None]
    assert [answer.get("error", {}).get("code") for answer in answers] == [None, -32601, -32600, None]


def test_notifications_are_not_answered(rpc: Rpc) -> None:
    silent = b'{"jsonrpc":"2.0","method":"eth_chainId"}'
    assert rpc.reply(silent).body == b""
    assert len(orjson.loads(rpc.reply(b"[" + silent + b"," + body("eth_chainId") + b"]").body)) == 1


@pytest.mark.parametrize(
    ("nonsense", "expected"),
    [
        (b"", -32700),
        (b"{", -32700),
        (b"\xff", -32700),
        (b"[]", -32600),
        (b"1", -32600),
        (b"null", -32600),
        (b'{"id":1}', -32600),
        (b'{"id":1,"method":5}', -32600),
        (b'{"id":{},"method":"eth_chainId"}', -32600),
        (b'{"id":1,"method":"eth_chainId","params":{"a":1}}', -32602),
        (body("eth_sendRawTransaction", "0x"), -32601),
        (body("eth_subscribe", "newHeads"), -32601),
        (body("eth_getBlockByNumber"), -32602),
        (body("eth_getBlockByNumber", 5, False), -32602),
        (body("eth_getBlockByNumber", "five", False), -32602),
        (body("eth_getBlockByNumber", "0x", False), -32602),
        (body("eth_getBlockByNumber", "0x-1", False), -32602),
        (body("eth_getBlockByNumber", f"0x{'f' * 40}", False), -32602),
        (body("eth_getBlockByNumber", "latest", "yes"), -32602),
        (body("eth_getBlockByHash", "0x12", False), -32602),
        (body("eth_getTransactionReceipt", f"0x{'ff' * 31}"), -32602),
        (body("eth_getLogs"), -32602),
        (body("eth_getLogs", []), -32602),
        (body("eth_getLogs", {"fromBlock": "0x5", "toBlock": "0x4"}), -32602),
        (body("eth_getLogs", {"blockHash": f"0x{'12' * 32}", "fromBlock": "0x1"}), -32602),
        (body("eth_getLogs", {"blockHash": f"0x{'12' * 32}"}), -32000),
        (body("eth_getLogs", {"topics": "0x"}), -32602),
    ],
)
def test_nonsense_gets_the_error_of_the_specification(rpc: Rpc, nonsense: bytes, expected: int) -> None:
    assert code(rpc.reply(nonsense)) == expected


def test_a_batch_has_a_bound(rpc: Rpc, faults: Faults) -> None:
    faults.max_batch = 2
    assert code(rpc.reply(b"[" + b",".join([body("eth_chainId")] * 3) + b"]")) == -32600

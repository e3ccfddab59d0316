"""Blocks, transactions, receipts and logs as the node words them: the fields of the specification, each agreeing with the others."""

from itertools import chain as chained

import orjson
import pytest
from eth_bloom.bloom import BloomFilter

from app.demo.answers import block, bloom, header, range_logs, raw_logs, receipt, transaction
from app.demo.chain import DemoChain
from app.demo.logfilter import LogFilter


def test_logs_have_exactly_the_fields_of_the_specification(busy: DemoChain) -> None:
    fields = {"address", "topics", "data", "blockNumber", "blockHash", "transactionHash", "transactionIndex", "logIndex", "removed"}
    assert raw_logs(busy.branch, 900, 950, timestamps=False)[0].keys() == fields
    assert raw_logs(busy.branch, 900, 950)[0].keys() == fields | {"blockTimestamp"}


def test_filtered_logs_keep_their_index_in_the_block(busy: DemoChain) -> None:
    logs = raw_logs(busy.branch, 900, 1_200)
    contract = busy.genesis.listings()[1].contract
    wanted = LogFilter(frozenset([contract]))
    filtered = [orjson.loads(log) for log in range_logs(busy.branch, 900, 1_200, wanted)]
    assert filtered == [log for log in logs if log["address"] == contract]


@pytest.mark.parametrize("number", [0, 1, 950, 9_001])
def test_a_bloom_holds_its_logs_and_little_else(busy: DemoChain, number: int) -> None:
    logs = list(chained.from_iterable(busy.branch.transactions(number)))
    independent = BloomFilter.from_iterable(bytes.fromhex(seen[2:]) for log in logs for seen in (log.address, *log.topics))
    assert int(header(busy.branch, number)["logsBloom"], 16) == int(independent)
    assert bloom([]) == f"0x{'0' * 512}"


def test_a_block_names_its_transactions(busy: DemoChain, full_block: int) -> None:
    told = block(busy.branch, full_block, full=False)
    logs = busy.logs(full_block, full_block)
    assert told["transactions"] == list(dict.fromkeys(log["transactionHash"] for log in logs))
    assert [sent["hash"] for sent in block(busy.branch, full_block, full=True)["transactions"]] == told["transactions"]
    assert told.items() > header(busy.branch, full_block).items()


def test_a_transaction_comes_from_the_trader_and_its_receipt_holds_its_logs(busy: DemoChain, full_block: int) -> None:
    logs = [log for log in busy.logs(full_block, full_block) if log["transactionIndex"] == "0x0"]
    told = receipt(busy.branch, full_block, 0)
    assert told is not None
    assert told["logs"] == logs
    sent = transaction(busy.branch, full_block, 0)
    assert sent["to"] == logs[0]["address"] == told["to"]
    assert sent["from"] == told["from"]
    assert logs[0]["topics"][1].endswith(sent["from"][2:])
    assert receipt(busy.branch, full_block, 1_000) is None

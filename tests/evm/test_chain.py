"""Any web3 client can follow the chain: blocks, logs by topic, batches, reorganisations."""

from typing import Any

import pytest
from eth_utils.abi import event_abi_to_log_topic
from hexbytes import HexBytes
from web3.exceptions import BlockNotFound, ContractLogicError, MethodUnavailable, TransactionNotFound, Web3RPCError

from tests.evm.build import artifact
from tests.evm.chain import POLYGON, EvmChain
from tests.evm.conftest import GENESIS
from tests.evm.exchange import ONE, Exchange, Market
from tests.evm.server import serving

TOPIC = {
    entry["name"]: "0x" + event_abi_to_log_topic(entry).hex()
    for name in ("market", "factory")
    for entry in artifact(name)["abi"]
    if entry["type"] == "event"
}


def logs(exchange: Exchange, **query: Any) -> list[Any]:
    return list(exchange.w3.eth.get_logs({"fromBlock": 0, "toBlock": "latest"} | query))  # type: ignore[arg-type]


def test_client_learns_which_chain_it_is(exchange: Exchange) -> None:
    assert exchange.w3.eth.chain_id == POLYGON
    assert exchange.w3.net.version == str(POLYGON)
    assert exchange.w3.client_version == "eth-tester/py-evm"


def test_blocks_are_linked_and_keep_the_chosen_time(exchange: Exchange, gold: Market) -> None:
    exchange.block(GENESIS + 3_600, gold.open_long(100))
    exchange.block(GENESIS + 86_400)
    eth = exchange.w3.eth
    newest, before = eth.get_block("latest"), eth.get_block(eth.block_number - 1)
    assert newest["parentHash"] == before["hash"]
    assert eth.get_block(newest["hash"]) == newest
    assert (before["timestamp"], newest["timestamp"]) == (GENESIS + 3_600, GENESIS + 86_400)


def test_time_does_not_run_backwards(exchange: Exchange) -> None:
    with pytest.raises(ValueError, match="not after"):
        exchange.block(GENESIS)


def test_what_does_not_exist_is_null(exchange: Exchange) -> None:
    eth = exchange.w3.eth
    with pytest.raises(BlockNotFound):
        eth.get_block(1_000_000)
    with pytest.raises(BlockNotFound):
        eth.get_block(HexBytes(b"\1" * 32))
    with pytest.raises(TransactionNotFound):
        eth.get_transaction_receipt(HexBytes(b"\1" * 32))


def test_logs_are_found_by_topic_across_contracts(exchange: Exchange, gold: Market) -> None:
    silver = exchange.create_market("SILVER", 30)
    exchange.block(None, gold.open_long(100), silver.open_short(50))
    either = logs(exchange, topics=[[TOPIC["PositionOpened"], TOPIC["MarketCreated"]]])
    assert [log["address"] for log in either] == [exchange.factory.address] * 2 + [gold.address, silver.address]
    assert [log["address"] for log in logs(exchange, topics=[TOPIC["PositionOpened"]], address=silver.address)] == [silver.address]
    trader = "0x" + exchange.chain.accounts[1][2:].rjust(64, "0")
    assert len(logs(exchange, topics=[None, trader, None])) == 2
    assert logs(exchange, topics=[TOPIC["Paused"]]) == []


def test_logs_are_numbered_through_the_block(exchange: Exchange, gold: Market) -> None:
    receipts = exchange.block(None, gold.open_long(100), gold.open_short(50), gold.open_long(20, by=2))
    assert len({receipt["blockHash"] for receipt in receipts}) == 1
    assert [log["logIndex"] for receipt in receipts for log in receipt["logs"]] == list(range(9))
    assert [log["logIndex"] for log in logs(exchange, topics=[TOPIC["PositionOpened"]])] == [0, 3, 6]


def test_logs_of_one_block_by_its_hash(exchange: Exchange, gold: Market) -> None:
    (first,) = exchange.block(None, gold.open_long(100))
    exchange.block(None, gold.open_long(100))
    found = exchange.w3.eth.get_logs({"blockHash": first["blockHash"]})
    assert list(found) == first["logs"]
    with pytest.raises(Web3RPCError, match="unknown block"):
        exchange.w3.eth.get_logs({"blockHash": HexBytes(b"\1" * 32)})


def test_logs_tell_their_time_where_asked() -> None:
    chain = EvmChain(GENESIS, log_timestamps=True)
    with serving(chain) as url:
        exchange = Exchange(chain, url)
        market = exchange.create_market("GOLD", 2_000)
        (receipt,) = exchange.block(GENESIS + 60, market.open_long(1))
    stamps = {log["blockTimestamp"] for log in chain.request("eth_getTransactionReceipt", [receipt["transactionHash"].to_0x_hex()])["logs"]}
    assert stamps == {hex(GENESIS + 60)}


def test_batch_is_answered_in_order(exchange: Exchange) -> None:
    for _ in range(3):
        exchange.block(None)
    with exchange.w3.batch_requests() as batch:
        for number in (3, 1, 2):
            batch.add(exchange.w3.eth.get_block(number))
        answers: list[Any] = batch.execute()
    assert [answer["number"] for answer in answers] == [3, 1, 2]


def test_transaction_alone_is_mined_at_once(exchange: Exchange, gold: Market) -> None:
    head, account = exchange.w3.eth.block_number, exchange.account(4)
    sent = gold.contract.functions.open_position(True, ONE, 1).transact({"from": account})
    assert exchange.w3.eth.get_transaction_receipt(sent)["blockNumber"] == head + 1


def test_refusals_are_errors_that_clients_know(exchange: Exchange, gold: Market) -> None:
    with pytest.raises(ContractLogicError, match="owner only"):
        gold.contract.functions.pause().call({"from": exchange.account(5)})
    with pytest.raises(MethodUnavailable):
        _ = exchange.w3.eth.gas_price


def test_reverting_makes_another_branch(exchange: Exchange, gold: Market) -> None:
    exchange.block(None, gold.open_long(100))
    fork, mark = exchange.chain.snapshot(), gold.mark_price
    (lost,) = exchange.block(None, gold.open_long(5_000))
    exchange.block(None, gold.open_long(5_000))

    exchange.revert(fork)

    assert exchange.w3.eth.block_number == fork
    assert gold.mark_price == mark
    with pytest.raises(TransactionNotFound):
        exchange.w3.eth.get_transaction_receipt(lost["transactionHash"])
    (kept,) = exchange.block(None, gold.open_short(70))
    assert kept["blockNumber"] == lost["blockNumber"]
    assert kept["blockHash"] != lost["blockHash"]
    assert exchange.w3.eth.get_block(kept["blockNumber"])["parentHash"] == exchange.w3.eth.get_block(fork)["hash"]
    opened = logs(exchange, topics=[TOPIC["PositionOpened"]])
    assert [int(log["topics"][2].hex(), 16) for log in opened] == [1, 2]
    assert len(exchange.receipts) == fork + 1

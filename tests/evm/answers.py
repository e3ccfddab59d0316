"""py-evm's blocks, receipts and logs as the JSON that nodes answer."""

from dataclasses import dataclass
from typing import Any

from eth.abc import BlockAPI, ReceiptAPI, SignedTransactionAPI
from eth_tester.utils.address import generate_contract_address  # type: ignore[import-untyped]

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class MinedBlock:
    """One block's answers: what `eth_getBlockBy…`, `eth_getTransactionReceipt` and `eth_getLogs` know of it."""

    hash: str
    header: Json
    receipts: dict[str, Json]
    logs: list[Json]


def mined_block(block: BlockAPI, receipts: tuple[ReceiptAPI, ...], *, log_timestamps: bool) -> MinedBlock:
    """All answers about *block*. Logs are numbered through the whole block, as nodes do (eth-tester begins anew in each transaction)."""
    position = {"blockNumber": hex(block.number), "blockHash": _hex(block.hash)}
    stamp = {"blockTimestamp": hex(block.header.timestamp)} if log_timestamps else {}
    answers: dict[str, Json] = {}
    logs: list[Json] = []
    gas_before = 0
    for index, (transaction, receipt) in enumerate(zip(block.transactions, receipts, strict=True)):
        place = position | {"transactionHash": _hex(transaction.hash), "transactionIndex": hex(index)}
        own = [_log(entry, len(logs) + offset, place | stamp) for offset, entry in enumerate(receipt.logs)]
        logs += own
        answers[_hex(transaction.hash)] = _receipt(transaction, receipt, gas_before) | place | {"logs": own}
        gas_before = receipt.gas_used
    return MinedBlock(_hex(block.hash), _header(block), answers, logs)


def matches(log: Json, addresses: set[str], topics: list[list[str] | None]) -> bool:
    """Whether *log* passes a filter: no address means any; each place of *topics* holds alternatives, or None for any."""
    if addresses and log["address"] not in addresses:
        return False
    have = log["topics"]
    return len(topics) <= len(have) and all(wanted is None or topic in wanted for wanted, topic in zip(topics, have, strict=False))


def _header(block: BlockAPI) -> Json:
    header = block.header
    return {
        "number": hex(block.number),
        "hash": _hex(block.hash),
        "parentHash": _hex(header.parent_hash),
        "timestamp": hex(header.timestamp),
        "nonce": _hex(header.nonce),
        "mixHash": _hex(header.mix_hash),
        "sha3Uncles": _hex(header.uncles_hash),
        "logsBloom": _hex(header.bloom.to_bytes(256, "big")),
        "stateRoot": _hex(header.state_root),
        "transactionsRoot": _hex(header.transaction_root),
        "receiptsRoot": _hex(header.receipt_root),
        "miner": _hex(header.coinbase),
        "difficulty": "0x0",
        "extraData": _hex(header.extra_data),
        "gasLimit": hex(header.gas_limit),
        "gasUsed": hex(header.gas_used),
        "baseFeePerGas": hex(header.base_fee_per_gas or 0),
        "transactions": [_hex(transaction.hash) for transaction in block.transactions],
        "uncles": [],
    }


def _receipt(transaction: SignedTransactionAPI, receipt: ReceiptAPI, gas_before: int) -> Json:
    creates = transaction.to == b""
    return {
        "from": _hex(transaction.sender),
        "to": None if creates else _hex(transaction.to),
        "contractAddress": _hex(generate_contract_address(transaction.sender, transaction.nonce)) if creates else None,
        "status": "0x1" if receipt.state_root == b"\x01" else "0x0",
        "cumulativeGasUsed": hex(receipt.gas_used),
        "gasUsed": hex(receipt.gas_used - gas_before),
        "logsBloom": _hex(receipt.bloom.to_bytes(256, "big")),
    }


def _log(entry: Any, index: int, place: Json) -> Json:
    return {
        "address": _hex(entry.address),
        "topics": [_hex(topic.to_bytes(32, "big")) for topic in entry.topics],
        "data": _hex(entry.data),
        "logIndex": hex(index),
        "removed": False,
    } | place


def _hex(value: bytes) -> str:
    return "0x" + value.hex()

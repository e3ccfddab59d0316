"""Blocks, transactions, receipts and logs in the JSON-RPC shapes; logs also as ready JSON, which is where the speed is."""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import chain
from typing import Any, Final

import orjson
from eth_hash.auto import keccak

from app.demo.branch import Branch, transaction_hash
from app.demo.events import Emitted
from app.demo.logfilter import EVERYTHING, LogFilter
from app.demo.market import Transaction
from app.domain.block import RawLog

_GAS_LIMIT: Final = 30_000_000
_GAS_A_LOG: Final = 45_000
_ZERO: Final = f"0x{'0' * 64}"
_NOBODY: Final = f"0x{'0' * 40}"
_NO_UNCLES: Final = "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347"
_EMPTY_TRIE: Final = "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"


def range_logs(branch: Branch, first: int, last: int, wanted: LogFilter = EVERYTHING, *, timestamps: bool = True) -> Iterator[str]:
    """The *wanted* logs of the blocks *first* to *last*, both included, each as one entry of an `eth_getLogs` answer in JSON."""
    matches = wanted.matcher()
    for number, transactions in branch.blocks(first, last):
        yield from _block_logs(branch, number, transactions, matches, timestamps)


def _block_logs(
    branch: Branch, number: int, transactions: list[Transaction], matches: Callable[[Emitted], bool] | None, timestamps: bool
) -> Iterator[str]:
    block_hash = branch.hash(number)
    tail = f'"blockNumber":"{number:#x}","blockHash":"{block_hash}"'
    if timestamps:
        tail += f',"blockTimestamp":"{branch.timestamp(number):#x}"'
    log_index = -1
    for index, transaction in enumerate(transactions):
        place = f'{tail},"transactionHash":"{transaction_hash(block_hash, number, index)}","transactionIndex":"{index:#x}"'
        for log in transaction:
            log_index += 1
            if matches is None or matches(log):
                address, topics, data = log
                named = '","'.join(topics)
                yield f'{{"address":"{address}","topics":["{named}"],"data":"{data}",{place},"logIndex":"{log_index:#x}","removed":false}}'


def raw_logs(branch: Branch, first: int, last: int, *, timestamps: bool = True) -> list[RawLog]:
    """Every log of those blocks, as a client decodes it."""
    logs: list[RawLog] = orjson.loads(f"[{','.join(range_logs(branch, first, last, timestamps=timestamps))}]")
    return logs


def header(branch: Branch, number: int) -> dict[str, Any]:
    """A block's header as `newHeads` tells it."""
    logs = list(chain.from_iterable(branch.transactions(number)))
    chance = branch.genesis.digest
    return {
        "number": hex(number),
        "hash": branch.hash(number),
        "parentHash": branch.parent_hash(number),
        "timestamp": hex(branch.timestamp(number)),
        "nonce": "0x0000000000000000",
        "mixHash": _ZERO,
        "sha3Uncles": _NO_UNCLES,
        "logsBloom": bloom(logs),
        "transactionsRoot": f"0x{chance(b'transactions', number).hex()}" if logs else _EMPTY_TRIE,
        "stateRoot": f"0x{chance(b'state', number).hex()}",
        "receiptsRoot": f"0x{chance(b'receipts', number).hex()}" if logs else _EMPTY_TRIE,
        "miner": _NOBODY,
        "difficulty": "0x0",
        "extraData": "0x",
        "gasLimit": hex(_GAS_LIMIT),
        "gasUsed": hex(min(_GAS_LIMIT, _GAS_A_LOG * len(logs))),
        "baseFeePerGas": "0x7",
    }


def block(branch: Branch, number: int, *, full: bool) -> dict[str, Any]:
    """A block with its transactions' hashes, or with the transactions where *full*."""
    places = range(len(branch.transactions(number)))
    hashes = [transaction_hash(branch.hash(number), number, index) for index in places]
    return header(branch, number) | {
        "size": hex(600 + 250 * len(places)),
        "totalDifficulty": "0x0",
        "uncles": [],
        "transactions": [transaction(branch, number, index) for index in places] if full else hashes,
    }


def transaction(branch: Branch, number: int, index: int) -> dict[str, Any]:
    """A transaction as its block tells it: from the trader that its first log names to the contract."""
    log = branch.transactions(number)[index][0]
    return {
        "hash": transaction_hash(branch.hash(number), number, index),
        "blockHash": branch.hash(number),
        "blockNumber": hex(number),
        "transactionIndex": hex(index),
        "from": f"0x{log.topics[1][26:]}" if len(log.topics) > 1 else _NOBODY,
        "to": log.address,
        "value": "0x0",
        "input": "0x",
        "nonce": "0x0",
        "gas": hex(4 * _GAS_A_LOG),
        "gasPrice": "0x7",
        "type": "0x0",
        "chainId": hex(branch.genesis.chain_id),
        "v": "0x1b",
        "r": _ZERO,
        "s": _ZERO,
    }


def receipt(branch: Branch, number: int, index: int) -> dict[str, Any] | None:
    """A transaction's receipt, None where the block has no such transaction."""
    transactions = branch.transactions(number)
    if index >= len(transactions):
        return None
    sent = transaction(branch, number, index)
    logs = [log for log in raw_logs(branch, number, number) if log["transactionHash"] == sent["hash"]]
    return {
        "transactionHash": sent["hash"],
        "transactionIndex": sent["transactionIndex"],
        "blockHash": sent["blockHash"],
        "blockNumber": sent["blockNumber"],
        "from": sent["from"],
        "to": sent["to"],
        "contractAddress": None,
        "status": "0x1",
        "type": "0x0",
        "cumulativeGasUsed": hex(_GAS_A_LOG * (int(logs[-1]["logIndex"], 16) + 1)),
        "gasUsed": hex(_GAS_A_LOG * len(logs)),
        "effectiveGasPrice": "0x7",
        "logsBloom": bloom(transactions[index]),
        "logs": logs,
    }


def bloom(logs: Iterable[Emitted]) -> str:
    """The 2048-bit bloom filter of the logs' addresses and topics."""
    bits = 0
    for log in logs:
        for seen in (log.address, *log.topics):
            bits |= _bloom_bits(seen)
    return f"0x{bits:0512x}"


@lru_cache(maxsize=8_192)
def _bloom_bits(seen: str) -> int:
    digest = keccak(bytes.fromhex(seen[2:]))
    return sum({1 << (int.from_bytes(digest[at : at + 2], "big") & 2_047) for at in (0, 2, 4)})

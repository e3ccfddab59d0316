"""Blocks as the listener commits them, and logs as a node answers them."""

from typing import Any, NamedTuple, TypedDict


class Block(NamedTuple):
    """A block's identity: 0x hex hashes in lower case, time in seconds."""

    number: int
    hash: str
    parent_hash: str
    timestamp: int


class Log(TypedDict, total=False):
    """One entry of an `eth_getLogs` answer, exactly as the node sent it: every value 0x hex text."""

    address: str
    topics: list[str]
    data: str
    blockNumber: str
    blockHash: str
    blockTimestamp: str
    transactionHash: str
    logIndex: str
    removed: bool


class SetAside(NamedTuple):
    """A log that could not become a row: kept whole, with the reason, so that nothing is lost."""

    chain_id: int
    block_number: int
    block_hash: str
    timestamp: int
    transaction_hash: str
    log_index: int
    contract_address: str
    topics: tuple[str, ...]
    data: str
    reason: str


RawLog = dict[str, Any]

"""The first pass over logs: each is placed in its block and read by its plan, alone, knowing nothing of the past."""

import re
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from app.chain.plan import MARKET_CREATED, Columns, Plan
from app.chain.words import Unreadable
from app.domain.block import Log, SetAside
from app.domain.trade import LOG_INDEX_BITS, MAX_BLOCK_NUMBER, MAX_LOG_INDEX

MAX_TIMESTAMP = 2**32 - 1
"""Seconds that the candle tables can hold."""

_ADDRESS = re.compile("0x[0-9a-f]{40}")
_MALFORMED = (ValueError, TypeError, KeyError, AttributeError, IndexError)


class Event(NamedTuple):
    """A log that its plan knows. `columns` is None where it could not be read, for the reason in `problem`.

    `order` is when it takes effect: (block, log index), but a market's creation before all else in its block.
    `contract` is the market's address, as far as the log tells it.
    """

    order: int
    plan: Plan
    log: Log
    block_number: int
    log_index: int
    timestamp: int
    emitter: str
    contract: str
    columns: Columns | None
    problem: str

    def said(self) -> Columns:
        """The columns; `Unreadable` where there are none."""
        if self.columns is None:
            raise Unreadable(self.problem)
        return self.columns


_event = Event._make  # calling the class with as many arguments costs twice that


class Reading(NamedTuple):
    """Events in the order of their effect, logs that have no place in the chain, and how many no plan knows."""

    events: list[Event]
    set_aside: list[SetAside]
    undeclared: int


class Reader:
    """Reads logs by the plans of a catalogue."""

    def __init__(self, plans: Mapping[str, Plan], chain_id: int) -> None:
        self._plans = plans
        self._chain_id = chain_id

    def read(self, logs: Sequence[Log], timestamps: Mapping[int, int]) -> Reading:
        """Every log of *logs*, once; *timestamps* are seconds by block number. Never raises, whatever a log holds."""
        events: list[Event] = []
        homeless: list[SetAside] = []
        blocks: dict[str, tuple[int, int]] = {}
        emitters: dict[str, str] = {}
        undeclared = 0
        for log in logs:
            try:
                plan = self._plans.get(log["topics"][0])
                if plan is None:
                    undeclared += 1
                    continue
                hexadecimal = log["blockNumber"]
                block_number, timestamp = blocks.get(hexadecimal) or blocks.setdefault(hexadecimal, _block(hexadecimal, timestamps))
                emitter = emitters.get(log["address"]) or emitters.setdefault(log["address"], _emitter(log["address"]))
                log_index = _log_index(log)
            except _MALFORMED as error:
                homeless.append(self.set_aside(log, _reason(error), *_place(log)))
                continue
            columns, problem = None, ""
            try:
                columns = plan.read(log["topics"], log["data"])
            except _MALFORMED as error:
                problem = _reason(error)
            contract = (columns.market if columns else "") if plan.named_market else emitter
            early = plan.kind is MARKET_CREATED
            order = (block_number << 1 | (not early)) << LOG_INDEX_BITS | log_index
            events.append(_event((order, plan, log, block_number, log_index, timestamp, emitter, contract, columns, problem)))
        events.sort(key=itemgetter(0))
        return Reading(events, homeless, undeclared)

    def set_aside(self, log: object, reason: str, block_number: int = 0, log_index: int = 0, timestamp: int = 0) -> SetAside:
        """*log* whole, as far as text can hold it, with the reason."""
        raw: Mapping[str, Any] = log if isinstance(log, dict) else {"data": log}
        topics = raw.get("topics")
        texts = _texts(topics if isinstance(topics, list | tuple) else [topics])
        block_hash, transaction, address, data = _texts(raw.get(key) for key in ("blockHash", "transactionHash", "address", "data"))
        return SetAside(
            self._chain_id, block_number, block_hash, timestamp, transaction, log_index, address.lower(), tuple(texts), data, reason
        )


def _block(hexadecimal: str, timestamps: Mapping[int, int]) -> tuple[int, int]:
    number = int(hexadecimal, 16)
    if not 0 <= number <= MAX_BLOCK_NUMBER:
        raise Unreadable(f"block number {hexadecimal} is out of range")
    timestamp = timestamps.get(number)
    if timestamp is None:
        raise Unreadable(f"the time of block {number} is not known")
    if not 0 <= timestamp <= MAX_TIMESTAMP:
        raise Unreadable(f"block time {timestamp} is out of range")
    return number, timestamp


def _emitter(address: str) -> str:
    lower = address.lower()
    if not _ADDRESS.fullmatch(lower):
        raise Unreadable(f"{address!r} is no address")
    return lower


def _log_index(log: Log) -> int:
    index = int(log["logIndex"], 16)
    if not 0 <= index <= MAX_LOG_INDEX:
        raise Unreadable(f"log index {log['logIndex']} is out of range")
    if len(log["transactionHash"]) != 66:
        raise Unreadable("the transaction hash is not 32 bytes")
    return index


def _place(log: Log) -> tuple[int, int]:
    """Block number and log index as far as they can be told, so that a rewind finds the log and no other replaces it."""
    try:
        place = int(log["blockNumber"], 16), int(log["logIndex"], 16)
    except _MALFORMED:
        return 0, 0
    return place if all(0 <= number <= MAX_BLOCK_NUMBER for number in place) else (0, 0)


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, Unreadable) else f"malformed log: {type(error).__name__}: {error}"


def _texts(values: Iterable[object]) -> list[str]:
    """Values as text that any store takes."""
    return ["" if value is None else str(value).encode(errors="replace").decode() for value in values]

"""The first pass over logs: each is placed in its block and read by its plan, alone, knowing nothing of the past."""

import pickle
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final, NamedTuple

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

    `contract` is the market's address, as far as the log tells it. `place` is where the log is among those that were read.
    """

    plan: Plan
    timestamp: int
    block_number: int
    log_index: int
    transaction_hash: str
    emitter: str
    contract: str
    columns: Columns | None
    problem: str
    place: int

    def said(self) -> Columns:
        """The columns; `Unreadable` where there are none."""
        if self.columns is None:
            raise Unreadable(self.problem)
        return self.columns


_event = Event._make  # calling the class with as many arguments costs twice that

_columns = Columns._make

_MARKET: Final = Columns._fields.index("market")

Said = tuple[Any, ...]
"""What a log says, in plain values: when it takes effect, which is (block, log index) but for a market's creation, before all else in its
block; its topic 0; and what an `Event` has from `block_number` on, with the columns as a list."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What `count` logs say, in the order of their effect: pickled where another process read them.

    `set_aside` are logs that have no place in the chain, `undeclared` is how many no plan knows.
    """

    events: list[Said] | bytes
    set_aside: list[SetAside]
    undeclared: int
    count: int
    logs: Callable[[], Sequence[Log]]
    """The logs themselves: few are ever asked for, and where another process read them they have to be read anew."""

    def __len__(self) -> int:
        return self.count


class Reader:
    """Reads logs by the plans of a catalogue."""

    def __init__(self, plans: Mapping[str, Plan], chain_id: int) -> None:
        self.plans = plans
        self._chain_id = chain_id

    def read(self, logs: Sequence[Log]) -> Reading:
        """Every log of *logs*, once. Never raises, whatever a log holds."""
        events: list[Said] = []
        homeless: list[SetAside] = []
        blocks: dict[str, int] = {}
        emitters: dict[str, str] = {}
        undeclared = 0
        for place, log in enumerate(logs):
            try:
                topic = log["topics"][0]
                plan = self.plans.get(topic)
                if plan is None:
                    undeclared += 1
                    continue
                hexadecimal = log["blockNumber"]
                block_number = blocks.get(hexadecimal) or blocks.setdefault(hexadecimal, _block(hexadecimal))
                emitter = emitters.get(log["address"]) or emitters.setdefault(log["address"], _emitter(log["address"]))
                log_index = _log_index(log)
            except _MALFORMED as error:
                homeless.append(self.set_aside(log, _reason(error), *_place(log)))
                continue
            said, problem = None, ""
            try:
                said = plan.values(log["topics"], log["data"])
            except _MALFORMED as error:
                problem = _reason(error)
            contract = (said[_MARKET] if said else "") if plan.named_market else emitter
            early = plan.kind is MARKET_CREATED
            order = (block_number << 1 | (not early)) << LOG_INDEX_BITS | log_index
            events.append((order, topic, block_number, log_index, log["transactionHash"], emitter, contract, said, problem, place))
        events.sort(key=itemgetter(0))
        return Reading(events, homeless, undeclared, len(logs), lambda: logs)

    def placed(self, reading: Reading, timestamps: Mapping[int, int]) -> tuple[list[Event], list[SetAside]]:
        """The events of *reading*, each at its time, and the logs that have no place or no time.

        *timestamps* are seconds by block number.
        """
        events: list[Event] = []
        set_aside = list(reading.set_aside)
        plans = self.plans
        said: list[Said] = pickle.loads(reading.events) if isinstance(reading.events, bytes) else reading.events
        for _, topic, block_number, log_index, transaction_hash, emitter, contract, values, problem, place in said:
            seconds = timestamps.get(block_number)
            if seconds is None or not 0 <= seconds <= MAX_TIMESTAMP:
                reason = f"the time of block {block_number} is not known" if seconds is None else f"block time {seconds} is out of range"
                set_aside.append(self.set_aside(reading.logs()[place], reason, block_number, log_index))
                continue
            columns = values and _columns(values)
            events.append(
                _event((plans[topic], seconds, block_number, log_index, transaction_hash, emitter, contract, columns, problem, place))
            )
        return events, set_aside

    def set_aside(self, log: object, reason: str, block_number: int = 0, log_index: int = 0, timestamp: int = 0) -> SetAside:
        """*log* whole, as far as text can hold it, with the reason."""
        raw: Mapping[str, Any] = log if isinstance(log, dict) else {"data": log}
        topics = raw.get("topics")
        texts = _texts(topics if isinstance(topics, list | tuple) else [topics])
        block_hash, transaction, address, data = _texts(raw.get(key) for key in ("blockHash", "transactionHash", "address", "data"))
        return SetAside(
            self._chain_id, block_number, block_hash, timestamp, transaction, log_index, address.lower(), tuple(texts), data, reason
        )


def _block(hexadecimal: str) -> int:
    number = int(hexadecimal, 16)
    if not 0 <= number <= MAX_BLOCK_NUMBER:
        raise Unreadable(f"block number {hexadecimal} is out of range")
    return number


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

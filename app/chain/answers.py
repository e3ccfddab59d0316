"""Reading what nodes answer, and believing none of it that contradicts itself or what was asked."""

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any, Generic, NamedTuple, TypeVar, cast

from app.chain.errors import BadAnswer, Reorganised
from app.chain.reading import Reading
from app.domain.block import Block, Log
from app.domain.trade import ordinal


class Segment(NamedTuple):
    """Consecutive blocks from `first` on, with all their logs.

    `blocks` ascend without gaps and end with the segment's last block; far from the head only that one is known. `logs` are in
    (block, log index) order. `timestamps` has the seconds of every block with a log. `head` is the node's
    newest block when this was read.
    """

    blocks: list[Block]
    logs: Sequence[Log] | Reading
    timestamps: Mapping[int, int]
    first: int
    head: int


L = TypeVar("L", bound=Sequence[Log] | Reading)


class Logs(NamedTuple, Generic[L]):
    """Checked logs in order, or what was read of them, with the hash of each of their blocks, and its seconds where the logs tell."""

    logs: L
    hashes: dict[int, str]
    timestamps: dict[int, int]


def quantity(raw: Any) -> int:
    """A JSON-RPC quantity."""
    try:
        return int(raw, 16)
    except (TypeError, ValueError):
        raise BadAnswer("a number is not 0x hex") from None


def header(raw: Any, number: int) -> Block:
    """Block *number* out of an `eth_getBlockByNumber` answer."""
    if raw is None:
        raise BadAnswer(f"the node does not have block {number}")
    try:
        block = Block(int(raw["number"], 16), raw["hash"].lower(), raw["parentHash"].lower(), int(raw["timestamp"], 16))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise BadAnswer(f"the header of block {number} is incomplete") from None
    if block.number != number:
        raise BadAnswer(f"the node answered block {block.number} for block {number}")
    return block


def chain(raws: Sequence[Any], first: int, after: Block | None) -> list[Block]:
    """The headers from block *first* on, as far as the node has them, each the parent of the next.

    With *after*, the block before *first*, the first of *raws* is the node's own block of that number.
    Raises Reorganised where the node's chain goes on from another block than *after*.
    """
    start = first - 1 if after else first
    blocks = []
    for number, raw in enumerate(raws, start):
        if raw is None and number > first:
            break
        blocks.append(header(raw, number))
    for parent, block in pairwise(blocks):
        if block.parent_hash != parent.hash:
            raise BadAnswer(f"block {block.number} does not follow from block {parent.number}: the node is reorganising")
    if after is None:
        return blocks
    if blocks[0].hash != after.hash:
        raise Reorganised(after.number)
    return blocks[1:]


def check_logs(raw: Any, topics: Collection[str], first: int, last: int) -> Logs[list[Log]]:
    """The logs of an `eth_getLogs` answer for *topics* in blocks *first* to *last*: each once, in order, one hash a block."""
    found: dict[int, Log] = {}
    hashes: dict[int, str] = {}
    timestamps: dict[int, int] = {}
    number, written = -1, ""
    try:
        for log in raw:
            if log.get("removed"):
                continue
            if log["blockNumber"] != written:  # a block's logs come one after the other
                written = log["blockNumber"]
                number = int(written, 16)
            if log["topics"][0] not in topics:
                raise BadAnswer(f"a log of block {number} has another topic than was asked for")
            if number not in hashes:
                hashes[number] = log["blockHash"].lower()
                if seconds := _seconds(log.get("blockTimestamp")):
                    timestamps[number] = seconds
            elif (block_hash := log["blockHash"]) != hashes[number] and block_hash.lower() != hashes[number]:
                raise BadAnswer(f"the logs of block {number} are of two forks")
            place = ordinal(number, int(log["logIndex"], 16))
            if found.setdefault(place, log)["transactionHash"] != log["transactionHash"]:
                raise BadAnswer(f"block {number} has two logs in one place")
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        raise BadAnswer("a log is incomplete") from None
    return check_range(Logs([found[place] for place in sorted(found)], hashes, timestamps), first, last)


def check_range(logs: Logs[L], first: int, last: int) -> Logs[L]:
    """Make sure that *logs*, which are handed back, are of blocks *first* to *last*."""
    for number in logs.hashes:
        if not first <= number <= last:
            raise BadAnswer(f"a log of block {number} came for blocks {first} to {last}")
    return logs


def check_hashes(logs: Logs[Any], blocks: Collection[Block]) -> None:
    """Make sure that *logs* are of these very *blocks*, as far as they are of the same numbers."""
    for block in blocks:
        if logs.hashes.get(block.number, block.hash) != block.hash:
            raise BadAnswer(f"the logs of block {block.number} are of another fork")


def _seconds(raw: Any) -> int:
    """A log's block time; 0, as some nodes answer for all of them, stands for unknown."""
    return int(raw, 16) if isinstance(raw, str) else int(cast(int, raw) or 0)

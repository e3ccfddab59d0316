"""The JSON-RPC methods of the simulated node, each answering from one snapshot of the chain."""

from collections import OrderedDict
from collections.abc import Callable
from itertools import islice
from threading import Lock
from typing import Any, Final, NamedTuple

import orjson

from app.demo.answers import block, range_logs, receipt, transaction
from app.demo.branch import Branch
from app.demo.faults import Fault, Faults
from app.demo.logfilter import LogFilter, hex_bytes, log_filter
from app.demo.refusals import Refusal, RefusedError

FINALITY: Final = 64
"""Blocks behind the head from which on a block is `finalized`; `safe` is the same here."""

CLIENT_VERSION: Final = "vamm-demo/1.0"
_MAX_QUANTITY: Final = 1 << 44
_INVALID_PARAMS: Final = -32602

Params = list[Any]


class Snapshot(NamedTuple):
    """The chain as one request sees it: its history, its head, and the newest block whose content the node has."""

    branch: Branch
    head: int
    known: int
    fault: Fault | None = None


class KeptAnswers:
    """Encoded `eth_getLogs` answers up to a number of bytes, the least recently used dropped first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: OrderedDict[Any, bytes] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def get(self, key: Any) -> bytes | None:
        with self._lock:
            if (answer := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
            return answer

    def keep(self, key: Any, answer: bytes) -> None:
        with self._lock:
            if key in self._kept or len(answer) > self._limit:
                return
            self._kept[key] = answer
            self._size += len(answer)
            while self._size > self._limit:
                self._size -= len(self._kept.popitem(last=False)[1])


class Methods:
    """Every method by name. *timestamps* puts `blockTimestamp` into logs; *kept_bytes* is for answers given again."""

    def __init__(self, faults: Faults, *, timestamps: bool = True, kept_bytes: int = 0) -> None:
        self._faults = faults
        self._timestamps = timestamps
        self._answers = KeptAnswers(kept_bytes)
        self._methods: dict[str, Callable[[Snapshot, Params], Any]] = {
            "eth_chainId": lambda seen, params: hex(seen.branch.genesis.chain_id),
            "net_version": lambda seen, params: str(seen.branch.genesis.chain_id),
            "web3_clientVersion": lambda seen, params: CLIENT_VERSION,
            "eth_syncing": lambda seen, params: False,
            "eth_blockNumber": lambda seen, params: hex(seen.head),
            "eth_getBlockByNumber": self._block_by_number,
            "eth_getBlockByHash": self._block_by_hash,
            "eth_getTransactionByHash": self._transaction,
            "eth_getTransactionReceipt": self._receipt,
            "eth_getLogs": self._logs,
        }

    def call(self, seen: Snapshot, method: str, params: Params) -> bytes:
        """The JSON of the result; RefusedError says why there is none."""
        if method not in self._methods:
            raise RefusedError(-32601, f"the method {method[:100]} does not exist/is not available")
        try:
            result = self._methods[method](seen, params)
        except (ValueError, IndexError) as error:
            raise RefusedError(_INVALID_PARAMS, f"invalid params: {error}") from error
        return result if isinstance(result, bytes) else orjson.dumps(result)

    def _block_by_number(self, seen: Snapshot, params: Params) -> Any:
        return self._block(seen, _number(params[0], seen.head), params)

    def _block_by_hash(self, seen: Snapshot, params: Params) -> Any:
        return self._block(seen, seen.branch.number(hex_bytes(params[0], 32)), params)

    def _block(self, seen: Snapshot, number: int | None, params: Params) -> Any:
        full = params[1] if len(params) > 1 else False
        if not isinstance(full, bool):
            raise ValueError("the second tells with a boolean whether transactions are wanted whole")
        if number is None or number > seen.known or seen.fault is Fault.NULL_BLOCK:
            return None
        return block(seen.branch, number, full=full)

    def _transaction(self, seen: Snapshot, params: Params) -> Any:
        place = seen.branch.transaction(hex_bytes(params[0], 32))
        if place is None or place[0] > seen.known or place[1] >= len(seen.branch.transactions(place[0])):
            return None
        return transaction(seen.branch, *place)

    def _receipt(self, seen: Snapshot, params: Params) -> Any:
        place = seen.branch.transaction(hex_bytes(params[0], 32))
        return None if place is None or place[0] > seen.known else receipt(seen.branch, *place)

    def _logs(self, seen: Snapshot, params: Params) -> bytes:
        asked = params[0]
        if not isinstance(asked, dict):
            raise ValueError("a filter object is expected")
        wanted = log_filter(asked)
        first, last = _range(seen, asked)
        span, limit = last - first + 1, self._faults.max_range
        if seen.fault is Fault.RANGE_REFUSED and span > 1:
            limit = span // 2
        if limit is not None and span > limit:
            raise _refused(self._faults.wording.blocks, limit, first, last, first + limit - 1)
        last = min(last, seen.known)
        key = (seen.branch, first, last, wanted, self._timestamps, self._faults.max_logs)
        if (kept := self._answers.get(key)) is None:
            kept = self._generated(seen.branch, first, last, wanted)
            self._answers.keep(key, kept)
        return kept

    def _generated(self, branch: Branch, first: int, last: int, wanted: LogFilter) -> bytes:
        limit = self._faults.max_logs
        logs = list(islice(range_logs(branch, first, last, wanted, timestamps=self._timestamps), limit + 1))
        if len(logs) > limit:
            raise _refused(self._faults.wording.logs, limit, first, last, first + (last - first) // 2)
        return f"[{','.join(logs)}]".encode()


def _refused(refusal: Refusal, limit: int, first: int, last: int, fits: int) -> RefusedError:
    return RefusedError(refusal.code, refusal.told(limit=limit, first=first, last=last, fits=fits), refusal.status)


def _range(seen: Snapshot, asked: dict[str, Any]) -> tuple[int, int]:
    """First and last block of a filter, the last at most the head, as most nodes read it."""
    if (block_hash := asked.get("blockHash")) is not None:
        if asked.get("fromBlock") is not None or asked.get("toBlock") is not None:
            raise ValueError("cannot specify both blockHash and fromBlock/toBlock, choose one or the other")
        number = seen.branch.number(hex_bytes(block_hash, 32))
        if number is None or number > seen.known:
            raise RefusedError(-32000, "unknown block")
        return number, number
    first = _number(asked.get("fromBlock") or "latest", seen.head)
    last = _number(asked.get("toBlock") or "latest", seen.head)
    if first > last:
        raise ValueError("invalid block range params")
    return first, max(first, min(last, seen.head))


def _number(named: Any, head: int) -> int:
    """The block that a tag or a quantity names."""
    tags = {"earliest": 0, "latest": head, "pending": head, "safe": max(0, head - FINALITY), "finalized": max(0, head - FINALITY)}
    if not isinstance(named, str):
        raise ValueError(f"a block is named by a tag or 0x hex, not {named!r}"[:200])
    if named in tags:
        return tags[named]
    if not named.startswith("0x") or not 0 <= int(named, 16) < _MAX_QUANTITY:
        raise ValueError(f"not a block number: {named}"[:200])
    return int(named, 16)

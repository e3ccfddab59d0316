"""What goes wrong at the node: limits it enforces, and faults by order or by chance."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from threading import Lock
from typing import Final

from app.demo.refusals import PROVIDERS, Provider

MAX_LOGS: Final = 250_000
"""Logs in one answer, unless a test says otherwise: about 200 MB."""


class Fault(StrEnum):
    """One thing that can go wrong with a request."""

    RATE_LIMITED = "rate_limited"
    """Refused as the provider words it, with Retry-After where that is HTTP 429."""
    RANGE_REFUSED = "range_refused"
    """`eth_getLogs` for more than one block is refused as if half of the range were the limit."""
    SLOW = "slow"
    """The answer takes `delay` longer."""
    CUT = "cut"
    """The connection ends in the middle of the answer."""
    BAD_GATEWAY = "bad_gateway"
    """HTTP 502 with a page of HTML."""
    GARBAGE = "garbage"
    """HTTP 200 with something other than JSON."""
    NULL_BLOCK = "null_block"
    """Blocks are answered `null`."""
    HEAD_BACK = "head_back"
    """The head is `depth` blocks behind, consistently in the whole request."""
    OTHER_FORK = "other_fork"
    """The newest `depth` blocks, and their logs, are of a fork that never wins."""
    LAGGING = "lagging"
    """The head is told, but the newest `depth` blocks are `null` and their logs missing without an error."""
    SHUFFLED = "shuffled"
    """A batch is answered out of order."""
    BATCH_REFUSED = "batch_refused"
    """A batch is refused as a whole, with one error object."""


_LOGS: Final = frozenset({"eth_getLogs"})
_BLOCKS: Final = frozenset({"eth_getBlockByNumber"})
_HEADS: Final = frozenset({"eth_blockNumber"})
_CONCERNS: Final = {
    Fault.RANGE_REFUSED: _LOGS,
    Fault.NULL_BLOCK: _BLOCKS,
    Fault.HEAD_BACK: _HEADS | _BLOCKS | _LOGS,
    Fault.OTHER_FORK: _BLOCKS | _LOGS,
    Fault.LAGGING: _BLOCKS | _LOGS,
}
_OF_BATCHES: Final = frozenset({Fault.SHUFFLED, Fault.BATCH_REFUSED})


@dataclass
class Faults:
    """What the node refuses and gets wrong; every field may be changed while it serves.

    `max_range` blocks and `max_logs` logs are its limits for `eth_getLogs`, `max_batch` calls its limit for a batch;
    `provider` names the wording in `PROVIDERS`. `rate` is the share of requests that suffer one of `kinds`.
    """

    provider: str = "geth"
    max_range: int | None = None
    max_logs: int = MAX_LOGS
    max_batch: int = 1_000
    rate: float = 0.0
    kinds: Collection[Fault] = tuple(Fault)
    delay: float = 0.05
    depth: int = 3
    retry_after: float = 1.0
    rng: Random = field(default_factory=lambda: Random(0), repr=False)
    _ordered: Counter[Fault] = field(default_factory=Counter, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    @classmethod
    def random(cls, seed: int, rate: float, kinds: Collection[Fault] = tuple(Fault)) -> "Faults":
        """Faults of *kinds* for a share *rate* of the requests, the same for the same *seed* and requests."""
        return cls(rate=rate, kinds=kinds, rng=Random(seed))

    @property
    def wording(self) -> Provider:
        return PROVIDERS[self.provider]

    def order(self, fault: Fault, times: int = 1) -> None:
        """Let the next *times* requests that *fault* can concern suffer it; 0 takes back what was ordered."""
        with self._lock:
            self._ordered[fault] = times

    def draw(self, methods: Collection[str], *, batch: bool) -> Fault | None:
        """The fault that a request of *methods* suffers: an ordered one first, or one by chance."""
        with self._lock:
            for fault, times in self._ordered.items():
                if times > 0 and _concerns(fault, methods, batch=batch):
                    self._ordered[fault] -= 1
                    return fault
            if not self.rate or self.rng.random() >= self.rate:
                return None
            possible = [fault for fault in self.kinds if _concerns(fault, methods, batch=batch)]
            return self.rng.choice(possible) if possible else None


def _concerns(fault: Fault, methods: Collection[str], *, batch: bool) -> bool:
    if fault in _OF_BATCHES:
        return batch
    concerned = _CONCERNS.get(fault)
    return concerned is None or not concerned.isdisjoint(methods)

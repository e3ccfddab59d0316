"""The filter of `eth_getLogs`: which contracts and which topics."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final

from app.demo.events import Emitted

MAX_ALTERNATIVES: Final = 5_000
"""Addresses, or topics in one place, that a filter may name."""

_MAX_TOPICS: Final = 4


@dataclass(frozen=True, slots=True)
class LogFilter:
    """`addresses` None means any contract; in `topics`, by place, None means anything. Hex in lower case."""

    addresses: frozenset[str] | None = None
    topics: tuple[frozenset[str] | None, ...] = ()

    def matcher(self) -> Callable[[Emitted], bool] | None:
        """`matches` in its quickest form; None where everything matches."""
        if self == EVERYTHING:
            return None
        if self.addresses is None and len(self.topics) == 1 and (kinds := self.topics[0]) is not None:
            return lambda log: log.topics[0] in kinds
        return self.matches

    def matches(self, log: Emitted) -> bool:
        """Whether *log* is wanted."""
        if self.addresses is not None and log.address not in self.addresses:
            return False
        if len(self.topics) > len(log.topics):
            return False
        return all(wanted is None or topic in wanted for wanted, topic in zip(self.topics, log.topics, strict=False))


EVERYTHING: Final = LogFilter()


def log_filter(asked: dict[str, Any]) -> LogFilter:
    """The filter that an `eth_getLogs` parameter describes; ValueError where it makes no sense."""
    addresses = _alternatives(asked.get("address"), 20)
    topics = asked.get("topics") or []
    if not isinstance(topics, list) or len(topics) > _MAX_TOPICS:
        raise ValueError(f"topics must be a list of at most {_MAX_TOPICS}")
    return LogFilter(addresses, tuple(_alternatives(topic, 32) for topic in topics))


def hex_bytes(value: Any, size: int) -> str:
    """*value* as lower-case 0x hex of exactly *size* bytes; ValueError otherwise."""
    if not isinstance(value, str) or not value.startswith("0x") or len(value) != 2 + 2 * size:
        raise ValueError(f"{size} bytes of 0x hex expected, not {value!r}"[:200])
    try:
        return f"0x{bytes.fromhex(value[2:]).hex()}"
    except ValueError:
        raise ValueError(f"not hex: {value}") from None


def _alternatives(asked: Any, size: int) -> frozenset[str] | None:
    if asked is None or asked == []:
        return None
    named: Collection[Any] = asked if isinstance(asked, list) else [asked]
    if len(named) > MAX_ALTERNATIVES:
        raise ValueError(f"at most {MAX_ALTERNATIVES} alternatives in one place")
    return None if None in named else frozenset(hex_bytes(one, size) for one in named)

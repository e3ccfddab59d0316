"""An event compiled for speed: which words of a log become which columns of its row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from struct import Struct
from typing import Any, Final, NamedTuple

from eth_abi.abi import decode as abi_decode
from eth_abi.exceptions import DecodingError

from app.chain.words import WORD, Reader, Unreadable

MAX_TEXT: Final = 1_000
"""Characters kept of a free text."""


class Kind(StrEnum):
    """What an event does to its market."""

    OPEN = "open"
    INCREASE = "increase"
    CLOSE = "close"
    LIQUIDATE = "liquidate"
    TRADE = "trade"
    LIQUIDATION_NOTE = "liquidation_note"
    MARK = "mark"
    INDEX = "index"
    FUNDING = "funding"
    CURVE = "curve"
    NOTE = "note"
    MARKET_CREATED = "market_created"
    MARKET_STATUS = "market_status"


OPEN, INCREASE, CLOSE, LIQUIDATE, TRADE, LIQUIDATION_NOTE, MARK, INDEX, FUNDING, CURVE, NOTE, MARKET_CREATED, MARKET_STATUS = Kind
"""By plain names, for what is asked of every event: `Kind.OPEN` takes Python 3.11 ten times as long."""

POSITION_PRICES: Final = {Kind.OPEN: "entry", Kind.INCREASE: "mark", Kind.CLOSE: "exit", Kind.LIQUIDATE: "liquidation"}
"""Kinds that speak of one position, with the price type of each. All but the opening need the position's side looked up."""

CANDLE_KINDS: Final = frozenset({*POSITION_PRICES, Kind.TRADE, Kind.MARK})
"""Kinds that can make a candle: only these make a market of a contract that nobody announced."""

FACTORY_KINDS: Final = frozenset({Kind.MARKET_CREATED, Kind.MARKET_STATUS})


class Columns(NamedTuple):
    """What any event may say, in 1e-18 units; the defaults are what it says by saying nothing."""

    market: str = ""
    user_address: str = ""
    position_id: int = 0
    is_long: bool | None = None
    size: int = 0
    price: int = 0
    leverage: int = 0
    fee: int = 0
    pnl: int | None = None
    volume: int = 0
    liquidation_volume: int = 0
    funding_rate: int | None = None
    size_after: int = 0
    entry_price: int = 0
    index_price: int | None = None
    funding_index: int | None = None
    funding_premium: int | None = None
    quote_reserve: int | None = None
    base_reserve: int | None = None
    factory_market_id: str = ""
    symbol: str = ""
    vault_address: str = ""
    oracle_address: str = ""
    collateral_address: str = ""
    starting_price: int = 0
    market_type: int = 0
    is_active: bool = True


class AmountField(NamedTuple):
    """One amount to read: of parameter *name*, from *word*, into column *slot*."""

    name: str
    slot: int
    word: int
    limit: int
    factor: int
    refuse: Callable[[int], Unreadable]


class Field(NamedTuple):
    """One other word to read."""

    name: str
    slot: int
    word: int
    read: Reader


class Check(NamedTuple):
    """A word that fills no column, but could not be in a log of the event's own contract."""

    name: str
    word: int
    read: Reader


class Text(NamedTuple):
    """The one free text of an event: which of its data's *types* it is."""

    slot: int
    place: int
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """How logs with one topic 0 are read. `protocols` are those that declare the event, first the one loaded first."""

    name: str
    kind: Kind
    action: str
    """The kind as plain text, for rows."""
    protocols: tuple[str, ...]
    by_factory: bool
    makes_candles: bool
    position_price: str
    """The price type of an event that speaks of one position, empty for all others."""
    named_market: bool
    """The market is a parameter, not the emitter."""
    topics: int
    split: Struct
    """Splits topics and data into 32-byte words."""
    amounts: tuple[AmountField, ...]
    fields: tuple[Field, ...]
    checks: tuple[Check, ...]
    text: Text | None
    again: Callable[[], "Plan"] = field(repr=False, compare=False)
    """Makes the same plan, in another process as well."""

    def __reduce__(self) -> tuple[Callable[[], "Plan"], tuple[()]]:
        return self.again, ()

    def read(self, topics: Sequence[str], data: str) -> Columns:
        """The columns of a log; `Unreadable` (or another ValueError, TypeError) where it does not fit its signature."""
        return _columns(self.values(topics, data))

    def values(self, topics: Sequence[str], data: str) -> list[Any]:
        """The columns as a plain list, otherwise as `read`."""
        if len(topics) != self.topics:
            raise Unreadable(f"{len(topics)} topics where {self.name} has {self.topics}")
        digits = ""
        for topic in topics[1:]:
            digits += topic[2:]
        if len(digits) != 2 * WORD * (self.topics - 1):
            raise Unreadable("a topic is not 32 bytes")
        raw = bytes.fromhex(digits + data[2:])
        indexed = WORD * (self.topics - 1)
        if len(raw) < self.split.size:
            raise Unreadable(f"{len(raw) - indexed} bytes of data where {self.name} has {self.split.size - indexed}")
        words = self.split.unpack_from(raw)
        values: list[Any] = list(_NOTHING)
        name = ""
        try:
            for name, slot, word, limit, factor, refuse in self.amounts:  # noqa: B007 - the name is for the reason
                value = _number(words[word])
                if value >= limit:
                    raise refuse(value)
                values[slot] = value * factor
            for name, slot, word, read in self.fields:  # noqa: B007
                values[slot] = read(words[word])
            for name, word, read in self.checks:  # noqa: B007
                read(words[word])
        except Unreadable as reason:
            raise Unreadable(f"{name}: {reason}") from None
        if self.text:
            values[self.text.slot] = _text(self.text, raw[indexed:])
        return values


_NOTHING: Final = Columns()

_columns = Columns._make

_number = int.from_bytes  # looked up once, not for each word


def _text(text: Text, data: bytes) -> str:
    """Free text as it can be stored: whoever created a market chose its bytes."""
    try:
        found: bytes = abi_decode(text.types, data)[text.place]
    except (DecodingError, OverflowError) as error:
        raise Unreadable(f"its text cannot be read: {error}") from None
    return found.decode("utf-8", "replace").replace("\0", "\ufffd")[:MAX_TEXT]

"""Event signatures as people write them: names, types, topic 0, and where each parameter lies in a log."""

import re
from functools import cached_property
from math import prod
from typing import NamedTuple

from eth_hash.auto import keccak

MAX_TOPICS = 4

_EVENT = re.compile(r"\s*(?:event\s+)?([A-Za-z_$][\w$]*)\s*\((.*)\)\s*;?\s*")
_PARAMETER = re.compile(r"(?P<type>\S+)\s+(?P<indexed>indexed\s+)?(?P<name>[A-Za-z_$][\w$]*)")
_TYPE = re.compile(r"(?P<base>u?int|bool|address|bytes|string)(?P<size>\d*)(?P<arrays>(?:\[\d*\])*)")
_WIDE = {"uint": "256", "int": "256"}


class Parameter(NamedTuple):
    """One parameter. `words` is how many 32-byte words it takes in topics or in the head of the data."""

    name: str
    type: str
    base: str
    bits: int
    words: int
    indexed: bool
    dynamic: bool


class Signature:
    """A parsed event signature; equal where name, types, parameter names and indexing are."""

    def __init__(self, name: str, parameters: tuple[Parameter, ...]) -> None:
        self.name = name
        self.parameters = parameters

    @cached_property
    def canonical(self) -> str:
        return f"{self.name}({','.join(parameter.type for parameter in self.parameters)})"

    @cached_property
    def topic(self) -> str:
        """Topic 0: 0x hex in lower case."""
        return "0x" + keccak(self.canonical.encode()).hex()

    @property
    def indexed(self) -> list[Parameter]:
        return [parameter for parameter in self.parameters if parameter.indexed]

    @property
    def plain(self) -> list[Parameter]:
        """Parameters that travel in the data."""
        return [parameter for parameter in self.parameters if not parameter.indexed]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Signature) and (self.name, self.parameters) == (other.name, other.parameters)

    def __hash__(self) -> int:
        return hash((self.name, self.parameters))


def parse_signature(text: str) -> Signature:
    """The signature written as `Name(type [indexed] name, …)`; ValueError says in one line what is wrong with it."""
    match = _EVENT.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not of the form Name(type name, type indexed name)")
    name, inside = match.groups()
    parameters = tuple(_parameter(part) for part in inside.split(",")) if inside.strip() else ()
    names = [parameter.name for parameter in parameters]
    if len(set(names)) < len(names):
        raise ValueError(f"{name} names two parameters alike")
    if sum(parameter.indexed for parameter in parameters) >= MAX_TOPICS:
        raise ValueError(f"{name} has more than {MAX_TOPICS - 1} indexed parameters")
    return Signature(name, parameters)


def _parameter(text: str) -> Parameter:
    match = _PARAMETER.fullmatch(text.strip())
    if not match:
        raise ValueError(f"parameter {text.strip()!r} is not of the form 'type name' or 'type indexed name'")
    kind = _TYPE.fullmatch(match["type"])
    if not kind:
        raise ValueError(f"{match['type']!r} is no type known here: uint…, int…, bool, address, bytes…, string, or an array of them")
    base, size, arrays = kind["base"], kind["size"] or _WIDE.get(kind["base"], ""), kind["arrays"]
    if not _exists(base, size):
        raise ValueError(f"{match['type']!r} is no type: its size is wrong")
    indexed = bool(match["indexed"])
    lengths = [int(length) if length else 0 for length in re.findall(r"\[(\d*)\]", arrays)]
    dynamic = base == "string" or (base == "bytes" and not size) or 0 in lengths
    bits = int(size) * (8 if base == "bytes" else 1) if size and not arrays else 0
    words = 1 if indexed or dynamic else prod(lengths)
    return Parameter(match["name"], base + size + arrays, "" if arrays else base, bits, words, indexed, dynamic)


def _exists(base: str, size: str) -> bool:
    if base in _WIDE:
        return int(size) % 8 == 0 and 8 <= int(size) <= 256
    return not size or (base == "bytes" and 1 <= int(size) <= 32)

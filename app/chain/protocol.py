"""Protocols as data: TOML files of event signatures and what they mean, loaded into a catalogue by topic 0."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from app.chain.mapping import MappingError, Source, compile_event
from app.chain.plan import Kind, Plan
from app.chain.signature import Signature, parse_signature
from app.domain.errors import DatafeedError

SHIPPED = Path(__file__).parent / "protocols"
MAX_FILE_BYTES = 1_000_000


class ProtocolError(DatafeedError):
    """A protocol file that cannot be used."""

    help: ClassVar[str] = "Correct the file, or leave the protocol out of PROTOCOLS; docs/protocols.md explains every key."
    exit_code = 2


class UnknownProtocol(ProtocolError):
    """PROTOCOLS names what is not there."""

    help = "Name some of those, or leave PROTOCOLS empty to follow them all."


class _ColumnSource(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    parameter: str
    scale: int | None = Field(None, ge=0, le=18, strict=True)


def _named(value: Any) -> Any:
    return {"parameter": value} if isinstance(value, str) else value


def _parsed(value: Any) -> Signature:
    if not isinstance(value, str):
        raise ValueError("should be text of the form Name(type name, type indexed name)")
    return parse_signature(value)


class _Event(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    signature: Annotated[Signature, BeforeValidator(_parsed)]
    does: Kind
    columns: dict[str, Annotated[_ColumnSource, BeforeValidator(_named)]] = Field(default_factory=dict)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    part: bool = False
    include: list[str] = Field(default_factory=list)
    event: list[_Event] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every event followed. `plans` are by topic 0 (0x hex in lower case); `names` are the protocols."""

    plans: Mapping[str, Plan]
    names: tuple[str, ...]

    @property
    def topics(self) -> list[str]:
        """The topics 0 to ask a node for."""
        return sorted(self.plans)


def load_protocols(names: Sequence[str] = (), folder: Path | None = None) -> Catalogue:
    """The protocols called *names*, or all there are: those shipped, and every `*.toml` in *folder*, which wins over one shipped.

    `ProtocolError` says in one line which file, event and key is wrong, and what would be right.
    """
    shelf = _Shelf(folder)
    chosen = tuple(dict.fromkeys(names)) or shelf.protocols()
    events: dict[str, _Event] = {}
    origins: dict[str, str] = {}
    owners: dict[str, list[str]] = {}
    for protocol in chosen:
        for name in shelf.with_includes(protocol):
            for event in shelf.file(name).event:
                topic = event.signature.topic
                if events.setdefault(topic, event) != event:
                    where = f"{name}.toml: {event.signature.name}"
                    other = f"{origins[topic]}.toml"
                    raise ProtocolError(f"{where}: signature: {other} declares the same event otherwise; both must agree, or one go")
                origins.setdefault(topic, name)
                owners.setdefault(topic, []).append(protocol)
    return Catalogue({topic: _plan(event, origins[topic], owners[topic]) for topic, event in events.items()}, chosen)


class _Shelf:
    """The protocol files within reach, each read once, when first asked for."""

    def __init__(self, folder: Path | None) -> None:
        if folder is not None and not folder.is_dir():
            raise ProtocolError(f"{folder}: no such folder; it should hold protocol files such as my_protocol.toml")
        folders = [SHIPPED] if folder is None else [SHIPPED, folder]
        self._paths = {path.stem: path for place in folders for path in sorted(place.glob("*.toml"))}
        self._files: dict[str, _File] = {}

    def protocols(self) -> tuple[str, ...]:
        return tuple(name for name in self._paths if not self.file(name).part)

    def file(self, name: str, wanted_by: str = "") -> _File:
        """The file *name*; *wanted_by* is where another file includes it, which may be a mere part."""
        if name not in self._paths and not wanted_by:
            there = self.protocols()
            raise UnknownProtocol(f"PROTOCOLS: no protocol {name!r}; there are {', '.join(there)}, e.g. PROTOCOLS={','.join(there[-2:])}")
        if name not in self._paths:
            raise ProtocolError(f"{wanted_by}: no protocol {name!r}; there are {', '.join(self._paths)}")
        if name not in self._files:
            self._files[name] = _parse(self._paths[name])
        return self._files[name]

    def with_includes(self, name: str) -> list[str]:
        """*name* and all that it includes, directly or not, each once."""
        found = [name]
        for current in found:
            for other in self.file(current).include:
                self.file(other, f"{current}.toml: include")
                if other not in found:
                    found.append(other)
        return found


def _parse(path: Path) -> _File:
    try:
        with path.open("rb") as file:
            text = file.read(MAX_FILE_BYTES + 1)
        if len(text) > MAX_FILE_BYTES:
            raise ProtocolError(f"{path.name}: larger than {MAX_FILE_BYTES} bytes; a protocol file holds a few events")
        raw = tomllib.loads(text.decode())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProtocolError(f"{path.name}: not readable as TOML: {error}") from None
    try:
        return _File.model_validate(raw)
    except ValidationError as error:
        raise ProtocolError(_explain(path, raw, error)) from None


def _explain(path: Path, raw: Mapping[str, Any], error: ValidationError) -> str:
    """The first mistake in one line: file, event, key, what would be right."""
    first = error.errors()[0]
    place = list(first["loc"])
    event = ""
    if place[:1] == ["event"] and len(place) > 1 and isinstance(place[1], int):
        event = f"{_event_name(raw['event'][place[1]]) or f'event {place[1] + 1}'}: "
        place = place[2:]
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        message = "no such key; an event has signature, does and columns, a file has include, part and event"
    return f"{path.name}: {event}{'.'.join(map(str, place))}: {message}"


def _event_name(raw: object) -> str:
    """What the operator would look for in the file, as far as the entry says."""
    signature = raw.get("signature") if isinstance(raw, dict) else None
    return " ".join(signature.partition("(")[0].split()) if isinstance(signature, str) else ""


def _plan(event: _Event, origin: str, protocols: Sequence[str]) -> Plan:
    sources = {column: Source(source.parameter, source.scale) for column, source in event.columns.items()}
    try:
        return compile_event(event.signature, event.does, sources, tuple(protocols))
    except MappingError as error:
        raise ProtocolError(f"{origin}.toml: {event.signature.name}: {error.key}: {error}") from None

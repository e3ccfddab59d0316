"""From a protocol file's mapping of parameters onto columns to a compiled plan, or to what is wrong with it."""

from collections.abc import Iterable, Mapping
from functools import partial
from struct import Struct
from typing import Final, NamedTuple

from app.chain import words
from app.chain.plan import CANDLE_KINDS, FACTORY_KINDS, POSITION_PRICES, AmountField, Check, Columns, Field, Kind, Plan, Text
from app.chain.signature import Parameter, Signature
from app.chain.words import WORD, Amount, Reader
from app.domain.fixed import DIGITS

_ABOUT: Final = frozenset({"market", "user_address", "position_id", "size", "leverage", "fee", "pnl"})

REQUIRED: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.OPEN: frozenset({"position_id", "is_long", "size", "price"}),
    Kind.INCREASE: frozenset({"position_id", "size"}),
    Kind.CLOSE: frozenset({"position_id", "size", "price"}),
    Kind.LIQUIDATE: frozenset({"position_id", "size", "price"}),
    Kind.TRADE: frozenset({"size", "size_after", "price", "volume"}),
    Kind.LIQUIDATION_NOTE: frozenset({"liquidation_volume"}),
    Kind.MARK: frozenset({"price"}),
    Kind.INDEX: frozenset({"price"}),
    Kind.FUNDING: frozenset({"funding_rate"}),
    Kind.CURVE: frozenset({"quote_reserve", "base_reserve"}),
    Kind.NOTE: frozenset(),
    Kind.MARKET_CREATED: frozenset({"factory_market_id", "market", "symbol"}),
    Kind.MARKET_STATUS: frozenset({"factory_market_id", "is_active"}),
}
"""Columns that an event of a kind must give."""

OPTIONAL: Final[Mapping[Kind, frozenset[str]]] = {
    **dict.fromkeys(Kind, _ABOUT),
    Kind.INCREASE: _ABOUT | {"entry_price"},
    Kind.FUNDING: _ABOUT | {"funding_index", "funding_premium", "index_price"},
    Kind.INDEX: frozenset(),
    Kind.MARKET_CREATED: frozenset({"vault_address", "oracle_address", "collateral_address", "starting_price", "market_type"}),
    Kind.MARKET_STATUS: frozenset(),
}
"""Columns that it may give besides."""

_IMPLIED: Final[Mapping[Kind, tuple[str, str]]] = {
    Kind.TRADE: ("position_id", "user_address"),
    Kind.LIQUIDATION_NOTE: ("position_id", "user_address"),
    Kind.INDEX: ("index_price", "price"),
}
"""Columns filled from another one's parameter where the file gives none: a trader's netted position has the trader's address."""

_WHOSE: Final = frozenset({"position_id", "user_address"})

_ADDRESSES: Final = frozenset({"market", "user_address", "vault_address", "oracle_address", "collateral_address"})
_FLAGS: Final = frozenset({"is_long", "is_active"})
_NO_AMOUNT: Final[Mapping[str, str]] = {
    **dict.fromkeys(_ADDRESSES, "an address"),
    **dict.fromkeys(_FLAGS, "a bool"),
    "factory_market_id": "a bytes32 or uint256",
    "position_id": "a uint, bytes32 or address",
    "market_type": "a uint8",
}
"""Columns that are no amounts, with the types they need."""

_ALWAYS_SIGNED: Final = frozenset({"pnl", "fee", "funding_rate", "funding_index", "funding_premium", "size_after"})
_ADDRESS_BITS: Final = 160
_SIGNED_SIZE: Final = frozenset({Kind.TRADE, Kind.NOTE})


class Source(NamedTuple):
    """Where a column comes from. *scale* is the parameter's decimal places, None where the file says nothing."""

    parameter: str
    scale: int | None = None


class MappingError(ValueError):
    """A mapping that makes no row; `key` is the entry of the file that has to change."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


def compile_event(signature: Signature, kind: Kind, columns: Mapping[str, Source], protocols: tuple[str, ...] = ()) -> Plan:
    """The plan of an event; `MappingError` names the wrong entry and what would be right."""
    _check_names(signature, kind, columns)
    slots: dict[str, list[tuple[str, Source]]] = {}
    for column, source in _with_implied(kind, columns).items():
        slots.setdefault(source.parameter, []).append((column, source))
    amounts: list[AmountField] = []
    fields: list[Field] = []
    checks: list[Check] = []
    text: Text | None = None
    word = 0
    for parameter in (*signature.indexed, *signature.plain):
        filled = slots.get(parameter.name, [])
        if not filled and (check := _checker(parameter)):
            checks.append(Check(parameter.name, word, check))
        for column, source in filled:
            slot = Columns._fields.index(column)
            if column == "symbol":
                text = _text(signature, parameter)
            elif isinstance(reader := _reader(kind, column, source, parameter), Amount):
                amounts.append(AmountField(parameter.name, slot, word, reader.limit, reader.factor, reader.refuse))
            else:
                fields.append(Field(parameter.name, slot, word, reader))
        word += parameter.words
    return Plan(
        name=signature.name,
        kind=kind,
        action=kind.value,
        protocols=protocols,
        by_factory=kind in FACTORY_KINDS,
        makes_candles=kind in CANDLE_KINDS,
        position_price=POSITION_PRICES.get(kind, ""),
        named_market="market" in columns,
        topics=len(signature.indexed) + 1,
        split=Struct(f"{WORD}s" * word),
        amounts=tuple(amounts),
        fields=tuple(fields),
        checks=tuple(checks),
        text=text,
        again=partial(compile_event, signature, kind, columns, protocols),
    )


def _check_names(signature: Signature, kind: Kind, columns: Mapping[str, Source]) -> None:
    names = [parameter.name for parameter in signature.parameters]
    if missing := REQUIRED[kind] - columns.keys():
        raise MappingError("columns", f"{kind!s} needs {_list(missing)} as well")
    if kind is Kind.TRADE and columns.keys().isdisjoint(_WHOSE):
        raise MappingError("columns", f"{kind!s} needs {' or '.join(sorted(_WHOSE))} as well: whose position it is")
    for column, source in columns.items():
        if column not in REQUIRED[kind] | OPTIONAL[kind]:
            raise MappingError(f"columns.{column}", f"{kind!s} has no such column; it has {_list(REQUIRED[kind] | OPTIONAL[kind])}")
        if source.parameter not in names:
            raise MappingError(f"columns.{column}", f"the event has no parameter {source.parameter!r}; it has {_list(names)}")
    used = [source.parameter for source in columns.values()]
    if twice := {name for name in used if used.count(name) > 1}:
        raise MappingError("columns", f"{_list(twice)} fills two columns; one parameter fills one column")


def _with_implied(kind: Kind, columns: Mapping[str, Source]) -> Mapping[str, Source]:
    implied, origin = _IMPLIED.get(kind, ("", ""))
    return {**columns, implied: columns[origin]} if origin in columns and implied not in columns else columns


def _reader(kind: Kind, column: str, source: Source, parameter: Parameter) -> Reader | Amount:
    if wanted := _NO_AMOUNT.get(column, ""):
        if source.scale is not None:
            raise MappingError(f"columns.{column}", f"scale belongs to amounts; write {column} = {parameter.name!r}")
        reader: Reader | Amount | None = _plain_reader(column, parameter)
    else:
        wanted = "a uint or int"
        scale = DIGITS if source.scale is None else source.scale
        negative = column in _ALWAYS_SIGNED or (column == "size" and kind in _SIGNED_SIZE)
        reader = _amount_reader(parameter, scale, negative=negative)
    if reader is None:
        raise MappingError(f"columns.{column}", f"{parameter.name} is {parameter.type}; {column} needs {wanted}")
    return reader


def _plain_reader(column: str, parameter: Parameter) -> Reader | None:
    if column in _ADDRESSES and parameter.type == "address":
        return words.address
    if column in _FLAGS and parameter.type == "bool":
        return words.boolean
    if column == "factory_market_id" and parameter.type in ("bytes32", "uint256"):
        return words.hexadecimal
    if column == "position_id" and (parameter.base == "uint" or parameter.type in ("bytes32", "address")):
        return words.whole(parameter.bits or _ADDRESS_BITS)
    if column == "market_type" and parameter.type == "uint8":
        return words.whole(parameter.bits)
    return None


def _amount_reader(parameter: Parameter, scale: int, *, negative: bool) -> Reader | Amount | None:
    if parameter.base == "uint":
        return words.unsigned(parameter.bits, scale)
    if parameter.base == "int":
        return words.signed(parameter.bits, scale, negative=negative)
    return None


def _checker(parameter: Parameter) -> Reader | None:
    """What tells nonsense in a word that fills no column: types with values that no contract can emit."""
    if parameter.dynamic:
        return None
    if parameter.base == "address":
        return words.address
    if parameter.base == "bool":
        return words.boolean
    if parameter.bits in (0, 256):
        return None
    return {"uint": words.whole, "int": words.whole_signed, "bytes": words.left_aligned}[parameter.base](parameter.bits)


def _text(signature: Signature, parameter: Parameter) -> Text:
    if parameter.type != "string" or parameter.indexed:
        raise MappingError("columns.symbol", f"{parameter.name} is {parameter.type}; symbol needs a string that is not indexed")
    plain = signature.plain
    types = tuple("bytes" if other.name == parameter.name else other.type for other in plain)
    return Text(Columns._fields.index("symbol"), plain.index(parameter), types)


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))

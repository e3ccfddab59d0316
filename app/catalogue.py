"""Catalogue files: TOML or JSON that says what people want to know of markets, checked whole before anything is stored."""

import json
import tomllib
import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, NoReturn, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from app.domain.errors import DatafeedError
from app.ops.legible import legible
from app.ops.spelling import Address
from app.store.catalogue import MOST_ENTRIES

MOST_BYTES = 10_000_000
"""Of a file."""

MOST_TOLD = 100
"""Mistakes that are told one by one; further ones are counted."""

_LABEL_LENGTH = 42


class CatalogueError(DatafeedError):
    """The catalogue has mistakes."""

    help = "Nothing was imported. `markets import` in docs/commands.md shows how a catalogue is written."
    exit_code = 2

    def __init__(self, path: Path, mistakes: Sequence[str]) -> None:
        """*mistakes*: a line each."""
        lines = [f"{path}: {mistake}" for mistake in mistakes[:MOST_TOLD]]
        if len(mistakes) > MOST_TOLD:
            lines.append(f"{path}: and {len(mistakes) - MOST_TOLD} more mistakes")
        self.lines = tuple(lines)
        super().__init__("\n".join(lines))

    @property
    def advice(self) -> str:
        """The mistakes, one a line, and what follows."""
        return f"{self}\n{self.help}"


def _shown(text: str) -> str:
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise ValueError("must hold no control characters")
    return text


def _url(text: str) -> str:
    if not text:
        return text
    try:
        parts = urlsplit(text)
        well_formed = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        well_formed = False
    if not well_formed or any(not character.isprintable() or character in " \"'<>\\^`{|}" for character in text):
        raise ValueError("must be a URL with a host that begins with http:// or https://, without spaces or quotes")
    return text


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("must be a number")
    return value


_Word = Annotated[str, Field(max_length=50), AfterValidator(_shown)]
_Name = Annotated[str, Field(max_length=200), AfterValidator(_shown)]
_Prose = Annotated[str, Field(max_length=2_000), AfterValidator(_shown)]
_Url = Annotated[str, Field(max_length=2_000), AfterValidator(_url)]
_Amount = Annotated[Decimal, BeforeValidator(_number), Field(ge=0, max_digits=38, decimal_places=18)]


class CatalogueMarket(BaseModel):
    """One `[[market]]` of a file: the market by `contract` or by `ticker`, and what is said of it."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, hide_input_in_errors=True)

    contract: Address | None = None
    chain_id: Annotated[int, Field(strict=True, ge=1, lt=2**64)] | None = None
    ticker: Annotated[str, Field(min_length=1, max_length=32)] | None = None
    name: _Name = ""
    description: _Prose = ""
    category: _Word = ""
    base_asset: _Word = ""
    quote_asset: _Word = ""
    icon_url: _Url = ""
    banner_url: _Url = ""
    website_url: _Url = ""
    min_trade_size: _Amount | None = None
    max_leverage: _Amount | None = None
    fee_rate: _Amount | None = None
    funding_interval: Annotated[int, Field(strict=True, ge=0, lt=2**32)] = 0

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        if (self.contract is None) == (self.ticker is None):
            raise ValueError("names its market by contract or by ticker: one of them")
        return self


def read_catalogue(path: Path) -> list[CatalogueMarket]:
    """The markets of the file *path*, in its order. CatalogueError with a line for each mistake; it is all or nothing."""
    found = _document(path)
    if set(found) != {"market"} or not isinstance(found["market"], list) or not found["market"]:
        raise CatalogueError(path, ["must hold a list `market` with an entry for each market, and nothing else"])
    if len(found["market"]) > MOST_ENTRIES:
        raise CatalogueError(path, [f"has {len(found['market']):,} markets: at most {MOST_ENTRIES:,} go at once"])
    markets, mistakes = [], []
    for place, entry in enumerate(found["market"], 1):
        try:
            markets.append(CatalogueMarket.model_validate(entry))
        except ValidationError as error:
            mistakes += [f"{label(place, entry)}: {line}" for line in _lines(error)]
    if mistakes:
        raise CatalogueError(path, mistakes)
    return markets


def label(place: int, entry: object) -> str:
    """How a mistake names entry number *place* (from 1): with the contract or ticker that it has."""
    named = entry if isinstance(entry, dict) else dict(entry) if isinstance(entry, BaseModel) else {}
    name = named.get("contract") or named.get("ticker")
    return f"market {place} ({legible(name[:_LABEL_LENGTH])})" if name and isinstance(name, str) else f"market {place}"


def _document(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise CatalogueError(path, [f"cannot be read: {error.strerror or error}"]) from error
    if len(content) > MOST_BYTES:
        raise CatalogueError(path, [f"is too large: at most {MOST_BYTES:,} bytes are read"])
    try:
        text = content.decode("utf-8-sig")  # editors on Windows begin a file with a mark
        if path.suffix.lower() == ".toml":
            return tomllib.loads(text, parse_float=Decimal)
        if path.suffix.lower() == ".json":
            found = json.loads(text, parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_keys_once)
            return found if isinstance(found, dict) else {}
    except UnicodeDecodeError as error:
        raise CatalogueError(path, [f"byte {error.start + 1} is not UTF-8"]) from None
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise CatalogueError(path, [f"cannot be read: {legible(str(error))}"]) from None
    raise CatalogueError(path, ["must be named .toml or .json"])


def _keys_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key[:_LABEL_LENGTH]} stands twice in the same object")
        found[key] = value
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _lines(error: ValidationError) -> Iterable[str]:
    for found in error.errors(include_url=False, include_input=False):
        reason = found["msg"].removeprefix("Value error, ").replace("Input should be", "must be", 1).replace("String should", "must", 1)
        if found["type"] == "extra_forbidden":
            reason = f"is no key of a market: those are {', '.join(CatalogueMarket.model_fields)}"
        key = ".".join(legible(str(part)) for part in found["loc"][:1])
        yield f"{key}: {reason}" if key else reason

"""How the values of settings are written: lists, addresses, URLs, names. Errors never repeat a value: it may be a secret."""

import ipaddress
import re
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

T = TypeVar("T")

_SUBDOMAINS = re.compile(r"https?://\*\.[^*]+$")


def written(value: object) -> str:
    """*value* as it is written in the environment; empty for None, for nothing, and for any secret."""
    if isinstance(value, tuple):
        return ",".join(written(item) for item in value)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None or isinstance(value, SecretStr) else str(value)


def _split(value: Any) -> Any:
    return tuple(part for item in value.split(",") if (part := item.strip())) if isinstance(value, str) else value


def _rpc_url(value: SecretStr) -> SecretStr:
    _checked_url(value.get_secret_value(), ("http", "https", "ws", "wss"))
    return value


def _redis_url(value: SecretStr) -> SecretStr:
    if value:
        _checked_url(value.get_secret_value(), ("redis", "rediss"))
    return value


def _web_url(value: str) -> str:
    if value:
        _checked_url(value, ("http", "https"))
    return value


def _secret_web_url(value: SecretStr) -> SecretStr:
    _web_url(value.get_secret_value())
    return value


def _origin(value: str) -> str:
    if value != "*":
        if "*" in value and not _SUBDOMAINS.match(value):
            raise ValueError("must have its * as the whole first part of the host")
        _checked_url(value.replace("*.", "", 1), ("http", "https"))
        if value.count("/") > 2:
            raise ValueError("must end after the host and port, without a slash: an origin has no path")
        if "@" in value or "?" in value or "#" in value:
            raise ValueError("must be a scheme, a host and a port, and nothing else")
    return value.lower()  # as browsers write it


def _network(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value))
    except ValueError:
        raise ValueError("must be an IP address, or a network whose address ends in zeros") from None


def _digest(value: str) -> str:
    if not re.fullmatch("[0-9a-fA-F]{64}", value):
        raise ValueError("must be a SHA-256 digest: 64 hexadecimal digits")
    return value.lower()


def _address(value: str) -> str:
    if not re.fullmatch("0x[0-9a-fA-F]{40}", value):
        raise ValueError("must be a contract's address: 0x and 40 hexadecimal digits")
    return value.lower()


def _name(value: str) -> str:
    if not re.fullmatch("[A-Za-z0-9_]*", value):
        raise ValueError("must be a name of letters, digits and underscores")
    return value


def _level(value: Any) -> Any:
    lower = str(value).lower()
    return "warn" if lower == "warning" else lower


def _checked_url(value: str, schemes: tuple[str, ...]) -> None:
    try:
        parts = urlsplit(value)
        well_formed = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        well_formed = False
    if not well_formed:
        *most, last = (f"{scheme}://" for scheme in schemes)
        raise ValueError(f"must be a URL with a host that begins with {', '.join(most)} or {last}")


CommaList = Annotated[tuple[T, ...], NoDecode, BeforeValidator(_split), Field(max_length=64)]
"""Several values, separated by commas."""

RpcUrl = Annotated[SecretStr, AfterValidator(_rpc_url)]
RedisUrl = Annotated[SecretStr, AfterValidator(_redis_url)]
WebUrl = Annotated[str, AfterValidator(_web_url)]
SecretWebUrl = Annotated[SecretStr, AfterValidator(_secret_web_url)]
Origin = Annotated[str, AfterValidator(_origin)]
Network = Annotated[str, AfterValidator(_network)]
Digest = Annotated[str, AfterValidator(_digest)]
Address = Annotated[str, AfterValidator(_address)]
Name = Annotated[str, AfterValidator(_name)]
Level = Annotated[Literal["debug", "info", "warn", "error"], BeforeValidator(_level)]
Milliseconds = Annotated[int, Field(ge=1, le=3_600_000)]
Seconds = Annotated[int, Field(ge=0, le=31_536_000)]

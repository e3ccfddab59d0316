"""Where a ClickHouse server is, from the many ways of writing it down."""

from typing import NamedTuple
from urllib.parse import urlsplit

HTTP_PORT = 8123
HTTPS_PORT = 8443
CLOUD = ".clickhouse.cloud"

_NATIVE_PORTS = {9000: HTTP_PORT, 9440: HTTPS_PORT}


class Endpoint(NamedTuple):
    """A ClickHouse server's HTTP interface."""

    host: str
    port: int
    secure: bool


def endpoint(host: str, secure: bool | None = None) -> Endpoint:
    """The server that *host* means: a name, `name:port`, or an `http(s)://` URL.

    *secure* None takes TLS from the scheme, else from the port or ClickHouse Cloud's domain. ValueError says what is wrong with it,
    without repeating it.
    """
    scheme, separator, _ = host.partition("://")
    if separator and scheme not in ("http", "https"):
        raise ValueError("must be a host name or an http:// or https:// URL: ClickHouse is reached over its HTTP interface")
    parts = urlsplit(host if separator else f"//{host}")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold the user or the password: they go into CLICKHOUSE_USER and CLICKHOUSE_PASSWORD")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("must end after the port: the database goes into CLICKHOUSE_DATABASE")
    port = _port(parts.netloc)
    if not parts.hostname or " " in parts.hostname:
        raise ValueError("names no host")
    if port in _NATIVE_PORTS:
        raise ValueError(f"has {port}, the port of the native protocol: the HTTP interface is usually at {_NATIVE_PORTS[port]}")
    if separator and secure is not None and secure != (scheme == "https"):
        raise ValueError(f"begins with {scheme}://, and CLICKHOUSE_SECURE says the opposite: leave CLICKHOUSE_SECURE out")
    if secure is None:
        secure = scheme == "https" if separator else port == HTTPS_PORT or parts.hostname.endswith(CLOUD)
    # A URL's own default port is never where ClickHouse listens: what is missing is ClickHouse's.
    return Endpoint(parts.hostname, port or (HTTPS_PORT if secure else HTTP_PORT), secure)


def _port(netloc: str) -> int | None:
    try:
        return urlsplit(f"//{netloc}").port
    except ValueError:
        raise ValueError("has a port that is no number from 1 to 65535") from None

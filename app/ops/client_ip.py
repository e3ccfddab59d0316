"""Whose request it is: the address of the client, past those proxies that are trusted to tell it."""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from itertools import islice
from typing import Final

from starlette.types import Scope

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MOST_HOPS: Final = 32
"""Addresses of X-Forwarded-For that are looked at, from the right."""

LONGEST_ADDRESS: Final = 64
"""Characters: more is no address."""

REMEMBERED: Final = 8_192
"""Addresses whose client is known without parsing them again."""

IPV6_NETWORK: Final = 64
"""Bits: what one customer of an IPv6 provider has for themselves, at least."""


class ClientIp:
    """Tells clients apart; *trusted* are the networks of proxies whose X-Forwarded-For is believed."""

    def __init__(self, trusted: Iterable[str]) -> None:
        self._trusted = tuple(ipaddress.ip_network(network) for network in trusted)

    def of(self, scope: Scope) -> str:
        """An IPv4 address, or the /64 network of an IPv6 address: the first, seen from here, that is no trusted proxy's.

        A client can write what it likes into X-Forwarded-For, but only to the left of what the proxies add. An entry that is no
        address ends the search: then it is the proxy that passed it on.
        """
        peer = scope.get("client")
        host = peer[0] if peer else ""
        if self._trusted:
            nearest = parsed(host)
            if nearest is not None and self._trusts(nearest):
                return _named(self._forwarded(scope, nearest))
        return client(host)

    def _forwarded(self, scope: Scope, nearest: Address) -> Address:
        lists = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
        entries = (entry for line in reversed(lists) for entry in line.rsplit(",", MOST_HOPS)[::-1])
        for entry in islice(entries, MOST_HOPS):
            hop = parsed(entry)
            if hop is None:
                break
            nearest = hop
            if not self._trusts(hop):
                break
        return nearest

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)


@lru_cache(REMEMBERED)
def client(host: str) -> str:
    """What the client at *host*, the peer, is called; `unknown` where that is no address (a Unix socket, say)."""
    address = parsed(host)
    return "unknown" if address is None else _named(address)


def parsed(text: str) -> Address | None:
    """The address in *text*, which may have a port, brackets or a zone; an IPv4 address inside an IPv6 one is that. None: it has none."""
    return _parsed(text.strip()) if len(text) <= LONGEST_ADDRESS else None


@lru_cache(REMEMBERED)
def _parsed(text: str) -> Address | None:
    if text.startswith("["):
        inside, bracket, port = text[1:].partition("]")
        if not bracket or not _is_port(port):
            return None
        text = inside
    elif text.count(":") == 1:
        text, _, port = text.partition(":")
        if not _is_port(f":{port}"):
            return None
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address


def _is_port(text: str) -> bool:
    return not text or (text[0] == ":" and text[1:].isascii() and text[1:].isdigit() and len(text) < 7)


def _named(address: Address) -> str:
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.IPv6Network((address, IPV6_NETWORK), strict=False))

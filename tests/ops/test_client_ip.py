"""Who a client is: no header is believed but what trusted proxies wrote, and nothing in one does harm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ops.client_ip import MOST_HOPS, ClientIp, parsed

PROXIES = ("10.0.0.0/8", "192.0.2.1", "fd00::/8")


def scope(peer: str | None, *forwarded: str) -> dict[str, object]:
    headers = [(b"host", b"x"), *((b"x-forwarded-for", line.encode("latin-1")) for line in forwarded)]
    return {"type": "http", "client": (peer, 4711) if peer is not None else None, "headers": headers}


@pytest.mark.parametrize("peer", ["203.0.113.7", "10.0.0.1"])
def test_without_trusted_proxies_the_header_means_nothing(peer: str) -> None:
    assert ClientIp(()).of(scope(peer, "198.51.100.1")) == peer


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        (("198.51.100.1",), "198.51.100.1"),
        (("1.1.1.1, 198.51.100.1",), "198.51.100.1"),  # the left one is the client's own invention
        (("1.1.1.1", "198.51.100.1"), "198.51.100.1"),  # two headers are one list
        (("198.51.100.1, 10.9.9.9, 192.0.2.1",), "198.51.100.1"),
        (("10.9.9.9, 198.51.100.1, 10.0.0.3",), "198.51.100.1"),  # a client that calls itself a proxy
        (("10.1.1.1, 10.2.2.2",), "10.1.1.1"),  # nobody but proxies: the farthest
        ((), "10.0.0.2"),
        (("",), "10.0.0.2"),
        (("garbage",), "10.0.0.2"),
        (("198.51.100.1, garbage",), "10.0.0.2"),  # what is beyond an unknown hop is not known either
        (("198.51.100.1, garbage, 10.0.0.3",), "10.0.0.3"),
        (("198.51.100.1:5555",), "198.51.100.1"),
        (("2001:db8:1:2:3:4:5:6",), "2001:db8:1:2::/64"),
        (("[2001:db8:1:2::9]:443",), "2001:db8:1:2::/64"),
        (("[2001:db8:1:2::9]",), "2001:db8:1:2::/64"),
        (("::ffff:198.51.100.1",), "198.51.100.1"),
        (("198.51.100.1, fd00::1",), "198.51.100.1"),
        (("198.51.100.1, ::ffff:10.0.0.9",), "198.51.100.1"),
        (("fe80::1%eth0",), "fe80::/64"),
    ],
)
def test_it_is_the_rightmost_address_that_is_no_trusted_proxys(forwarded: tuple[str, ...], expected: str) -> None:
    assert ClientIp(PROXIES).of(scope("10.0.0.2", *forwarded)) == expected


@pytest.mark.parametrize("peer", ["203.0.113.7", "10.0.0.256", "testclient", "11.0.0.1"])
def test_a_peer_that_is_no_trusted_proxy_tells_nothing_of_others(peer: str) -> None:
    told = ClientIp(PROXIES).of(scope(peer, "198.51.100.1"))
    assert told == (peer if parsed(peer) else "unknown")


def test_a_proxy_may_be_known_by_its_mapped_address() -> None:
    assert ClientIp(PROXIES).of(scope("::ffff:10.0.0.2", "198.51.100.1")) == "198.51.100.1"


@pytest.mark.parametrize("peer", [None, "", "testclient", "/run/datafeed.sock"])
def test_who_has_no_address_is_unknown(peer: str | None) -> None:
    assert ClientIp(PROXIES).of(scope(peer, "198.51.100.1")) == "unknown"


def test_neighbours_in_one_ipv6_network_are_one_client() -> None:
    clients = ClientIp(())
    assert clients.of(scope("2001:db8::1")) == clients.of(scope("2001:db8::ffff:1")) != clients.of(scope("2001:db8:0:1::1"))


def test_no_more_than_so_many_hops_are_looked_at() -> None:
    line = ", ".join(["198.51.100.1", *["10.0.0.3"] * MOST_HOPS])
    assert ClientIp(PROXIES).of(scope("10.0.0.2", line)) == "10.0.0.3"


@pytest.mark.parametrize(
    "text", ["1.2.3", "1.2.3.4.5", "1.2.3.4:port", "[::1", "[::1]x", "::1]", "1.2.3.4\n5", "unix:", "٣.1.1.1", "1" * 100, "_hidden"]
)
def test_what_is_no_address_is_none(text: str) -> None:
    assert parsed(text) is None


@given(st.text(alphabet=st.characters(max_codepoint=255)))
def test_nothing_in_the_header_fails(text: str) -> None:
    assert ClientIp(PROXIES).of(scope("10.0.0.2", text))

"""Sockets that hold little, so that who does not read is found out soon, and whether a server has cut one."""

import asyncio
import socket
from typing import Any, Final

import pytest

LEAST: Final = 4_096
"""Bytes that the system is asked to hold; it holds a little more."""


def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have servers that are started from here on send through sockets that hold little."""
    create = socket.create_server

    def creating(*arguments: Any, **named: Any) -> socket.socket:
        made = create(*arguments, **named)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LEAST)  # what it accepts inherits it
        return made

    monkeypatch.setattr(socket, "create_server", creating)


def connected(url: str) -> socket.socket:
    """A connection to a server on this machine by which little is received at a time."""
    host, _, port = url.removeprefix("http://").partition(":")
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LEAST)
    made.connect((host, int(port)))
    return made


async def upgraded(url: str, path: str) -> socket.socket:
    """A WebSocket of which nobody reads anything but that it is one."""
    made = connected(url)
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13"
    made.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{key}\r\n\r\n".encode())
    made.setblocking(False)
    assert await asyncio.get_running_loop().sock_recv(made, 12) == b"HTTP/1.1 101"
    return made


def is_cut(client: socket.socket) -> bool:
    """Whether the other end has hung up without waiting until everything is taken, so that nothing of it is kept there."""
    try:
        client.getpeername()
    except OSError:
        return True
    return False

"""How the service ends when it is told to: what is under way is finished, clients are told, and whoever insists gets it at once."""

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.test_cli import Command, address

PATIENCE: Final = 60.0
"""Seconds that anything may take; only a hang takes that long."""

FORM: Final = b"name=Mine&symbol=GOLD&resolution=60&content=all+of+it"
STORAGE: Final = "/api/tradingview/storage/1.1/charts?client=site&user=ann"


@contextmanager
def serving(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`datafeed serve` on a store of its own, with its log in JSON, and where it is."""
    with Command(folder, PORT="0", LOG_FORMAT="json").start("-m", "app", "serve") as process:
        try:
            yield process, address(process)
        finally:
            process.kill()


@contextmanager
def uploading(url: str) -> Iterator[socket.socket]:
    """A save whose last byte is still to be sent; the service is reading it."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 80), PATIENCE) as client:
        head = f"POST {STORAGE} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(FORM)}\r\n"
        client.sendall(head.encode() + b"Expect: 100-continue\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 100")
        client.sendall(FORM[:-1])
        yield client


def lines(process: subprocess.Popen[str], until: str = "") -> list[str]:
    """What the log says, up to the line that has *until* in it, else to its end."""
    assert process.stderr
    found: list[str] = []
    for line in process.stderr:
        told: dict[str, Any] = json.loads(line)
        assert told.keys() >= {"time", "level", "logger", "message"}
        found.append(told["message"])
        if until and until in told["message"]:
            break
    return found


def test_sigterm_lets_requests_end_and_tells_websockets(tmp_path: Path) -> None:
    with serving(tmp_path) as (process, url), connect(url.replace("http", "ws") + "/ws", proxy=None) as listening:
        with uploading(url) as client:
            process.send_signal(signal.SIGTERM)
            with pytest.raises(ConnectionClosed) as closed:
                listening.recv(PATIENCE)
            assert (closed.value.rcvd and closed.value.rcvd.code) == 1001
            client.sendall(FORM[-1:])
            answer = client.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.1 200")
        assert b'"status":"ok"' in answer
        assert process.wait(PATIENCE) == 0
        said = lines(process)
    assert [said[0].split(";")[0], said[1], *said[-2:]] == [
        f"vamm-datafeed {version('vamm-datafeed')} starts: serve",
        f"listening at {url}",
        "SIGTERM: stopping; once more ends this at once",
        "stopped",
    ]
    with serving(tmp_path) as (process, url):  # what was answered is stored, and what ended left nothing half done
        assert len(httpx2.get(url + STORAGE).json()["data"]) == 1
        with uploading(url):
            process.send_signal(signal.SIGTERM)
            lines(process, "SIGTERM: stopping")
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) == -signal.SIGINT

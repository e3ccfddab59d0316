"""Uploads that hardly move, over real sockets to the real server: whoever sends them, others list, load, delete and save."""

import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from httpx2 import Client

from app.main import create_app
from app.settings import Settings
from app.store.client import Database
from tests.e2e.service import api
from tests.feed.saving import BASE, User, check_refused, data

PLACES = 8
SHARE = 2
PATIENCE = 60
"""Seconds after which a test is stuck."""

SETTINGS = Settings(host="127.0.0.1", port=0, charts_max_concurrent=PLACES, trusted_proxies=("127.0.0.1",))
FORM = b"name=slow&content=" + b"x" * 100


@pytest.fixture
def served(database: Database) -> Iterator[Client]:
    with api(create_app(SETTINGS, database), SETTINGS) as client:
        client.timeout = PATIENCE
        yield client


def user_at(client: Client, address: str, name: str) -> User:
    client.headers["X-Forwarded-For"] = address
    return User(client, name)


@contextmanager
def dribbling(client: Client, address: str, count: int) -> Iterator[list[socket.socket]]:
    """So many uploads from *address*, of which all but the last byte has been sent."""
    url = client.base_url
    head = (
        f"POST {BASE}/charts?client=site&user=slow HTTP/1.1\r\nHost: {url.host}\r\nX-Forwarded-For: {address}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(FORM)}\r\nConnection: close\r\n\r\n"
    )
    with ExitStack() as opened:
        sockets = [opened.enter_context(socket.create_connection((url.host, url.port or 80), PATIENCE)) for _ in range(count)]
        for each in sockets:
            each.sendall(head.encode() + FORM[:-1])
        yield sockets


def answered(sockets: list[socket.socket], count: int) -> dict[socket.socket, bytes]:
    """The whole answers of the first *count* of *sockets* to get one."""
    answers: dict[socket.socket, bytes] = {}
    while len(answers) < count:
        ready, _, _ = select.select([each for each in sockets if each not in answers], [], [], PATIENCE)
        assert ready, f"{len(answers)} of {count} were answered"
        answers |= {each: whole(each) for each in ready}
    return answers


def whole(answering: socket.socket) -> bytes:
    """What comes until the server closes the connection."""
    with answering.makefile("rb") as file:
        return file.read()


def test_one_address_cannot_hold_the_places_of_others(served: Client) -> None:
    with dribbling(served, "203.0.113.1", PLACES) as sockets:
        refused = answered(sockets, PLACES - SHARE)
        assert len(refused) == PLACES - SHARE
        for answer in refused.values():
            head, _, body = answer.lower().partition(b"\r\n\r\n")
            assert head.startswith(b"http/1.1 503")
            assert b"\r\nretry-after: " in head
            assert b'"status":"error"' in body
        other = user_at(served, "203.0.113.2", "ann")
        number = other.save("mine")
        assert other.content(number) == "mine"
        assert len(data(other.get("charts"))) == 1
        assert other.delete("charts", chart=number).status_code == 200
        again = user_at(served, "203.0.113.1", "slow").post("charts", {"name": "n", "content": "c"})
        check_refused(again, 503, "address")
        assert int(again.headers["retry-after"]) > 0
        slow = [each for each in sockets if each not in refused]
        for each in slow:
            each.sendall(FORM[-1:])
        assert all(answer.startswith(b"HTTP/1.1 200") for answer in answered(slow, SHARE).values())
    assert [entry["name"] for entry in data(user_at(served, "203.0.113.1", "slow").get("charts"))] == ["slow"] * SHARE


def test_where_every_upload_is_slow_all_else_goes_through(served: Client) -> None:
    ann = user_at(served, "203.0.113.9", "ann")
    number = ann.save("mine")
    with ExitStack() as opened:
        for client in range(PLACES // SHARE):
            sockets = opened.enter_context(dribbling(served, f"203.0.113.{client}", SHARE + 1))
            assert len(answered(sockets, 1)) == 1  # the others have their places
        assert ann.content(number) == "mine"
        assert len(data(ann.get("charts"))) == 1
        assert ann.delete("charts", chart=number).status_code == 200
    assert ann.save("when they have gone")

"""Failures that no request can bring about at will."""

import asyncio
import logging
from collections.abc import Iterator

import orjson
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from app.feed.failures import ENVELOPE, PLAIN, UDF, Failures, Form
from app.store.exports import TooManyExports
from app.store.limits import QueryTooLarge, QueryTooSlow
from app.store.reader import MarketBusy, TooManyQueries


async def broken(_: Request) -> Response:
    raise ZeroDivisionError("the password is swordfish")


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(Starlette(routes=[Route("/broken", broken)], middleware=[Middleware(Failures, form=UDF)])) as client:
        yield client


def test_the_unexpected_is_logged_under_the_id_that_is_answered(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    response = client.get("/broken")
    assert response.status_code == 500
    assert response.json()["s"] == "error"
    message = response.json()["errmsg"]
    assert "swordfish" not in message
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.getMessage().split()[-1] == message.split()[-1]
    assert record.exc_info


@pytest.mark.parametrize("form", [PLAIN, UDF, ENVELOPE])
@pytest.mark.parametrize(
    "error", [HTTPException(404), HTTPException(405), HTTPException(429, "wait"), QueryTooLarge(), ZeroDivisionError()]
)
def test_each_surface_says_it_in_its_own_form(form: Form, error: Exception) -> None:
    response = form(error)
    told = orjson.loads(response.body)
    (text,) = [value for value in told.values() if value not in (False, "error")]
    assert text
    assert told == form.body(text)
    assert response.status_code >= 400


@pytest.mark.parametrize("error", [MarketBusy(), TooManyExports(), TooManyQueries(), QueryTooSlow()])
def test_what_passes_says_when_to_come_back(error: Exception) -> None:
    response = UDF(error)
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) > 0
    assert orjson.loads(response.body)["s"] == "error"


def test_an_answer_that_has_begun_is_not_followed_by_another() -> None:
    async def broken_off(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ZeroDivisionError

    client = TestClient(Failures(broken_off, UDF))
    with pytest.raises(ZeroDivisionError):
        client.get("/")


def test_who_has_hung_up_is_told_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def left(scope: Scope, receive: Receive, send: Send) -> None:
        raise ClientDisconnect

    async def never(_: object) -> None:
        raise AssertionError("there is nobody to send to")

    async def nothing() -> Message:
        return {"type": "http.disconnect"}

    asyncio.run(Failures(left, UDF)({"type": "http"}, nothing, never))
    assert caplog.records == []

"""Failures that no request can bring about at will."""

import logging
from collections.abc import Iterator

import orjson
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from app.feed.failures import UdfFailures, failure
from app.store.reader import MarketBusy, TooManyQueries


async def broken(_: Request) -> Response:
    raise ZeroDivisionError("the password is swordfish")


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(Starlette(routes=[Route("/broken", broken)], middleware=[Middleware(UdfFailures)])) as client:
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


@pytest.mark.parametrize("error", [MarketBusy(), TooManyQueries()])
def test_what_passes_says_when_to_come_back(error: Exception) -> None:
    response = failure(error)
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) > 0
    assert orjson.loads(response.body)["s"] == "error"

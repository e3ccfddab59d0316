"""Cursors that nobody was given: places made up in the form of real ones, and anything else."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tests.depth import examples
from tests.fuzz.answers import check_answer
from tests.fuzz.conftest import TICKERS
from tests.fuzz.routes import Asked, Value, asked

figures = st.none() | st.floats() | st.integers() | st.sampled_from((10**400, -(2**63), 2**64, "1", [], True))
tickers = st.sampled_from((*TICKERS, "", "\0", "'", "{ticker:String}", "\ud800")) | st.text(max_size=20) | st.none()
ids = st.integers(-1, 2**64) | st.sampled_from((None, "1", 1.5, True, 10**30))
sorts = st.sampled_from(("volume", "-volume", "change", "-change", "price", "-price", "symbol"))
places = st.tuples(sorts | st.none(), figures, tickers, ids).map(list) | st.recursive(figures | tickers, st.lists, max_leaves=9)


def encoded(place: Any) -> str:
    """As an answer writes it."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def routes(client: TestClient) -> list[Asked]:
    """All that read on from a cursor or a place."""
    return [route for route in asked(client) if {"cursor", "before"} & set(route.parameters)]


@settings(max_examples=examples(200))
@given(data=st.data(), cursor=places.map(encoded) | st.text(max_size=300) | st.binary(max_size=80) | st.integers().map(str))
def test_any_cursor_gets_an_answer(client: TestClient, routes: list[Asked], data: st.DataObject, cursor: Value) -> None:
    route = data.draw(st.sampled_from(routes))
    changes = {"cursor": cursor, "before": cursor, "sort": data.draw(sorts)}
    response = route.request(client, {name: value for name, value in changes.items() if name in route.parameters})
    check_answer(response, route.path)
    assert response.status_code in (200, 400)


def test_a_real_cursor_is_taken(client: TestClient) -> None:
    for sort in ("volume", "-volume", "change", "-change", "price", "-price", "symbol"):
        found: list[str] = []
        following: str | None = ""
        while following is not None:
            page = client.get("/api/lightweight/markets", params={"sort": sort, "limit": 1, "cursor": following}).json()
            found += [market["symbol"] for market in page["data"]]
            following = page["meta"]["next"]
        assert sorted(found) == sorted(TICKERS), sort

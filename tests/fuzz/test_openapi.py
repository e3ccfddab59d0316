"""Requests that nobody thought of, made from `/openapi.json` itself: each answer is one that the document describes."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode
from schemathesis.python.asgi import shutdown_lifespans
from starlette.applications import Starlette

from app.feed import surfaces
from app.feed.fields import moment
from app.settings import Settings
from tests.depth import examples
from tests.fuzz.conftest import TICKERS

MOST: Final = Settings().http_max_limit
EXAMPLES: Final = 40
"""Of each endpoint, besides those that the document's limits suggest."""


def without_tuples(schema: Any) -> Any:
    """*schema* with arrays that have a schema for each place as arrays of any of these: Schemathesis cannot check the former."""
    if isinstance(schema, list):
        return [without_tuples(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: without_tuples(each) for name, each in schema.items() if name != "prefixItems"}
    return plain | {"items": {"anyOf": schema["prefixItems"]}} if "prefixItems" in schema else plain


described = schemathesis.openapi.from_dict(without_tuples(surfaces.document(Settings())))


@pytest.fixture(scope="module")
def app(service: Starlette) -> Iterator[Starlette]:
    """The service, running until the tests of this module have ended."""
    yield service
    shutdown_lifespans()


@described.given(ticker=st.sampled_from((None, *TICKERS)))
@described.parametrize()
@settings(max_examples=examples(EXAMPLES), deadline=None)
def test_every_answer_is_described(case: schemathesis.Case[Any], ticker: str | None, app: Starlette) -> None:
    if case.meta and case.meta.generation.mode is GenerationMode.POSITIVE:
        make_likely(case, ticker)
    answer = case.call_and_validate(app=app)  # raises where the document does not describe it
    assert answer.status_code < 500


def make_likely(case: schemathesis.Case[Any], ticker: str | None) -> None:
    """Ask for a market that there is, a span that begins before it ends, and no more than its form holds: what a schema cannot say."""
    for given in (case.query, case.path_parameters):
        if ticker and "symbol" in given:
            given["symbol"] = ticker
    query = case.query
    query.pop("cursor", None)  # it is only ever what an answer gave
    if query.get("limit") and query.get("format", "") in ("", "json"):
        query["limit"] = min(int(query["limit"]), MOST)
    if query.get("from", "") != "" and query.get("to", "") != "" and moment(query["from"]) > moment(query["to"]):
        query["from"], query["to"] = query["to"], query["from"]

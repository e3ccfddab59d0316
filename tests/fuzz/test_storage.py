"""Saved charts sent in every shape that a body can have: each is saved as it is, or refused in the storage's own words."""

from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tests.depth import examples
from tests.feed.saving import BASE
from tests.fuzz.answers import check_answer
from tests.fuzz.routes import USUAL, Asked, asked, query

BOUNDARY: Final = "----WebKitFormBoundaryx"
KINDS: Final = (
    f"multipart/form-data; boundary={BOUNDARY}", "multipart/form-data", "multipart/form-data; boundary=",
    'multipart/form-data; boundary="a', "multipart/form-data; boundary=é", "multipart/mixed; boundary=a",
    "application/x-www-form-urlencoded", "application/json", "", ";", "/", "application/x-www-form-urlencoded; charset=utf-16",
    "MULTIPART/FORM-DATA; BOUNDARY=a", "multipart/form-data; boundary=" + "a" * 300,
)  # fmt: skip

names = st.sampled_from(("name", "content", "symbol", "resolution", "tool")) | st.text(max_size=5)
values = st.one_of(st.text(max_size=300), st.binary(max_size=60), st.sampled_from(("", "1", "{}", "\0", "é" * 200, f"--{BOUNDARY}--\r\n")))
pieces = st.one_of(
    st.sampled_from(
        (f"--{BOUNDARY}\r\n", f"--{BOUNDARY}--\r\n", f"--{BOUNDARY}--", "\r\n\r\n", "\r\n", "\n", "--", "&", "=", "%", "%zz", "+", "%00")
    ),
    st.builds('Content-Disposition: form-data; name="{}"\r\n\r\n'.format, names),
    st.builds('content-disposition:form-data;name={};filename="{}"\r\n'.format, names, st.text(max_size=5)),
    st.sampled_from(("Content-Type: text/plain; charset=utf-16\r\n", "Content-Transfer-Encoding: base64\r\n", ":\r\n", "x" * 9_000)),
    values,
)
bodies = st.lists(pieces, max_size=12).map(lambda parts: b"".join(each if isinstance(each, bytes) else each.encode() for each in parts))


@pytest.fixture(scope="module")
def routes(client: TestClient) -> list[Asked]:
    """The storage's own."""
    return [route for route in asked(client) if route.path.startswith(BASE)]


@settings(max_examples=examples(250))
@given(st.data(), st.lists(st.tuples(names, values), max_size=3))
def test_any_request_gets_an_answer(client: TestClient, routes: list[Asked], data: st.DataObject, more: list[Any]) -> None:
    route = data.draw(st.sampled_from(routes))
    aside = [(name, data.draw(st.just(USUAL.get(name, "1")) | values)) for name in route.parameters if data.draw(st.integers(0, 4))]
    kind = {b"Content-Type": data.draw(st.sampled_from(KINDS)).encode()}
    response = client.request(route.method, f"{route.path}?{query([*aside, *more])}", headers=kind, content=data.draw(bodies))
    check_answer(response, route.path)


@settings(max_examples=examples(100))
@given(
    st.lists(st.tuples(names, values, st.sampled_from(("", "a.json", "../x"))), max_size=5), st.sampled_from(("charts", "study_templates"))
)
def test_any_form_gets_an_answer(client: TestClient, fields: list[tuple[str, Any, str]], resource: str) -> None:
    files = [(name, (filename or None, value)) for name, value, filename in fields]
    response = client.post(f"{BASE}/{resource}?client=site&user=ann", files=[*files, ("name", (None, "N")), ("content", (None, "{}"))])
    assert check_answer(response, BASE)["status"] == "ok" or response.status_code in (400, 409)

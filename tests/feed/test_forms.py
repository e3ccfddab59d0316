"""Forms: each field's bytes come out as they went in, and nothing large or broken gets through."""

import asyncio
import secrets
from collections.abc import Iterable
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message

from app.feed.failures import RequestError
from app.feed.forms import AROUND_FIELDS, ESCAPED, HEARD_OUT, MOST_FIELDS, fields, form_body

BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"
URLENCODED = "application/x-www-form-urlencoded; charset=UTF-8"
NAMES = st.sampled_from(["name", "content", "symbol", "resolution"])
LONGEST = 1_000


def multipart(values: Iterable[tuple[str, bytes]], more: bytes = b"") -> bytearray:
    """A form as browsers write it; *more* headers for each part."""
    parts = [b'--%b\r\nContent-Disposition: form-data; name="%b"\r\n%b\r\n%b\r\n' % (
        BOUNDARY.encode(), name.encode(), more, value) for name, value in values]  # fmt: skip
    return bytearray(b"".join(parts) + b"--%b--\r\n" % BOUNDARY.encode())


def body(chunks: list[bytes], kind: str = MULTIPART, *, stalls: bool = False, seconds: float = 30) -> bytearray:
    """What is read of a request whose body arrives in *chunks*, and then stalls or ends."""
    left = iter(chunks)

    async def receive() -> Message:
        chunk = next(left, None)
        if chunk is None and stalls:
            await asyncio.sleep(3_600)
        return {"type": "http.request", "body": chunk or b"", "more_body": chunk is not None}

    request = Request({"type": "http", "headers": [(b"content-type", kind.encode())]}, receive)
    return asyncio.run(form_body(request, LONGEST, seconds))


def check_refused(status: int, chunks: list[bytes], kind: str = MULTIPART, *, stalls: bool = False, seconds: float = 30) -> None:
    with pytest.raises(RequestError) as caught:
        body(chunks, kind, stalls=stalls, seconds=seconds)
    assert caught.value.status == status


@given(st.dictionaries(NAMES, st.binary(max_size=2_000)))
def test_any_bytes_in_a_multipart_form(values: dict[str, bytes]) -> None:
    assert fields(MULTIPART, multipart(values.items())) == values


@given(st.dictionaries(NAMES, st.binary(max_size=2_000)))
def test_any_bytes_in_an_encoded_form(values: dict[str, bytes]) -> None:
    assert fields(URLENCODED, bytearray(urlencode(values).encode())) == values


@pytest.mark.parametrize("shift", range(4))
def test_escapes_at_the_edge_of_a_slice(shift: int) -> None:
    value = b"x" * shift + bytes(range(256)) * 1_000
    assert fields(URLENCODED, bytearray(urlencode({"content": value}).encode())) == {"content": value}


@pytest.mark.parametrize(
    "value",
    [
        b"\r\n",
        b"\r",
        b"\r\n--",
        f"\r\n--{BOUNDARY[:-1]}\r\n".encode(),
        f"--{BOUNDARY}".encode(),
        f"\n--{BOUNDARY}--".encode(),
        b"\r\n-" * 40_000,
    ],
)
def test_what_looks_like_a_boundary_is_content(value: bytes) -> None:
    assert fields(MULTIPART, multipart([("content", value), ("name", b"n")])) == {"content": value, "name": b"n"}


def test_a_part_may_say_what_type_it_is_of() -> None:
    more = b"Content-Type: text/plain; charset=utf-16\r\nContent-Transfer-Encoding: binary\r\n"
    assert fields(MULTIPART, multipart([("content", b"\xff\xfe")], more)) == {"content": b"\xff\xfe"}


def test_a_part_may_be_a_file() -> None:
    sent = bytes(multipart([("content", b"text")])).replace(b'name="content"', b'name="content"; filename="blob"')
    assert fields(MULTIPART, bytearray(sent)) == {"content": b"text"}


@given(st.integers(min_value=0, max_value=250))
def test_a_form_that_is_cut_off_is_refused(kept: int) -> None:
    whole = multipart([("name", b"n" * 20), ("content", secrets.token_hex(40).encode())])
    with pytest.raises(RequestError) as caught:
        fields(MULTIPART, whole[: min(kept, len(whole) - 5)])
    assert caught.value.status == 400


@pytest.mark.parametrize("garbage", [b"", b"\0" * 99, b"name=x&content=y", b"--\r\n", b'{"name": 1}'])
def test_what_is_no_form_is_refused(garbage: bytes) -> None:
    with pytest.raises(RequestError) as caught:
        fields(MULTIPART, bytearray(garbage))
    assert caught.value.status == 400


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=", f"multipart/form-data; boundary={'x' * 300}"])
def test_a_boundary_is_needed(kind: str) -> None:
    with pytest.raises(RequestError) as caught:
        fields(kind, multipart([("name", b"n")]))
    assert caught.value.status == 400


def test_so_many_fields_and_no_more() -> None:
    for many, taken in ((MOST_FIELDS, True), (MOST_FIELDS + 1, False)):
        values = {f"f{number}": b"v" for number in range(many)}
        for kind, form in ((MULTIPART, multipart(values.items())), (URLENCODED, bytearray(urlencode(values).encode()))):
            if taken:
                assert fields(kind, form) == values
            else:
                with pytest.raises(RequestError):
                    fields(kind, form)


@pytest.mark.parametrize(("kind", "factor"), [(MULTIPART, 1), (URLENCODED, ESCAPED)])
def test_a_body_is_read_up_to_its_bound(kind: str, factor: int) -> None:
    most = LONGEST * factor + AROUND_FIELDS
    assert body([b"x" * (most - 1), b"y"], kind) == b"x" * (most - 1) + b"y"
    check_refused(413, [b"x" * most, b"y"], kind)


def test_a_body_without_end_is_not_heard_out() -> None:
    chunks = [b"x" * 10_000] * ((LONGEST + AROUND_FIELDS) * HEARD_OUT // 10_000 + 1)
    check_refused(413, chunks, stalls=True)


def test_a_body_that_stalls_is_given_up() -> None:
    check_refused(408, [b"--", b"x"], stalls=True, seconds=0.01)


@pytest.mark.parametrize("kind", ["", "application/json", "text/plain", "multipart/mixed; boundary=x"])
def test_what_says_it_is_no_form_is_refused(kind: str) -> None:
    check_refused(415, [b"{}"], kind)

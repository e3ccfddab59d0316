"""A form as it was sent: its fields' bytes, within bounds."""

from collections.abc import Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from anyio import fail_after
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from app.feed.failures import RequestError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MULTIPART = b"multipart/form-data"
URLENCODED = b"application/x-www-form-urlencoded"

MOST_FIELDS = 32
"""Of one form."""

AROUND_FIELDS = 65_536
"""Bytes of a form beside its longest field."""

ESCAPED = 3
"""Bytes that one byte may take in a form that is not multipart."""

HEARD_OUT = 4
"""So many times the bytes that are allowed are read and dropped before the refusal: a client that still sends does not hear it."""

_SLICE = 65_536
_BROKEN = "the form cannot be read: it is cut off or is not what its Content-Type says"

Fields = dict[str, bytes]
"""Of a name that comes twice, the last value."""


def form_kind(request: Request[Any]) -> bytes:
    """Content type of *request*; RequestError 415 where it is no form."""
    kind, _ = parse_options_header(request.headers.get("content-type"))
    if kind not in (MULTIPART, URLENCODED):
        raise RequestError(415, "the body must be a form: multipart/form-data")
    return kind


async def form_body(request: Request[Any], longest: int, seconds: float) -> bytearray:
    """The bytes of a form whose longest field has up to *longest* bytes. RequestError 413 where it is larger, 408 after *seconds*."""
    most = longest * (ESCAPED if form_kind(request) == URLENCODED else 1) + AROUND_FIELDS
    kept, heard = bytearray(), 0
    try:
        with fail_after(seconds):
            async with aclosing(request.stream()) as stream:
                async for chunk in stream:
                    heard += len(chunk)
                    if heard <= most:
                        kept += chunk
                    elif heard <= most * HEARD_OUT:
                        kept.clear()
                    else:
                        break
    except TimeoutError:
        raise RequestError(408, f"the body did not arrive within {seconds:g} seconds") from None
    if heard > most:
        raise RequestError(413, f"the body is too large: {longest} bytes can be saved at most")
    return kept


def fields(content_type: str, body: bytearray) -> Fields:
    """The fields of a form; RequestError 400 where it is broken. May take a second: not for the event loop."""
    kind, options = parse_options_header(content_type)
    if kind == URLENCODED:
        return _urlencoded(body)
    boundary = options.get(b"boundary")
    if not boundary:
        raise RequestError(400, "the Content-Type has no boundary")
    try:
        return _Parts().read(boundary, body)
    except FormParserError:
        raise RequestError(400, _BROKEN) from None


def _urlencoded(body: bytearray) -> Fields:
    if body.count(b"&") >= MOST_FIELDS:
        raise RequestError(400, f"the form has more than {MOST_FIELDS} fields")
    pairs = (pair.partition(b"=") for pair in body.split(b"&"))
    return {_name(b"".join(_unescaped(name))): b"".join(_unescaped(value)) for name, _, value in pairs if name}


def _unescaped(text: bytearray) -> Iterator[bytes]:
    """*text* by slices: each escape is an object of its own for a moment, and there may be millions."""
    at = 0
    while at < len(text):
        end = at + _SLICE
        escape = text.rfind(b"%", end - 2, end)
        if escape > at:  # it is not cut in two
            end = escape
        yield unquote_to_bytes(bytes(text[at:end]).replace(b"+", b" "))
        at = end


def _name(name: bytes) -> str:
    return name.decode("latin-1")  # those that are known are ASCII


class _Parts:
    """Collects the parts of a multipart form, whatever type each says it is of."""

    def __init__(self) -> None:
        self._fields: Fields = {}
        self._parts = 0
        self._header = bytearray()
        self._value = bytearray()
        self._name = ""
        self._data = bytearray()
        self._complete = False

    def read(self, boundary: bytes, body: bytearray) -> Fields:
        """The fields of *body*. FormParserError where it is no such form."""
        callbacks: MultipartCallbacks = {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._end_header,
            "on_part_data": lambda data, start, end: self._data.extend(data[start:end]),
            "on_part_end": self._end,
            "on_end": self._finish,
        }
        parser = MultipartParser(boundary, callbacks)
        for at in range(0, len(body), _SLICE):
            parser.write(bytes(body[at : at + _SLICE]))
        if not self._complete:
            raise RequestError(400, _BROKEN)
        return self._fields

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > MOST_FIELDS:
            raise RequestError(400, f"the form has more than {MOST_FIELDS} fields")
        self._name, self._data = "", bytearray()

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            _, options = parse_options_header(bytes(self._value))
            self._name = _name(options.get(b"name", b""))
        self._header.clear()
        self._value.clear()

    def _end(self) -> None:
        self._fields[self._name] = bytes(self._data)

    def _finish(self) -> None:
        self._complete = True

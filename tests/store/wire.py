"""A statement as ClickHouse's HTTP interface carries it: in the URL, a form or the body, compressed or not."""

import base64
import re
import threading
from dataclasses import dataclass, field
from email.message import Message
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import pyarrow as pa

LONGEST_FIELD: Final = 131_072
"""Bytes of a form's field that a server takes: its `http_max_field_value_size`."""

_OF_THE_INTERFACE = {
    "query", "database", "query_id", "user", "password", "default_format", "wait_end_of_query", "buffer_size", "compress", "decompress",
    "session_id", "session_timeout", "session_check", "client_protocol_version", "quota_key", "role",
}  # fmt: skip
_ENCODINGS = ("zstd", "lz4", "gzip")  # the server's favourite first
_INSERT = re.compile(rb"(\s*INSERT INTO .+?)\sFORMAT (\w+) *\n(.*)", re.DOTALL)


class Refused(Exception):
    """The statement fails. *late*: the answer's status had left already; *begun*: so had these bytes, where nobody waits for its end."""

    def __init__(self, code: int, text: str, *, late: bool = False, begun: bytes = b"") -> None:
        super().__init__(f"Code: {code}. DB::Exception: {text} (version 26.9.2.1 (official build))\n")
        self.code, self.late, self.begun = code, late, begun


class Cut(Exception):
    """The connection ends: without an answer, or in the middle of it."""

    def __init__(self, answer: bytes = b"") -> None:
        super().__init__()
        self.sent = answer[: len(answer) // 2]


@dataclass(eq=False)
class Request:
    """One statement; *data* are an insert's rows, in *format*."""

    url: str
    sql: str
    settings: dict[str, str]
    parameters: dict[str, str]
    interface: dict[str, str]
    data: bytes
    format: str
    encoding: str
    killed: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def query_id(self) -> str:
        """The name that the client gave it."""
        return self.interface.get("query_id", "")


def parse(url: str, headers: Message, body: bytes) -> Request:
    """The statement that a request holds. Refused where a field is longer than a server takes."""
    fields = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    kind = headers.get("Content-Type", "")
    if kind.startswith("multipart/form-data"):
        fields |= _form(body, kind.partition("boundary=")[2])
        body = b""
    elif encoding := headers.get("Content-Encoding"):
        body = pa.CompressedInputStream(pa.BufferReader(body), encoding).read()
    statement = b"\n".join(part for part in (fields.get("query", "").encode(), body) if part)
    insert = _INSERT.fullmatch(statement)
    sql, form, data = insert.groups() if insert else (statement, b"", b"")
    accepted = headers.get("Accept-Encoding", "") if fields.get("enable_http_compression", "1") == "1" else ""
    return Request(
        url=url,
        sql=sql.decode(),
        settings={name: value for name, value in fields.items() if name not in _OF_THE_INTERFACE and not name.startswith("param_")},
        parameters={name.removeprefix("param_"): value for name, value in fields.items() if name.startswith("param_")},
        interface={name: value for name, value in fields.items() if name in _OF_THE_INTERFACE},
        data=data,
        format=form.decode(),
        encoding=next((name for name in _ENCODINGS if name in accepted), ""),
    )


def encoded(request: Request, answer: bytes) -> bytes:
    """*answer* as the client of *request* takes it."""
    if not request.encoding:
        return answer
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, request.encoding) as stream:
        stream.write(answer)
    return bytes(sink.getvalue())


def credentials(url: str, headers: Message) -> tuple[str, str]:
    """User and password that a request gives, in any of the ways there are."""
    fields = dict(parse_qsl(urlsplit(url).query))
    scheme, _, basic = headers.get("Authorization", "").partition(" ")
    if scheme == "Basic":
        user, _, password = base64.b64decode(basic).decode().partition(":")
        return user, password
    user = headers.get("X-ClickHouse-User", fields.get("user", "default"))
    return user, headers.get("X-ClickHouse-Key", fields.get("password", ""))


def _form(body: bytes, boundary: str) -> dict[str, str]:
    fields = {}
    for part in body.split(b"--" + boundary.encode())[1:-1]:
        head, _, value = part.removesuffix(b"\r\n").partition(b"\r\n\r\n")
        name = re.search(rb'name="([^"]*)"', head)
        if name is None or len(value) > LONGEST_FIELD:
            raise Refused(1000, "Poco::Exception. Code: 1000, e.displayText() = HTML Form Exception: Field value too long")
        fields[name[1].decode()] = value.decode()
    return fields

"""Answers too long for memory: the engine keeps them until it is done, then they are read from there piece by piece."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any, cast

from clickhouse_connect.driver.client import Client

Read = Callable[[int], bytes]
"""At most so many bytes of what follows; none at the end."""


@contextlib.contextmanager
def kept_by_server(client: Client, sql: str, fmt: str, parameters: Mapping[str, Any]) -> Iterator[Read]:
    """The answer from the server's buffer, which is memory and then a file: so a query that fails on its way has failed by now."""
    plain = {"Accept-Encoding": "identity"}  # nothing to unpack: a piece is as long as it is asked for
    answer = client.raw_stream(sql, dict(parameters), {"wait_end_of_query": 1}, fmt, transport_settings=plain)
    with contextlib.closing(cast(IO[bytes], answer)) as response:  # closed before its end, it takes its connection with it
        yield response.read


def write_file(client: Client, file: IO[bytes], sql: str, fmt: str, parameters: Mapping[str, Any]) -> None:
    """Have chDB write the answer into *file* as it goes: else all of it would be in memory."""
    name = file.name.replace("\\", "\\\\").replace("'", "\\'")
    client.raw_query(f"{sql}\nINTO OUTFILE '{name}' APPEND", dict(parameters), fmt=fmt)


def temporary_file() -> contextlib.AbstractContextManager[IO[bytes]]:
    """An empty file among the system's temporary ones, which goes when it is closed."""
    return cast(contextlib.AbstractContextManager[IO[bytes]], tempfile.NamedTemporaryFile(prefix="datafeed-"))

"""One ClickHouse, two engines: a server over HTTP(S), or chDB in this process; the rest of the store cannot tell which."""

from __future__ import annotations

import contextlib
import os
import queue
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError

from app.domain.errors import DatafeedError, FolderUnusable, StoreAway
from app.store.engine import EMBEDDED_ENGINE, EMBEDDED_SETTINGS, ENGINE_SETTINGS
from app.store.limits import past_limit
from app.store.queries import name_of
from app.store.reason import reason
from app.store.timing import INSERT, Timing
from app.store.whole import Read, kept_by_server, temporary_file, write_file

if TYPE_CHECKING:
    import pyarrow as pa

    from app.ops.endpoint import Endpoint
    from app.settings import Settings

Parameters = Mapping[str, Any]
"""Values of `{name:Type}` placeholders: always bound by the server, never formatted into SQL."""

PIECE_BYTES = 256 * 1024
"""Of a long answer, in memory at once."""

CHART_CONNECTIONS = 3
"""Saved charts on their way into the store or out of it at once: each is in memory several times over."""

UNKNOWN_DATABASE = 81
"""The engine's code of that error."""

FOLDER = "clickhouse"
"""Of the embedded engine, in `DATA_DIR`."""

LOCKED = b"Cannot lock file"
"""Of the engine's words where another process has its folder open."""

_OPENING = threading.Lock()


class StoreError(StoreAway):
    """ClickHouse cannot be reached, or refused a statement."""

    help = "Check CLICKHOUSE_HOST, CLICKHOUSE_USER and CLICKHOUSE_PASSWORD, and that the server is up."


class EmbeddedStoreError(StoreError):
    """The engine in this process cannot open its folder, or refused a statement."""

    help = FolderUnusable.help


class StoreLocked(DatafeedError):
    """Another process has the data folder open."""

    help = "Stop it, or point DATA_DIR at another folder: an embedded store serves one process at a time."


class Database:
    """Connections to one database, made when needed, at most *size* at once. Thread-safe; every method blocks.

    *options* are `clickhouse_connect.get_client`'s. Failures of the engine come out as `StoreError`, and a query past a limit of
    `limited` as QueryTooLarge or QueryTooSlow.
    """

    repairs = 0
    """Grows before and after each word of the journal by which a rewind or a fill begins or ends."""

    def __init__(self, options: Mapping[str, Any], name: str, *, size: int = 12, cluster: str = "") -> None:
        """Database *name* is made where it is missing, on all of *cluster* where one is named; where it is there, that takes no right."""
        self.name = name
        self.embedded = options.get("interface") == "chdb"
        self.timing = Timing()
        """How long statements took, here and on the connections of `limited`."""
        self._options = {**options, "database": name, "settings": {**ENGINE_SETTINGS, **options.get("settings", {})}}
        self._idle: queue.LifoQueue[Client] = queue.LifoQueue()
        self._places = threading.BoundedSemaphore(size)
        self._failure = EmbeddedStoreError if self.embedded else StoreError
        with _translated(self._failure), _locks_told() if self.embedded else contextlib.nullcontext():
            try:
                first = self._connect()
            except DatabaseError as error:
                if error.code != UNKNOWN_DATABASE:
                    raise
                self._create(cluster)
                first = self._connect()
            self._idle.put(first)

    def limited(self, limits: Mapping[str, int], *, size: int) -> Database:
        """The same database over connections of their own, at most *size*, whose statements the engine holds to *limits*."""
        other = Database({**self._options, "settings": {**self._options["settings"], **limits}}, self.name, size=size)
        other.timing = self.timing
        return other

    def rows(self, sql: str, parameters: Parameters | None = None) -> Sequence[tuple[Any, ...]]:
        """Rows of a SELECT, as Python values."""
        with self._client() as client, self.timing.of(name_of(sql)):
            return [tuple(row) for row in client.query(sql, parameters=dict(parameters or {})).result_rows]

    def raw(self, sql: str, fmt: str, parameters: Parameters | None = None) -> bytes:
        """The answer to a SELECT as the engine formats it (`JSONColumns`, `Parquet`, …)."""
        with self._client() as client, self.timing.of(name_of(sql)):
            return client.raw_query(sql, parameters=dict(parameters or {}), fmt=fmt)

    @contextlib.contextmanager
    def stream(self, sql: str, fmt: str, parameters: Parameters | None = None) -> Iterator[Iterator[bytes]]:
        """The answer to a SELECT as the engine formats it, in pieces of `PIECE_BYTES` at most, however long it is.

        It is whole before the first piece: a query that fails raises before there is any. A server's connection is kept until the end.
        """
        given = parameters or {}
        with contextlib.ExitStack() as held:
            if self.embedded:
                file = held.enter_context(temporary_file())
                with self._client() as client, self.timing.of(name_of(sql)):
                    write_file(client, file, sql, fmt, given)
                yield self._pieces(file.read)
            else:
                client = held.enter_context(self._client())
                with self.timing.of(name_of(sql)):  # what the client takes its time to fetch is not the store's
                    read = held.enter_context(kept_by_server(client, sql, fmt, given))
                yield self._pieces(read)

    def run(self, sql: str, parameters: Parameters | None = None, *, query_id: str = "") -> None:
        """Run a statement whose answer nobody needs: DDL, DELETE, INSERT … SELECT. *query_id* names it on a server."""
        with self._client() as client, self.timing.of(name_of(sql)):
            # `command` would put the parameters into the URL, whatever their length
            client.raw_query(sql, parameters=dict(parameters or {}), settings=self._named(query_id))

    def insert(self, table: str, rows: pa.Table, *, query_id: str = "") -> None:
        """Insert an Arrow table whose columns are named as *table*'s; nothing where it is empty."""
        if rows.num_rows:
            with self._client() as client, self.timing.of(INSERT, table, rows.num_rows):
                client.insert_arrow(table, rows, settings=self._named(query_id))

    def insert_formatted(self, table: str, columns: Sequence[str], rows: bytes, fmt: str) -> None:
        """Insert *rows* that are in the engine's format *fmt* already (`RowBinary`, …): takes no Arrow."""
        with self._client() as client, self.timing.of(INSERT):
            client.raw_insert(table, columns, rows, fmt=fmt)

    def close(self) -> None:
        """Close the idle connections; those in use are closed as they come back to nobody."""
        while True:
            try:
                self._idle.get_nowait().close()
            except queue.Empty:
                return

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _pieces(self, read: Read) -> Iterator[bytes]:
        try:
            while piece := read(PIECE_BYTES):
                yield piece
        except Exception as error:  # the transport's own: the driver does not translate what is read by its caller
            raise self._failure(reason(error)) from error

    def _named(self, query_id: str) -> dict[str, Any]:
        return {"query_id": query_id} if query_id and not self.embedded else {}

    def _create(self, cluster: str) -> None:
        everywhere = f" ON CLUSTER '{cluster}'" if cluster else ""
        client = clickhouse_connect.get_client(**{**self._options, "database": "system"})  # the one that is always there
        with contextlib.closing(client):
            client.command(f"CREATE DATABASE IF NOT EXISTS {{name:Identifier}}{everywhere}", parameters={"name": self.name})

    def _renewed(self, client: Client) -> Client:
        """What to use after a failure: on a chDB connection, the next answer would begin with what the failed query had written."""
        if not self.embedded:
            return client
        fresh = self._connect()  # before the other closes: the engine shuts down with its last connection
        client.close()
        return fresh

    def _connect(self) -> Client:
        return clickhouse_connect.get_client(**self._options)

    @contextlib.contextmanager
    def _client(self) -> Iterator[Client]:
        with self._places, _translated(self._failure):
            try:
                client = self._idle.get_nowait()
            except queue.Empty:
                client = self._connect()
            try:
                yield client
            except Exception:
                client = self._renewed(client)
                raise
            finally:
                self._idle.put(client)


def embedded_database(path: Path, name: str, *, size: int = 12) -> Database:
    """Database *name* of the embedded engine on folder *path*; StoreLocked where another process has it open."""
    options = {"interface": "chdb", "path": str(path), "chdb_options": EMBEDDED_ENGINE, "settings": EMBEDDED_SETTINGS}
    return Database(options, name, size=size)


def open_database(settings: Settings) -> Database:
    """The database that *settings* name: a server where `CLICKHOUSE_HOST` is set, else chDB in `DATA_DIR`."""
    # Besides the API's: the listener's writes and the ticker's reads stay free of its limits.
    size = settings.max_concurrent_queries + CHART_CONNECTIONS + 2
    endpoint = settings.clickhouse_endpoint
    if endpoint is None:
        path = settings.data_dir / FOLDER
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FolderUnusable.on(path, error) from error
        return embedded_database(path, settings.clickhouse_database, size=size)
    return Database(server_options(settings, endpoint), settings.clickhouse_database, size=size, cluster=settings.clickhouse_cluster)


def server_options(settings: Settings, endpoint: Endpoint) -> dict[str, Any]:
    """How the server at *endpoint* is connected to."""
    options: dict[str, Any] = {
        "host": endpoint.host,
        "port": endpoint.port,
        "secure": endpoint.secure,
        "username": settings.clickhouse_user,
        "password": settings.clickhouse_password.get_secret_value(),
        "send_receive_timeout": max(1, settings.clickhouse_request_timeout // 1000),  # the driver counts in whole seconds
        "connect_timeout": 10,
        "autogenerate_session_id": False,
        "dedicated_pool": True,  # the driver's own, for all its clients, keeps 8 connections at most, and never closes them
        "client_name": "vamm-datafeed",
        "form_encode_query_params": True,  # a list of a thousand markets is too long for a URL
    }
    if settings.clickhouse_cluster:
        # Reads follow writes on every replica only where quorum inserts come one after another.
        options["settings"] = {"insert_quorum": "auto", "insert_quorum_parallel": 0}
    return options


@contextlib.contextmanager
def _translated(failure: type[StoreError]) -> Iterator[None]:
    try:
        yield
    except (ClickHouseError, OSError) as error:
        raise (past_limit(error) or failure)(reason(error)) from error


@contextlib.contextmanager
def _locks_told() -> Iterator[None]:
    """StoreLocked where that is why the engine does not open: it tells nobody but file descriptor 2, which is read meanwhile."""
    with _OPENING, tempfile.TemporaryFile(buffering=0) as said:
        stderr = os.dup(2)
        failed = None
        try:
            os.dup2(said.fileno(), 2)
            yield
        except ClickHouseError as error:
            failed = error
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
        said.seek(0)
        text = said.read()
        if failed and LOCKED in text:
            raise StoreLocked from failed
        os.write(2, text)  # not for us: another thread's log, say
        if failed:
            raise failed

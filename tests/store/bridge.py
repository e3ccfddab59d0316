"""A ClickHouse server for tests: its HTTP interface in front of the embedded engine, with faults on demand."""

import contextlib
import json
import re
import socket
import ssl
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import clickhouse_connect
from clickhouse_connect.driver.exceptions import DatabaseError

from app.settings import Settings
from app.store.engine import EMBEDDED_ENGINE
from tests.store.wire import Cut, Refused, Request, credentials, encoded, parse

USER: Final = "writer"
PASSWORD: Final = "correct-horse/battery?staple&#1"
KEPT_REQUESTS: Final = 10_000

Around = Callable[[Request, Callable[[], bytes]], bytes]
"""Answers a statement, which it may execute by calling what it is handed."""

_STATUS = {60: 404, 62: 400, 81: 404, 115: 400, 497: 403, 516: 403}
_KILL = re.compile(r"KILL QUERY WHERE (.+) SYNC")
_FORMAT = re.compile(r"\sFORMAT (\w+)\s*$")


class Bridge:
    """A server on a free local port, for one user."""

    def __init__(self, engine: Path) -> None:
        self.around: Around = lambda request, execute: execute()
        self.requests: deque[Request] = deque(maxlen=KEPT_REQUESTS)
        self.port = 0
        self._scheme = "http"
        self._engine = engine
        self._running: list[Request] = []
        self._connections: set[socket.socket] = set()

    def settings(self, database: str, **changes: Any) -> Settings:
        """Settings that lead to *database* on this server."""
        named = {
            "clickhouse_host": f"{self._scheme}://127.0.0.1:{self.port}",
            "clickhouse_user": USER,
            "clickhouse_password": PASSWORD,
            "clickhouse_database": database,
            "clickhouse_request_timeout": 30_000,
        }
        return Settings(**(named | changes))

    @contextlib.contextmanager
    def serving(self, certificate: Path | None = None) -> Iterator["Bridge"]:
        """Answer until the block ends, over TLS with a *certificate*; statements under way are waited for."""
        handler = type("Handler", (_Handler,), {"bridge": self})
        with _Server(("127.0.0.1", 0), handler) as server:  # leaving it joins the threads
            self.port = server.server_port
            if certificate:
                self._scheme = "https"
                context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
                context.load_cert_chain(certificate)
                # The handshake is made by the thread of the connection, when it first reads.
                server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
            # The default interval of half a second would be the length of every shutdown.
            thread = threading.Thread(target=server.serve_forever, args=(0.02,))
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()
                for connection in list(self._connections):
                    with contextlib.suppress(OSError):
                        connection.shutdown(socket.SHUT_RDWR)

    @contextlib.contextmanager
    def connected(self, connection: socket.socket) -> Iterator["Session"]:
        """An engine's session for as long as a client's *connection* lasts."""
        self._connections.add(connection)
        with contextlib.closing(Session(self._engine)) as session:
            yield session
        self._connections.discard(connection)

    def answer(self, request: Request, session: "Session") -> bytes:
        """Execute *request*; `KILL QUERY` finds it meanwhile."""
        self.requests.append(request)
        if any(other.query_id == request.query_id for other in self._running):
            raise Refused(216, f"Query with id = {request.query_id} is already running. (QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING)")
        self._running.append(request)
        try:
            if kill := _KILL.fullmatch(request.sql):
                return self._kill(kill[1], request, session)
            return self.around(request, lambda: session.execute(request))
        finally:
            self._running.remove(request)
            request.done.set()

    def _kill(self, condition: str, request: Request, session: "Session") -> bytes:
        others = {other.query_id: other for other in self._running if other is not request}
        sql = f"SELECT query_id FROM (SELECT arrayJoin({{running:Array(String)}}) AS query_id) WHERE {condition}"
        named = session.query(sql, request.parameters | {"running": str(list(others))}).decode().split()
        for query_id in named:
            others[query_id].killed.set()
        for query_id in named:
            others[query_id].done.wait(30)
        return "".join(f"finished\t{query_id}\t{USER}\n" for query_id in named).encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 64  # with the usual 5, some of many that connect at once are left to try again a second later


class Session:
    """One connection to the engine, with the settings of the last request on it."""

    def __init__(self, engine: Path) -> None:
        self._client = clickhouse_connect.get_client(interface="chdb", path=str(engine), chdb_options=EMBEDDED_ENGINE)
        self._settings: dict[str, str] = {}

    def query(self, sql: str, parameters: Mapping[str, str] | None = None) -> bytes:
        """The answer to *sql*, tab-separated where it names no format."""
        try:
            for name, value in (parameters or {}).items():
                self._client.raw_query(f"SET param_{name} = {_literal(value)}")
            return self._client.raw_query(sql)
        except DatabaseError as error:
            raise Refused(error.code or 1002, str(error).partition("DB::Exception: ")[2]) from error

    def execute(self, request: Request) -> bytes:
        """The answer to *request*, in its database and with its settings."""
        self.query(f"USE `{request.interface.get('database', 'default')}`")
        for name in self._settings.keys() - request.settings.keys():
            self.query(f"SET {name} = DEFAULT")
        for name, value in request.settings.items() - self._settings.items():
            self.query(f"SET {name} = {_literal(value)}")
        self._settings = request.settings
        if not request.format:
            return self.query(request.sql, request.parameters)
        with tempfile.NamedTemporaryFile() as file:
            file.write(request.data)
            file.flush()
            return self.query(f"{request.sql} FROM INFILE '{file.name}' FORMAT {request.format}", request.parameters)

    def close(self) -> None:
        """Leave the engine."""
        self._client.close()


class _Handler(BaseHTTPRequestHandler):
    """One client's connection."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body leave in one segment
    timeout = 30
    bridge: Bridge

    def handle(self) -> None:
        with self.bridge.connected(self.connection) as self.session, contextlib.suppress(OSError):
            super().handle()

    def finish(self) -> None:
        with contextlib.suppress(OSError):  # the client may have hung up
            super().finish()

    def do_POST(self) -> None:
        request = None
        try:
            body = self._body()
            user, password = credentials(self.path, self.headers)
            if (user, password) != (USER, PASSWORD):
                raise Refused(516, f"{user}: Authentication failed: password is incorrect, or there is no user with such name. {_FORGOT}")
            request = parse(self.path, self.headers, body)
            answer = self.bridge.answer(request, self.session)
        except Refused as refused:
            self._refuse(refused, request)
        except Cut as cut:
            if cut.sent:
                self._begin(200, request)
                self._chunk(cut.sent)
                self.wfile.flush()
            self.close_connection = True
        else:
            self._begin(200, request)
            self._chunk(encoded(request, answer))
            self._chunk(b"")

    do_GET = do_POST

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: a test reads answers, not an access log."""

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _begin(self, status: int, request: Request | None, **headers: str) -> None:
        self.send_response(status)
        headers |= {"Transfer-Encoding": "chunked", "X-ClickHouse-Timezone": "UTC"}
        if request:
            named = _FORMAT.search(request.sql)
            headers |= {"X-ClickHouse-Query-Id": request.query_id, "X-ClickHouse-Format": named[1] if named else "TabSeparated"}
            headers |= {"Content-Encoding": request.encoding} if request.encoding and status == 200 else {}
        headers["X-ClickHouse-Summary"] = json.dumps({"read_rows": "0", "written_rows": "0", "elapsed_ns": "1"})
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def _refuse(self, refused: Refused, request: Request | None) -> None:
        if request and refused.begun and request.interface.get("wait_end_of_query") != "1":
            self._begin(200, request)
            self._chunk(encoded(request, refused.begun + str(refused).encode()))
        else:
            status = 200 if refused.late else _STATUS.get(refused.code, 500)
            self._begin(status, None, X_ClickHouse_Progress="{}", X_ClickHouse_Exception_Code=str(refused.code))
            self._chunk(str(refused).encode())
        self._chunk(b"")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))


def _literal(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


_FORGOT = """

If you use ClickHouse Cloud, the password can be reset at https://clickhouse.cloud/
on the settings page for the corresponding service. (AUTHENTICATION_FAILED)"""

"""A server that takes what is sent to a Sentry project, and keeps it."""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "0123456789abcdef0123456789abcdef"


class Project:
    """What arrived: the bytes of each envelope, unpacked."""

    def __init__(self, port: int) -> None:
        self.dsn = f"http://{KEY}@localhost:{port}/1"
        self.envelopes: list[bytes] = []

    @property
    def events(self) -> list[dict[str, Any]]:
        """Events and transactions; sessions and the like are none."""
        found = []
        for envelope in self.envelopes:
            _, *items = envelope.split(b"\n")
            found += [json.loads(payload) for head, payload in zip(items[::2], items[1::2], strict=False) if json.loads(head).get("type")]
        return found


@contextmanager
def project() -> Iterator[Project]:
    """A project that answers until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.path == "/api/1/envelope/"
            taken.envelopes.append(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("localhost", 0), Handler) as server:
        taken = Project(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield taken
        finally:
            server.shutdown()
            thread.join()

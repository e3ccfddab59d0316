"""The chain behind HTTP: any JSON-RPC client follows it, single calls and batches."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from tests.evm.chain import EvmChain, RpcError

MAX_BODY_BYTES: Final = 1_000_000
MAX_BATCH: Final = 1_000


@contextmanager
def serving(chain: EvmChain) -> Iterator[str]:
    """Answer for *chain* on a free local port until the block ends; yields the URL."""

    class Handler(_Handler):
        evm = chain

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        # The default interval of half a second would be the length of every shutdown.
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body leave in one segment: apart, the second would wait for the client's delayed acknowledgement.
    wbufsize = -1
    timeout = 30
    evm: EvmChain

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        if length > MAX_BODY_BYTES:
            self.send_error(413)
            return
        body = json.dumps(self._answer(self.rfile.read(length))).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: a test reads answers, not an access log."""

    def _answer(self, body: bytes) -> Any:
        try:
            asked = json.loads(body)
        except ValueError:
            return _error(None, -32700, "parse error")
        if not isinstance(asked, list):
            return self._one(asked)
        if len(asked) > MAX_BATCH:
            return _error(None, -32600, "batch too large")
        return [self._one(call) for call in asked]

    def _one(self, call: Any) -> dict[str, Any]:
        if not isinstance(call, dict) or not isinstance(call.get("method"), str):
            return _error(None, -32600, "invalid request")
        try:
            result = self.evm.request(call["method"], call.get("params", []))
        except RpcError as error:
            return _error(call.get("id"), error.code, str(error))
        return {"jsonrpc": "2.0", "id": call.get("id"), "result": result}


def _error(call_id: Any, code: int, message: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": call_id, "error": {"code": code, "message": message}}

"""The simulated chain's node as a server: JSON-RPC over HTTP and WebSocket, in this event loop or in a thread of its own."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

import anyio
import anyio.to_thread
from anyio.from_thread import start_blocking_portal
from hypercorn.asyncio import serve
from hypercorn.config import Config
from hypercorn.typing import Framework
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from app.demo.chain import DemoChain
from app.demo.faults import Faults
from app.demo.heads import Connection
from app.demo.methods import Methods
from app.demo.refusals import RefusedError, error_answer
from app.demo.rpc import Reply, Rpc, Subscribe

MAX_BODY: Final = 1 << 20
"""Bytes of a request."""

_GENERATORS: Final = 2
"""Requests for logs that are computed at the same time, in threads, so that the event loop stays free."""


@dataclass(frozen=True, slots=True)
class Node:
    """A node that is being served. `faults` may be changed, and `chain` reorganised or mined, at any time."""

    url: str
    ws_url: str
    chain: DemoChain
    faults: Faults


def create_node(
    chain: DemoChain, faults: Faults | None = None, *, timestamps: bool = True, kept_bytes: int = 0, closing: asyncio.Event | None = None
) -> Starlette:
    """The node as an ASGI application: POST and WebSocket on `/`.

    *timestamps* puts `blockTimestamp` into logs, *kept_bytes* is the memory for answers given again without computing them,
    and *closing* ends the WebSocket connections when it is set.
    """
    faults = faults or Faults()
    rpc = Rpc(chain, faults, Methods(faults, timestamps=timestamps, kept_bytes=kept_bytes))
    threads = anyio.CapacityLimiter(_GENERATORS)
    closed = closing or asyncio.Event()

    async def answer(body: bytes, subscribe: Subscribe | None = None) -> Reply:
        if b"eth_getLogs" in body:
            return await anyio.to_thread.run_sync(rpc.reply, body, subscribe, limiter=threads)
        return rpc.reply(body, subscribe)

    async def post(request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return Response(error_answer(None, RefusedError(-32600, f"a request has at most {MAX_BODY} bytes")), 413)
        reply = await answer(body)
        await asyncio.sleep(reply.delay)
        headers = {} if reply.retry_after is None else {"Retry-After": f"{reply.retry_after:g}"}
        kind = _CutResponse if reply.cut else Response
        return kind(reply.body, reply.status, headers, reply.media_type)

    async def connect(socket: WebSocket) -> None:
        await Connection(socket, chain, answer).run(closed)

    return Starlette(routes=[Route("/", post, methods=["POST"]), WebSocketRoute("/", connect)])


@asynccontextmanager
async def serving(
    chain: DemoChain,
    faults: Faults | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    timestamps: bool = True,
    kept_bytes: int = 0,
) -> AsyncIterator[Node]:
    """Serve *chain* in this event loop until the block ends; port 0 is any free one. Options as of `create_node`."""
    faults = faults or Faults()
    closing = asyncio.Event()
    app = create_node(chain, faults, timestamps=timestamps, kept_bytes=kept_bytes, closing=closing)
    listener = socket.create_server((host, port))
    place = f"{host}:{listener.getsockname()[1]}"
    server = asyncio.create_task(serve(cast("Framework", app), _config(listener), shutdown_trigger=closing.wait))
    try:
        yield Node(f"http://{place}", f"ws://{place}", chain, faults)
    finally:
        closing.set()
        await server


@contextmanager
def serving_in_thread(chain: DemoChain, faults: Faults | None = None, **options: Any) -> Iterator[Node]:
    """The same for code without an event loop: the node runs in a thread with its own. Options as of `serving`."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(serving(chain, faults, **options)) as node:
        yield node


class _CutResponse(Response):
    """Promises the whole body, sends half of it and is gone."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body[: len(self.body) // 2], "more_body": True})


async def _body(request: Request) -> bytes | None:
    """The request's body, None where it is larger than allowed."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            return None
    return bytes(body)


def _config(listener: socket.socket) -> Config:
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.loglevel = "WARNING"
    config.graceful_timeout = 0.5
    config.keep_alive_timeout = 60
    # Clients of a node keep one connection for good.
    config.keep_alive_max_requests = 1 << 30
    config.websocket_max_message_size = MAX_BODY
    return config

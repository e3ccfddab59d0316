"""web3's HTTP and WebSocket providers, taught to hand out plain JSON, to bound answers and to keep API keys to themselves."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from email.utils import parsedate_to_datetime
from time import time
from typing import Any, Final, cast

import aiohttp
import orjson
import websockets
from web3 import AsyncHTTPProvider, WebSocketProvider
from web3.types import RPCEndpoint, RPCRequest, RPCResponse

from app.chain.errors import RangeTooLarge

CHUNK: Final = 1 << 16
ERROR_BODY: Final = 1 << 16
"""Bytes of an HTTP error's body that are read."""

SILENT = logging.Logger("web3", level=logging.CRITICAL + 1)
"""Stands in for the libraries' loggers, which write whole URLs, and keys are part of those."""

NO_ANSWER: Final = {"message": "this request was left without an answer"}


Parse = Callable[[bytearray], Awaitable[Any]]
"""Makes JSON of an answer's bytes; orjson.JSONDecodeError where it is none."""


async def parsed(body: bytearray) -> Any:
    """JSON, plainly."""
    return orjson.loads(body)


class HttpFailure(Exception):
    """An answer with an HTTP status other than 200."""

    def __init__(self, status: int, body: bytes, retry_after: float | None) -> None:
        super().__init__(status)
        self.status, self.body, self.retry_after = status, body, retry_after


class HttpTransport(AsyncHTTPProvider):
    """JSON-RPC over HTTP(S) on one pool of kept-alive connections."""

    logger = SILENT

    def __init__(self, url: str, *, timeout: float, max_response: int) -> None:
        super().__init__(url, exception_retry_configuration=None)
        self._timeout, self._max_response = timeout, max_response
        self._session: aiohttp.ClientSession | None = None

    async def connect(self) -> None:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self._timeout), headers=self.get_request_headers())

    async def disconnect(self) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def connected(self) -> bool:
        return self._session is not None and not self._session.closed

    async def make_request(self, method: RPCEndpoint, params: Any, parse: Parse = parsed) -> RPCResponse:
        return cast(RPCResponse, await parse(await self._post(orjson.dumps(self.form_request(method, params)))))

    async def make_batch_request(
        self, batch_requests: list[tuple[RPCEndpoint, Any]], parse: Parse = parsed
    ) -> list[RPCResponse] | RPCResponse:
        requests = [self.form_request(method, params) for method, params in batch_requests]
        return in_order(requests, await parse(await self._post(orjson.dumps(requests))))

    async def _post(self, data: bytes) -> bytearray:
        assert self._session is not None
        async with self._session.post(str(self.endpoint_uri), data=data) as response:
            if response.status != 200:
                told = await response.content.read(ERROR_BODY)
                raise HttpFailure(response.status, told, retry_after(response.headers.get("Retry-After")))
            body = bytearray()
            async for chunk in response.content.iter_chunked(CHUNK):
                body += chunk
                if len(body) > self._max_response:
                    raise RangeTooLarge(f"an answer is larger than {self._max_response} bytes", lasting=False)
            return body


class SocketTransport(WebSocketProvider):
    """JSON-RPC over one WebSocket, and the heads it announces.

    Requests wait on futures found by their ids: web3's own wait turns the event loop without pause, and keeps
    a single place for the answers of all batches. What comes is parsed before it is known what it answers: *parse* is not asked.
    """

    logger = SILENT

    def __init__(self, url: str, *, timeout: float, max_response: int) -> None:
        kwargs = {"max_size": max_response, "open_timeout": timeout, "logger": SILENT}
        super().__init__(url, websocket_kwargs=kwargs, use_text_frames=True, request_timeout=timeout, max_connection_retries=1)
        self._waiting: dict[Any, asyncio.Future[Any]] = {}
        self._news = asyncio.Event()
        self._announced: int | None = None
        self.subscribed = False

    @property
    def connected(self) -> bool:
        return self._message_listener_task is not None and not self._message_listener_task.done()

    async def make_request(self, method: RPCEndpoint, params: Any, parse: Parse = parsed) -> RPCResponse:
        request = self.form_request(method, params)
        return cast(RPCResponse, await self._exchange([request], orjson.dumps(request)))

    async def make_batch_request(self, requests: list[tuple[RPCEndpoint, Any]], parse: Parse = parsed) -> list[RPCResponse]:
        formed = [self.form_request(method, params) for method, params in requests]
        return cast(list[RPCResponse], in_order(formed, await self._exchange(formed, orjson.dumps(formed))))

    async def subscribe_heads(self) -> None:
        """Have new heads announced from now on, if the node agrees."""
        request = self.form_request(RPCEndpoint("eth_subscribe"), ["newHeads"])
        answer = await self._exchange([request], orjson.dumps(request))
        self.subscribed = isinstance(answer, dict) and "result" in answer

    async def next_announced(self) -> int | None:
        """Wait for a head that wasn't told yet: its number. ConnectionError where the connection ends before."""
        await self._news.wait()
        self._news.clear()
        if not self.connected:
            raise ConnectionError("the connection was closed")
        return self._announced

    async def _exchange(self, requests: Sequence[RPCRequest], data: bytes) -> Any:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        # A request that fails while it is being sent leaves nobody to take the answer's error.
        answer.add_done_callback(_taken)
        ids = [request["id"] for request in requests]
        self._waiting.update(dict.fromkeys(ids, answer))
        try:
            await self.socket_send(data)
            async with asyncio.timeout(self.request_timeout):
                return await answer
        finally:
            for request_id in ids:
                self._waiting.pop(request_id, None)

    async def _message_listener(self) -> None:
        assert self._ws is not None
        ended: Exception = ConnectionError("the connection was closed")
        try:
            async for message in self._ws:
                self._receive(orjson.loads(message))
        except websockets.ConnectionClosed as closed:
            if closed.sent is not None and closed.sent.code == websockets.CloseCode.MESSAGE_TOO_BIG:
                ended = RangeTooLarge("an answer is larger than the bound of a message", lasting=False)
        except ValueError:
            ended = ConnectionError("the connection carried something other than JSON")
        finally:
            self._news.set()
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(ended)

    def _receive(self, message: Any) -> None:
        entries = [entry for entry in (message if isinstance(message, list) else [message]) if isinstance(entry, dict)]
        if len(entries) == 1 and entries[0].get("method") == "eth_subscription":
            with contextlib.suppress(KeyError, TypeError, ValueError):
                self._announced = int(entries[0]["params"]["result"]["number"], 16)
                self._news.set()
            return
        named = [entry["id"] for entry in entries if entry.get("id") is not None]
        # An error about a whole message carries no id: everyone has to ask again. An id nobody waits for came too late.
        told = [self._waiting[request_id] for request_id in named if request_id in self._waiting] if named else self._waiting.values()
        for answer in told:
            if not answer.done():
                answer.set_result(message)


def in_order(requests: Sequence[RPCRequest], answer: Any) -> list[RPCResponse] | RPCResponse:
    """The answers of a batch in the order of its *requests*: nodes may answer in any. One error for all comes back as it is."""
    if not isinstance(answer, list):
        return cast(RPCResponse, answer)
    entries = [entry for entry in answer if isinstance(entry, dict)]
    by_id = {entry.get("id"): entry for entry in entries}
    unclaimed = next((entry for entry in entries if "error" in entry), {"error": NO_ANSWER})
    return cast(list[RPCResponse], [by_id.get(request["id"], unclaimed) for request in requests])


def _taken(answer: asyncio.Future[Any]) -> None:
    if not answer.cancelled():
        answer.exception()


def retry_after(header: str | None) -> float | None:
    """Seconds that a `Retry-After` header asks for: a number, or a date."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time())
    except ValueError:
        return None

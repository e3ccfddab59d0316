"""One endpoint: its connection, what it is known to put up with, and until when it is left in peace."""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any, Final, NamedTuple, TypeVar, cast
from urllib.parse import unquote, urlsplit

import aiohttp
import orjson
import websockets
from web3.exceptions import Web3Exception
from web3.types import RPCEndpoint

from app.chain.errors import BadAnswer, NodeUnavailable, RangeTooLarge, RateLimited, RpcError
from app.chain.providers import Refusal, classify, refusal, refuses_batches
from app.chain.transport import HttpFailure, HttpTransport, Parse, SocketTransport, parsed

CONCURRENT: Final = 8
"""Requests under way at one node."""

SILENCE: Final = 5
"""Poll intervals without a word on a subscription until the head is asked for."""

SHORTEST_SECRET: Final = 6
"""Characters from which on a part of a URL's path is taken for a key."""

BROKEN: Final = (OSError, ValueError, aiohttp.ClientError, Web3Exception, websockets.WebSocketException)
"""What the libraries raise where a connection can't be made or kept."""

Request = tuple[str, Sequence[Any]]
T = TypeVar("T")

log = logging.getLogger(__name__)


class BatchRefused(Exception):
    """The node takes no batch of `size` requests."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


class NodeStatistics(NamedTuple):
    """Since the start; the last four are of now. The host alone is told: the rest of a URL may be secret."""

    host: str
    calls: int
    """Messages sent: a batch is one."""
    requests: int
    errors: dict[str, int]
    """Messages that failed, by what it was."""
    connects: int
    is_up: bool
    """Whether the last message was answered, over a connection that stands."""
    latency: float | None
    """Seconds that the last answer took."""
    heard: float | None
    """When the node last said anything, by the monotonic clock."""


class Node:
    """A JSON-RPC endpoint under *url*; known in every message as `name`, which holds no secret."""

    def __init__(self, url: str, *, timeout: float, max_response: int, max_batch: int) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https", "ws", "wss") or not parts.hostname:
            raise RpcError("an RPC URL has to begin with http://, https://, ws:// or wss:// and a host")
        self.name = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
        self.chain_id: int | None = None
        self.rests_until = 0.0
        self.limited = 0
        self._host = parts.hostname
        self._calls = self._requests = self._connects = 0
        self._errors: Counter[str] = Counter()
        self._is_answering = False
        self._latency: float | None = None
        self._heard: float | None = None
        secrets = [parts.username, parts.password, parts.query, parts.path.strip("/"), *parts.path.split("/"), *parts.query.split("&")]
        secrets += [pair.partition("=")[2] for pair in parts.query.split("&")]
        known = {word for secret in secrets if secret for word in (secret, unquote(secret)) if len(word) >= SHORTEST_SECRET}
        self._secrets = sorted(known, key=len, reverse=True)
        self._url, self._timeout, self._max_response, self._max_batch = url, timeout, max_response, max_batch
        self._is_socket = parts.scheme in ("ws", "wss")
        self._transport: HttpTransport | SocketTransport | None = None
        self._connecting = asyncio.Lock()
        self._places = asyncio.Semaphore(CONCURRENT)

    async def ask(self, requests: Sequence[Request], parse: Parse = parsed) -> list[Any]:
        """The results of *requests*, in order, in batches as large as the node takes them; *parse* makes JSON of HTTP answers.

        Raises the error that matters most where any of them is refused.
        """
        while True:
            size = self._max_batch
            chunks = [requests[start : start + size] for start in range(0, len(requests), size)]
            try:
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(self._batch(chunk, parse)) for chunk in chunks]
                return [result for task in tasks for result in task.result()]
            except BaseExceptionGroup as failed:
                problem = failed.exceptions[0]
            if not isinstance(problem, BatchRefused):
                raise problem
            self._max_batch = max(1, min(self._max_batch, problem.size // 2))

    def believed(self, read: Callable[[list[Any]], T], results: list[Any]) -> T:
        """What *read* makes of the node's *results*. BadAnswer, which is counted, where it finds them bad."""
        try:
            return read(results)
        except BadAnswer as error:
            self._errors[type(error).__name__] += 1
            raise

    async def new_head(self, interval: float) -> int | None:
        """Wait for a new head: its number where the node announces it, None after *interval* seconds where it doesn't."""
        transport = self._transport
        if isinstance(transport, SocketTransport) and transport.connected:
            if not transport.subscribed:
                await self._subscribe(transport)
            try:
                async with asyncio.timeout(interval * SILENCE if transport.subscribed else interval):
                    announced = await transport.next_announced()
                self._heard = monotonic()
                return announced
            except TimeoutError:
                return None
            except ConnectionError:
                log.info("%s: the connection was closed", self.name)
        await asyncio.sleep(interval)
        return None

    async def close(self) -> None:
        """Close the connection; the next request opens another."""
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.disconnect()

    def rest(self, seconds: float) -> None:
        """Leave the node in peace for *seconds*, where there is another."""
        self.rests_until = max(self.rests_until, monotonic() + seconds)

    def statistics(self) -> NodeStatistics:
        """Figures of this moment."""
        is_up = self._is_answering and self._transport is not None and self._transport.connected
        counts = (self._calls, self._requests, dict(self._errors), self._connects)
        return NodeStatistics(self._host, *counts, is_up, self._latency, self._heard)

    async def _subscribe(self, transport: SocketTransport) -> None:
        with contextlib.suppress(*BROKEN):
            await transport.subscribe_heads()

    async def _batch(self, requests: Sequence[Request], parse: Parse) -> list[Any]:
        try:
            return await self._results(requests, parse)
        except BatchRefused:
            raise  # it is asked again in pieces
        except Exception as error:
            self._errors[type(error).__name__] += 1
            self._is_answering &= not isinstance(error, NodeUnavailable)
            raise

    async def _results(self, requests: Sequence[Request], parse: Parse) -> list[Any]:
        async with self._places:
            self._calls += 1
            self._requests += len(requests)
            begun = monotonic()
            answers = await self._answers(requests, parse)
            self._is_answering, self._heard = True, monotonic()
            self._latency = self._heard - begun
        if len(answers) != len(requests):
            raise self._refused(requests, refusal(answers[0].get("error"), hide=self._hide))
        refusals = [
            (request, refusal(answer["error"], hide=self._hide))
            for request, answer in zip(requests, answers, strict=True)
            if answer.get("error")
        ]
        if len(requests) > 1 and any("batch" in refused.text.lower() for _, refused in refusals):
            raise BatchRefused(len(requests))
        if refusals:
            raise min((self._refused([request], refused) for request, refused in refusals), key=_weight)
        if not all("result" in answer for answer in answers):
            raise BadAnswer(f"{self.name} answered with neither a result nor an error")
        return [answer["result"] for answer in answers]

    async def _answers(self, requests: Sequence[Request], parse: Parse) -> list[dict[str, Any]]:
        """One JSON-RPC object for each request, or a single one for them all; what isn't that is raised as our own error."""
        batch = [(RPCEndpoint(method), params) for method, params in requests]
        limit = asyncio.timeout(self._timeout)

        async def unhurried(body: bytearray) -> Any:
            limit.reschedule(None)  # the node has answered: what it takes to read that is not its doing
            return await parse(body)

        problem: Exception
        # Raised only after the `except`: a library's error may hold the URL, and would travel along as the context.
        try:
            async with limit:
                transport = await self._connected()
                answer = await (
                    transport.make_batch_request(batch, unhurried) if len(batch) > 1 else transport.make_request(*batch[0], unhurried)
                )
        except HttpFailure as failure:
            problem = self._refused(requests, self._http_refusal(failure))
        except TimeoutError:
            problem = NodeUnavailable(f"{self.name} did not answer within {self._timeout:g} s", heavy=True)
        except orjson.JSONDecodeError:
            problem = BadAnswer(f"{self.name} answered with something other than JSON")
        except RangeTooLarge as error:
            problem = RangeTooLarge(f"{self.name}: {error}", lasting=error.lasting)
        except BROKEN as error:
            problem = NodeUnavailable(f"{self.name} can't be reached ({type(error).__name__})")
        else:
            answers = answer if isinstance(answer, list) else [answer]
            if answers and all(isinstance(entry, dict) for entry in answers):
                return cast(list[dict[str, Any]], answers)
            problem = BadAnswer(f"{self.name} answered with something other than JSON-RPC")
        raise problem

    def _refused(self, requests: Sequence[Request], refused: Refusal) -> Exception:
        problem = classify(refused, {method for method, _ in requests}, self.name)
        if len(requests) > 1 and refuses_batches(refused) and not isinstance(problem, RateLimited | RangeTooLarge):
            return BatchRefused(len(requests))
        return problem

    def _http_refusal(self, failure: HttpFailure) -> Refusal:
        try:
            body = orjson.loads(failure.body)
        except orjson.JSONDecodeError:
            body = failure.body.decode(errors="replace")
        entry = body[0] if isinstance(body, list) and body else body
        error = entry.get("error", entry) if isinstance(entry, dict) else entry
        return refusal(error, failure.status, failure.retry_after, hide=self._hide)

    async def _connected(self) -> HttpTransport | SocketTransport:
        async with self._connecting:
            if self._transport is None or not self._transport.connected:
                await self.close()
                kind = SocketTransport if self._is_socket else HttpTransport
                transport = kind(self._url, timeout=self._timeout, max_response=self._max_response)
                self._connects += 1
                await transport.connect()
                self._transport = transport
            return self._transport

    def _hide(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


def _weight(problem: Exception) -> int:
    return next(at for at, kind in enumerate((RateLimited, RangeTooLarge, RpcError, Exception)) if isinstance(problem, kind))

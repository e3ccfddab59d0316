"""A WebSocket connection to the simulated node: calls are answered, and subscribers hear of every new head."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

import anyio
import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from app.demo.answers import header
from app.demo.branch import Branch
from app.demo.chain import DemoChain
from app.demo.refusals import RefusedError
from app.demo.rpc import JSON, Reply, Subscribe

MAX_SUBSCRIPTIONS: Final = 16
MAX_TOLD: Final = 64
"""Heads that are remembered, and told at most at once: whoever misses more asks."""

_LOOKS_A_BLOCK: Final = 8
_LONGEST_LOOK: Final = 0.1
_GOING_AWAY: Final = 1001
_BROKEN: Final = 1011

Answer = Callable[[bytes, Subscribe], Awaitable[Reply]]


class Connection:
    """One client. Nothing is queued for it: while it doesn't read, newer heads wait in the chain."""

    def __init__(self, socket: WebSocket, chain: DemoChain, answer: Answer) -> None:
        self._socket = socket
        self._chain = chain
        self._answer = answer
        self._subscriptions: list[str] = []
        self._given = 0
        self._told: deque[tuple[int, str]] = deque(maxlen=MAX_TOLD)
        self._sending = asyncio.Lock()

    async def run(self, closing: asyncio.Event) -> None:
        """Serve the client until it leaves, or *closing* is set."""
        await self._socket.accept()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._announce)
            tasks.start_soon(self._close_when, closing)
            with contextlib.suppress(WebSocketDisconnect):
                await self._listen()
            tasks.cancel_scope.cancel()

    async def _listen(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            body = message.get("bytes") or (message.get("text") or "").encode()
            reply = await self._answer(body, self._subscribe)
            await asyncio.sleep(reply.delay)
            if reply.cut or reply.media_type != JSON:
                # What HTTP tells with a page, or half an answer, is here the end of the connection.
                await self._close(_BROKEN)
                return
            if reply.body:
                await self._send(reply.body)

    def _subscribe(self, method: str, params: list[Any]) -> Any:
        if method == "eth_unsubscribe":
            known = bool(params) and params[0] in self._subscriptions
            if known:
                self._subscriptions.remove(params[0])
            return known
        if params[:1] != ["newHeads"]:
            raise RefusedError(-32602, "invalid params: only newHeads can be subscribed to")
        if len(self._subscriptions) >= MAX_SUBSCRIPTIONS:
            raise RefusedError(-32000, f"a connection has at most {MAX_SUBSCRIPTIONS} subscriptions")
        self._given += 1
        self._subscriptions.append(f"0x{self._given:032x}")
        return self._subscriptions[-1]

    async def _announce(self) -> None:
        look = min(_LONGEST_LOOK, self._chain.genesis.block_time / _LOOKS_A_BLOCK)
        self._news()
        while True:
            pause = self._chain.pause  # before the look at what is new: a block between the two is not slept over
            news = self._news()
            if not news:
                await asyncio.sleep(look if pause is None else min(look, pause))
            for branch, number in news:
                head = header(branch, number)
                for subscription in list(self._subscriptions):
                    params = {"subscription": subscription, "result": head}
                    await self._send(orjson.dumps({"jsonrpc": "2.0", "method": "eth_subscription", "params": params}))

    def _news(self) -> list[tuple[Branch, int]]:
        """The heads since the last look, oldest first: those that are new, and those that replaced others."""
        branch, head = self._chain.branch, self._chain.head
        while self._told and (self._told[-1][0] > head or branch.hash(self._told[-1][0]) != self._told[-1][1]):
            self._told.pop()
        oldest = max(0, head - MAX_TOLD + 1)
        first = max(oldest, self._told[-1][0] + 1) if self._told else oldest
        news = range(first, head + 1)
        self._told.extend((number, branch.hash(number)) for number in news)
        return [(branch, number) for number in news]

    async def _send(self, body: bytes) -> None:
        async with self._sending:
            if self._socket.application_state is WebSocketState.CONNECTED:
                with contextlib.suppress(WebSocketDisconnect):
                    await self._socket.send_text(body.decode())

    async def _close_when(self, closing: asyncio.Event) -> None:
        await closing.wait()
        await self._close(_GOING_AWAY)

    async def _close(self, code: int) -> None:
        async with self._sending:
            if self._socket.application_state is WebSocketState.CONNECTED:
                await self._socket.close(code)

"""A scripted node: a small chain behind JSON-RPC over HTTP and WebSocket, with a say in every answer."""

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import orjson
from aiohttp import WSMsgType, web

TOPIC = "0x" + "11" * 32
GENESIS_TIME = 1_700_000_000
LOGS_A_BLOCK = 2

Answer = Callable[[str, list[Any]], Any]


class Refuse(Exception):
    """Makes the node answer a JSON-RPC error."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.error = {"code": code, "message": message} | ({"data": data} if data else {})


class Http(Exception):
    """Makes the node answer a whole HTTP response."""

    def __init__(self, status: int, body: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers or {}


def digest(*parts: object) -> str:
    return "0x" + hashlib.sha256(repr(parts).encode()).hexdigest()


class Chain:
    """Blocks two seconds apart, every one with some logs but each tenth."""

    def __init__(self, length: int, logs: int = LOGS_A_BLOCK) -> None:
        self.headers: list[dict[str, Any]] = []
        self.logs: list[list[dict[str, Any]]] = []
        self._per_block, self._fork = logs, 0
        self.grow(length)

    @property
    def head(self) -> int:
        return len(self.headers) - 1

    def grow(self, length: int = 1) -> None:
        for number in range(len(self.headers), len(self.headers) + length):
            block_hash = digest(number, self._fork)
            parent = self.headers[-1]["hash"] if self.headers else "0x" + "00" * 32
            time = hex(GENESIS_TIME + 2 * number)
            self.headers.append({"number": hex(number), "hash": block_hash, "parentHash": parent, "timestamp": time})
            count = 0 if number % 10 == 0 else self._per_block
            self.logs.append([self._log(number, block_hash, index) for index in range(count)])

    def reorganise(self, depth: int, growth: int = 1) -> None:
        """Replace the last *depth* blocks, and add *growth*."""
        del self.headers[-depth:], self.logs[-depth:]
        self._fork += 1
        self.grow(depth + growth)

    def _log(self, number: int, block_hash: str, index: int) -> dict[str, Any]:
        return {
            "address": "0x" + "22" * 20,
            "topics": [TOPIC],
            "data": "0x",
            "blockNumber": hex(number),
            "blockHash": block_hash,
            "transactionHash": digest("transaction", block_hash, index),
            "logIndex": hex(3 * index),
            "removed": False,
        }


class ScriptedNode:
    """Answers for *chain*. `script` sees each request first; what it returns is the result, unless that is NotImplemented."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.script: Answer = lambda method, params: NotImplemented
        self.requests: list[tuple[str, list[Any]]] = []
        self.batches: list[int] = []
        self.whole: Callable[[list[Any]], Any] = lambda calls: NotImplemented
        self.chain_id = 137
        self.lag = 0
        self.delay = 0.0
        self.slow: Callable[[Any], bool] = lambda calls: True
        self.under_way = self.most_under_way = 0
        self.sockets: set[web.WebSocketResponse] = set()
        self.subscribers: set[web.WebSocketResponse] = set()
        self.subscribed = asyncio.Event()

    def asked(self, method: str) -> list[Any]:
        """First parameters of all requests of *method*."""
        return [params[0] for name, params in self.requests if name == method]

    def application(self) -> web.Application:
        application = web.Application(client_max_size=1 << 24)
        application.router.add_route("*", "/{path:.*}", self._serve)
        return application

    async def announce(self, growth: int = 1) -> None:
        """Add blocks, and tell subscribers of the last."""
        self.chain.grow(growth)
        message = {"jsonrpc": "2.0", "method": "eth_subscription", "params": {"subscription": "0x1", "result": self.chain.headers[-1]}}
        for socket in list(self.subscribers):
            await socket.send_bytes(orjson.dumps(message))

    async def drop(self) -> None:
        """Close every WebSocket."""
        self.subscribed.clear()
        for socket in list(self.sockets):
            await socket.close()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._converse(request)
        try:
            return web.Response(body=await self._answer(await request.read()), content_type="application/json")
        except Http as answer:
            return web.Response(status=answer.status, text=answer.body, headers=answer.headers)

    async def _converse(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.add(socket)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                if "eth_subscribe" in message.data:
                    self.subscribers.add(socket)
                    self.subscribed.set()
                await socket.send_bytes(await self._answer(message.data.encode()))
        self.sockets.discard(socket)
        self.subscribers.discard(socket)
        return socket

    async def _answer(self, body: bytes) -> bytes:
        calls = orjson.loads(body)
        self.batches.append(len(calls) if isinstance(calls, list) else 0)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(self.delay if self.slow(calls) else 0.0)
            answer = self.whole(calls)
            if answer is NotImplemented:
                answer = [self.one(call) for call in calls] if isinstance(calls, list) else self.one(calls)
            return answer if isinstance(answer, bytes) else orjson.dumps(answer)
        finally:
            self.under_way -= 1

    def one(self, call: dict[str, Any]) -> dict[str, Any]:
        method, params = call["method"], call["params"]
        self.requests.append((method, params))
        try:
            result = self.script(method, params)
            if result is NotImplemented:
                result = self.answer(method, params)
        except Refuse as refused:
            return {"jsonrpc": "2.0", "id": call["id"], "error": refused.error}
        return {"jsonrpc": "2.0", "id": call["id"], "result": result}

    def answer(self, method: str, params: list[Any]) -> Any:
        """What a node without faults says, `lag` blocks behind."""
        head = self.chain.head - self.lag
        match method:
            case "eth_chainId":
                return hex(self.chain_id)
            case "eth_blockNumber":
                return hex(head)
            case "eth_subscribe":
                return "0x1"
            case "eth_getBlockByNumber":
                number = int(params[0], 16)
                return self.chain.headers[number] if number <= head else None
            case "eth_getLogs":
                return list(self._logs(params[0], head))
        raise Refuse(-32601, f"the method {method} does not exist/is not available")

    def _logs(self, asked: dict[str, Any], head: int) -> Iterator[dict[str, Any]]:
        if "blockHash" in asked:
            known = [number for number in range(head + 1) if self.chain.headers[number]["hash"] == asked["blockHash"]]
            if not known:
                raise Refuse(-32000, "unknown block")
            numbers = range(known[0], known[0] + 1)
        else:
            numbers = range(int(asked["fromBlock"], 16), min(int(asked["toBlock"], 16), head) + 1)
        for number in numbers:
            yield from (log for log in self.chain.logs[number] if log["topics"][0] in asked["topics"][0])

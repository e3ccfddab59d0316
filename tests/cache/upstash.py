"""A stand-in for Upstash: its REST wire format and its limits, in front of a real Redis."""

import base64
import contextlib
from collections.abc import AsyncIterator, Awaitable
from typing import Any, cast

import orjson
from aiohttp import web
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from tests.cache.servers import HOST

TOKEN = "AXxxASQgOTI-stand-in"
LARGEST_REQUEST = 10_000_000


class Upstash:
    """`POST /` takes one command, `/pipeline` and `/multi-exec` take several. `commands` are those that would be billed."""

    def __init__(self, redis_url: str) -> None:
        self._url = redis_url
        self.commands: list[list[Any]] = []
        self.requests = 0
        self.page: str | None = None
        """What is answered to everything, where it is set: a proxy's error page, say."""
        self.refusals: dict[str, str] = {}
        """By command: the error that is answered to it."""
        self.url = ""

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator["Upstash"]:
        """The service, at `url`."""
        application = web.Application(client_max_size=1 << 26)
        application.router.add_post("/{way:(pipeline|multi-exec)?}", self._serve)
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, HOST, 0)
        await site.start()
        self.url = f"http://{HOST}:{runner.addresses[0][1]}"
        async with Redis.from_url(self._url, protocol=2) as self._redis:
            self._redis.response_callbacks.clear()  # as on the wire
            try:
                yield self
            finally:
                await runner.cleanup()

    async def _serve(self, request: web.Request) -> web.Response:
        self.requests += 1
        if self.page is not None:
            return web.Response(status=502, text=self.page, content_type="text/html")
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _json({"error": "WRONGPASS invalid or missing auth token"}, 401)
        body = await request.read()
        if len(body) > LARGEST_REQUEST:
            return _json({"error": "ERR max request size exceeded"}, 400)
        encoded = request.headers.get("Upstash-Encoding") == "base64"
        content = orjson.loads(body)
        if request.match_info["way"] == "multi-exec":
            content = [["MULTI"], *content, ["EXEC"]]
        if request.match_info["way"]:
            return _json([await self._one(command, encoded) for command in content])
        answer = await self._one(content, encoded)
        return _json(answer, 400 if "error" in answer else 200)

    async def _one(self, command: list[Any], encoded: bool) -> dict[str, Any]:
        self.commands.append(command)
        if str(command[0]).upper() in ("XREAD", "XREADGROUP") and "BLOCK" in map(str, command):
            return {"error": "ERR Command is not available: nothing waits over REST"}
        if refusal := self.refusals.get(str(command[0]).upper()):
            return {"error": refusal}
        try:
            answer = await cast(Awaitable[Any], self._redis.execute_command(*command))  # type: ignore[no-untyped-call]
            return {"result": _shown(answer, encoded)}
        except ResponseError as error:
            return {"error": f"ERR {error}"}


def _shown(value: Any, encoded: bool) -> Any:
    """Without base64 a byte that is no UTF-8 becomes U+FFFD."""
    if isinstance(value, list):
        return [_shown(member, encoded) for member in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode() if encoded and value != b"OK" else value.decode(errors="replace")
    return value


def _json(content: Any, status: int = 200) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(content), content_type="application/json")

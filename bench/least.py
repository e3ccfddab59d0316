"""`python -m bench.least PORT`: the least that a server on the same parts can be, one route of Starlette on hypercorn with uvloop."""

import asyncio
import sys
from typing import cast

import uvloop
from hypercorn.asyncio import serve
from hypercorn.config import Config
from hypercorn.typing import ASGIFramework
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def answer(_: Request) -> Response:
    """The same, whatever is asked."""
    return Response(b"{}", media_type="application/json")


if __name__ == "__main__":
    config = Config()
    config.bind = [f"127.0.0.1:{sys.argv[1]}"]
    config.loglevel = "ERROR"
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(cast(ASGIFramework, Starlette(routes=[Route("/{path:path}", answer)])), config))

"""Answers about many markets, kept for a moment: they are made once, however many ask at the same time."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request

from app.cache.tiered import Loaded
from app.feed.answering import encoded
from app.feed.state import State
from app.store.readers import Readers


async def kept(request: Request[State], key: str, ask: Callable[[Readers], Any], seconds: int) -> bytes:
    """What *ask* finds, in JSON; the same question, which is what *key* stands for, gets the same answer for *seconds*."""

    async def load() -> Loaded:
        made = await request.state["reader"].read(lambda store: encoded(ask(store)))
        return Loaded(made, min(seconds, request.state["list_seconds"]))

    return await request.state["lists"].get(key, load) or b""

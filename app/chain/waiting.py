"""Waiting that a cancellation does not cut short: for work whose end must be known before anything else begins."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def apart(attempt: Callable[P, Coroutine[None, None, bool]], *arguments: P.args, **options: P.kwargs) -> bool:
    """Await *attempt* in a task of its own: False where a cancellation ended it that was not meant for this one.

    A task group that fails while its task is cancelled forgets one of the two (until Python 3.13): this task has no group.
    """
    running = asyncio.create_task(attempt(*arguments, **options))
    try:
        await asyncio.wait({running})
    except asyncio.CancelledError:
        running.cancel()
        await asyncio.wait({running})
        raise
    return False if running.cancelled() else running.result()


async def whole(call: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """Run blocking *call* in a thread and, whatever happens here, wait for its end: two must never write at once."""
    running = asyncio.ensure_future(asyncio.to_thread(call, *arguments, **options))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise


async def until(event: asyncio.Event, work: Coroutine[None, None, None]) -> None:
    """Run *work* until it is done or *event* is set, which cancels it."""
    working, waiting = asyncio.ensure_future(work), asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        working.cancel()
        await asyncio.wait({working})
    if not working.cancelled():
        working.result()


async def pause(seconds: float, event: asyncio.Event) -> None:
    """Wait so many *seconds*, or until *event* is set."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()

"""Changes told from any thread, heard in the hearer's own event loop."""

import asyncio
import threading
from collections.abc import Collection

from app.live.changes import Changes


def test_told_in_a_thread_and_heard_in_the_loop() -> None:
    changes = Changes()
    heard: list[tuple[Collection[int], bool]] = []

    async def listen() -> None:
        loop_thread = threading.get_ident()
        arrived = asyncio.Event()

        def hear(market_ids: Collection[int]) -> None:
            heard.append((market_ids, threading.get_ident() == loop_thread))
            arrived.set()

        with changes.heard(hear):
            await asyncio.to_thread(changes.tell, {1, 2})
            await arrived.wait()
        await asyncio.to_thread(changes.tell, {3})
        await asyncio.sleep(0)

    asyncio.run(listen())
    changes.tell({4})
    assert heard == [({1, 2}, True)]


def test_a_loop_that_has_ended_is_passed_over() -> None:
    changes = Changes()
    heard: list[Collection[int]] = []

    async def listen() -> None:
        changes.heard(heard.append).__enter__()

    asyncio.run(listen())
    changes.tell({1})
    assert heard == []

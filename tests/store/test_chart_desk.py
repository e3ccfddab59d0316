"""The chart store from an event loop: so many threads at once, and what was begun is done."""

import threading

import anyio
import anyio.to_thread
import pytest

from app.store.chart_desk import ChartDesk
from app.store.chart_store import CHARTS, ChartStore, Draft, Owner, Shelf
from app.store.client import Database
from app.store.reader import WAITING_PER_PLACE, TooManyQueries

pytestmark = pytest.mark.anyio

SHELF = Shelf(Owner("site", "ann"), CHARTS)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_so_many_wait_and_no_more(database: Database) -> None:
    desk = ChartDesk(ChartStore(database, most=9), concurrency=1)
    let_go = threading.Event()
    async with anyio.create_task_group() as group:
        for _ in range(1 + WAITING_PER_PLACE):
            group.start_soon(desk.ask, lambda _: let_go.wait(30))
        await anyio.wait_all_tasks_blocked()
        try:
            with pytest.raises(TooManyQueries):
                await desk.ask(lambda store: store.items(SHELF))
        finally:
            let_go.set()
    assert await desk.ask(lambda store: store.items(SHELF)) == []


async def test_a_save_whose_caller_has_left_is_whole(database: Database) -> None:
    store = ChartStore(database, most=9)
    begun, cancelled = threading.Event(), threading.Event()

    def save(store: ChartStore) -> int:
        begun.set()
        cancelled.wait(30)
        return store.add(SHELF, Draft("n", b"content"))

    async with anyio.create_task_group() as group:
        group.start_soon(ChartDesk(store).ask, save)
        await anyio.wait_all_tasks_blocked()
        await anyio.to_thread.run_sync(begun.wait, 30)
        group.cancel_scope.cancel()
        cancelled.set()
    (item,) = store.items(SHELF)
    saved = store.load(SHELF, item.key)
    assert saved
    assert saved.content == b"content"

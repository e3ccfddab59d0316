"""Requests with large bodies: so many at once, the others wait, and those past a bound are told so."""

import anyio
import pytest
from starlette.types import Message, Receive, Scope, Send

from app.feed.admission import WAITING_PER_PLACE, Admission, TooManyUploads
from app.ops.client_ip import ClientIp
from app.store.reader import TooManyQueries

pytestmark = pytest.mark.anyio

SCOPE: Scope = {"type": "http", "method": "GET"}
CLIENTS = ClientIp(())


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def nothing() -> Message:
    return {"type": "http.disconnect"}


async def taken(_: Message) -> None:
    pass


class Work:
    """An application whose requests end when they are let go; it knows the most that there were at once."""

    def __init__(self) -> None:
        self.now = self.most = self.done = 0
        self.let_go = anyio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        await self.let_go.wait()
        self.now -= 1
        self.done += 1


async def test_so_many_at_once_so_many_wait_and_the_rest_are_refused() -> None:
    work = Work()
    admission = Admission(work, places=2, seconds=30, clients=CLIENTS)
    async with anyio.create_task_group() as group:
        for _ in range(2 + 2 * WAITING_PER_PLACE):
            group.start_soon(admission, SCOPE, nothing, taken)
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(TooManyQueries):
            await admission(SCOPE, nothing, taken)
        work.let_go.set()
    assert work.most == 2
    assert work.done == 2 + 2 * WAITING_PER_PLACE


async def test_a_client_that_does_not_take_its_answer_gives_its_place_back() -> None:
    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})

    async def stalled(_: Message) -> None:
        await anyio.sleep_forever()

    admission = Admission(answering, places=1, seconds=0.01, clients=CLIENTS)
    ended = 0
    for _ in range(3):
        await admission(SCOPE, nothing, stalled)
        ended += 1
    assert ended == 3


def upload(client: str) -> Scope:
    return {"type": "http", "method": "POST", "client": (client, 1), "headers": []}


@pytest.mark.parametrize(("places", "most"), [(1, 1), (3, 1), (8, 2), (9, 2)])
async def test_a_client_has_a_quarter_of_the_uploads_until_they_end(places: int, most: int) -> None:
    work = Work()
    admission = Admission(work, places=places, seconds=30, clients=CLIENTS)
    for round in range(1, 3):
        work.let_go = anyio.Event()
        async with anyio.create_task_group() as group:
            for _ in range(most):
                group.start_soon(admission, upload("203.0.113.1"), nothing, taken)
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(TooManyUploads):
                await admission(upload("203.0.113.1"), nothing, taken)
            group.start_soon(admission, upload("203.0.113.2"), nothing, taken)
            group.start_soon(admission, SCOPE, nothing, taken)
            await anyio.wait_all_tasks_blocked()
            work.let_go.set()
        assert work.done == round * (most + 2)


async def test_uploads_that_fail_or_whose_client_leaves_are_not_counted_on() -> None:
    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        raise ZeroDivisionError

    admission = Admission(failing, places=4, seconds=30, clients=CLIENTS)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            await admission(upload("203.0.113.1"), nothing, taken)
    work = Work()
    admission = Admission(work, places=1, seconds=30, clients=CLIENTS)
    async with anyio.create_task_group() as group:
        group.start_soon(admission, upload("203.0.113.1"), nothing, taken)
        await anyio.wait_all_tasks_blocked()
        for _ in range(2):
            with anyio.move_on_after(0):
                await admission(upload("203.0.113.2"), nothing, taken)
        work.let_go.set()
    assert work.done == 1

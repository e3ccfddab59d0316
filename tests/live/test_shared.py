"""Between processes: whatever happens to Redis, nobody waits for it, and what is lost is said to be."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from app.domain.news import News
from app.live import outbox
from app.live.bus import Item, Missed
from app.live.shared import SharedBus
from tests.cache.servers import RedisServer, Wire
from tests.cache.upstash import Upstash
from tests.live.buses import (
    KEY,
    PATIENCE,
    check_nothing_is_lost_unsaid,
    commit,
    commits,
    hearing,
    named,
    over_redis,
    over_upstash,
    tell,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
async def wire(redis_server: RedisServer) -> AsyncIterator[Wire]:
    """To that Redis."""
    async with Wire(redis_server.port).laid() as laid:
        yield laid


async def stored(server: RedisServer, count: int) -> None:
    """Wait until the stream has *count* messages."""
    with server.client() as client:
        async with asyncio.timeout(PATIENCE):
            while int(str(client.xlen(KEY))) < count:  # noqa: ASYNC110 (Redis tells nobody)
                await asyncio.sleep(0.02)


async def test_who_is_cut_off_goes_on_where_he_was(redis_server: RedisServer, wire: Wire) -> None:
    async with over_redis(redis_server.url) as teller, over_redis(wire.url) as hearer, hearing(hearer) as one:
        tell(teller, commits(1, 10))
        assert await one.next(10) == commits(1, 10)
        wire.cut()
        tell(teller, commits(11, 50))
        await stored(redis_server, 50)
        wire.mend()
        tell(teller, commits(51, 60))
        assert await one.next(50) == commits(11, 60)


async def test_a_teller_who_is_cut_off_sends_it_later_and_once(redis_server: RedisServer, wire: Wire) -> None:
    told = commits(1, 300)
    wire.delay = 0.001
    async with over_redis(wire.url) as teller, over_redis(redis_server.url) as hearer, hearing(hearer) as one:
        found: list[Item] = []
        for first in range(0, 300, 100):
            tell(teller, told[first : first + 100])
            found += await one.next(20)
            wire.cut()  # with answers on their way: what they are of is sent again
            wire.mend()
            found += await one.until(told[first + 99])
        assert found == told
        assert teller.statistics().dropped == 0


async def test_one_who_answers_with_error_pages_for_a_while(upstash: Upstash) -> None:
    async with over_upstash(upstash) as teller, over_upstash(upstash) as hearer, hearing(hearer) as one:
        tell(teller, commits(1, 10))
        await one.next(10)
        upstash.page = "<html>502"
        tell(teller, commits(11, 20))
        await asyncio.sleep(0.2)
        upstash.page = None
        assert await one.next(10) == commits(11, 20)


@pytest.mark.parametrize("left", [12, 0])
async def test_what_was_trimmed_meanwhile_is_missed(redis_server: RedisServer, wire: Wire, left: int) -> None:
    told = commits(1, 40)
    async with over_redis(redis_server.url) as teller, over_redis(wire.url) as hearer, hearing(hearer) as one:
        tell(teller, told[:10])
        await one.until(told[9])
        wire.cut()
        tell(teller, told[10:])
        await stored(redis_server, 40)
        with redis_server.client() as client:
            client.xtrim(KEY, maxlen=left, approximate=False)
        wire.mend()
        assert await one.next(1 + left) == [Missed(), *told[40 - left :]]


async def test_what_was_flushed_is_missed(redis_server: RedisServer, wire: Wire) -> None:
    async with over_redis(redis_server.url) as teller, over_redis(wire.url) as hearer, hearing(hearer) as one:
        tell(teller, commits(1, 10))
        await one.next(10)
        wire.cut()
        with redis_server.client() as client:
            client.flushall()
        wire.mend()
        assert await one.next(1) == [Missed()]
        tell(teller, commits(11, 12))
        assert await one.next(2) == commits(11, 12)


async def test_the_stream_is_bounded(redis_server: RedisServer) -> None:
    async with over_redis(redis_server.url, bus_stream_length=100) as teller:
        tell(teller, commits(1, 1_000))
    with redis_server.client() as client:
        assert 100 <= int(str(client.xlen(KEY))) <= 300  # whole nodes of it are forgotten
        assert 0 < int(str(client.ttl(KEY))) <= 604_800


async def test_killed_and_started_again(caplog: pytest.LogCaptureFixture) -> None:
    """Who tells hears himself all the time; the other hears all, or that he has missed something."""
    caplog.set_level(logging.INFO)
    told: list[News] = []
    with RedisServer() as server:
        async with over_redis(server.url) as teller, over_redis(server.url) as hearer, hearing(teller) as here, hearing(hearer) as there:
            for first in (1, 101):
                told += commits(first, first + 49)
                tell(teller, told[-50:])
                await there.until(told[-1])
                server.kill()
                told += commits(first + 50, first + 99)
                tell(teller, told[-50:])
                assert [item for item in await here.until(told[-1]) if item != Missed()] == told[-100:]
                server.start()
                check_nothing_is_lost_unsaid(await there.until(told[-1]), told[-50:])
    said = [record.getMessage() for record in caplog.records if record.name == "app.live.line"]
    assert sum("is away" in line for line in said) == sum("is back after" in line for line in said) == 4  # two outages, two processes


async def test_nobody_waits_for_a_redis_that_does_not_answer(
    redis_server: RedisServer, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits is bounded; what is dropped is missed by others, and by nobody here."""
    told = commits(1, 3_000)
    monkeypatch.setattr(outbox, "WAITING_BYTES", 500_000)
    async with over_redis(wire.url) as teller, over_redis(redis_server.url) as hearer, hearing(teller) as here, hearing(hearer) as there:
        wire.delay = 0.5
        for first in (0, 1_500):
            tell(teller, told[first : first + 1_500])
            assert await here.next(1_500) == told[first : first + 1_500]
        assert teller.statistics().dropped > 0
        wire.delay = 0.0
        found = await there.until(told[-1])
        assert Missed() in found
        check_nothing_is_lost_unsaid(found, told)


async def test_one_that_is_away_at_the_start() -> None:
    server = RedisServer()
    async with over_redis(server.url) as teller, over_redis(server.url) as hearer, hearing(hearer) as there, hearing(teller) as here:
        tell(teller, commits(1, 3))
        assert await here.next(3) == commits(1, 3)
        with server:
            assert await there.next(1) == [Missed()]
            tell(teller, commits(4, 5))
            assert (await there.until(commit(5)))[-2:] == commits(4, 5)


async def test_a_store_that_has_no_name_yet_is_waited_for(redis_server: RedisServer) -> None:
    answers: list[str | None] = []

    async def store() -> str | None:
        if not answers:
            answers.append(None)
            raise OSError("not yet")
        return answers[-1]

    async with over_redis(redis_server.url) as teller, over_redis(redis_server.url, store=store) as hearer, hearing(hearer) as there:
        answers.append(await named())
        assert await there.next(1) == [Missed()]
        tell(teller, commits(1, 2))
        assert await there.next(2) == commits(1, 2)


async def test_garbage_is_skipped_and_other_versions_are_missed(redis_server: RedisServer) -> None:
    newer = b'[2,"someone",1,"whatever it is",{}]'
    rubbish = [b"", b"\xff\xfe", b"{}", b"[1]", b'[1,"w",1,"committed",[]]', b'[1,"w","x","missed",null]', b'[1,"w",1,"gossip",null]']
    async with over_redis(redis_server.url) as teller, over_redis(redis_server.url) as hearer, hearing(hearer) as one:
        tell(teller, commits(1, 1))
        await stored(redis_server, 1)
        with redis_server.client() as client:
            for message in rubbish:
                client.xadd(KEY, {"m": message})
            client.xadd(KEY, {"other": "field"})
            tell(teller, commits(2, 2))
            await stored(redis_server, 10)
            client.xadd(KEY, {"m": newer})
        assert await one.next(3) == [*commits(1, 2), Missed()]
        assert hearer.statistics().garbage == len(rubbish) + 1


async def test_what_is_told_last_is_sent_before_the_end(redis_server: RedisServer) -> None:
    async with over_redis(redis_server.url) as hearer, hearing(hearer) as one:
        async with over_redis(redis_server.url) as teller:
            tell(teller, commits(1, 50))
        async with over_redis(redis_server.url) as next_one:
            tell(next_one, commits(51, 60))
        assert await one.next(60) == commits(1, 60)


async def test_a_newcomer_hears_only_what_comes(redis_server: RedisServer, upstash: Upstash) -> None:
    async with over_redis(redis_server.url) as teller:
        tell(teller, commits(1, 7))
        await stored(redis_server, 7)
        async with over_redis(redis_server.url) as one, over_upstash(upstash) as other, hearing(one) as here, hearing(other) as there:
            tell(teller, commits(8, 9))
            assert await here.next(2) == await there.next(2) == commits(8, 9)


async def test_a_refusal_tells_no_password(redis_server: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    url = redis_server.url.replace("redis://", "redis://someone:swordfish@")
    async with over_redis(url) as teller, over_redis(redis_server.url) as hearer, hearing(hearer):
        tell(teller, commits(1, 1))
        async with asyncio.timeout(PATIENCE):
            while "is away" not in caplog.text:  # noqa: ASYNC110 (nobody else tells)
                await asyncio.sleep(0.02)
    assert "swordfish" not in caplog.text


def test_one_that_was_never_opened_keeps_to_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "WAITING_BYTES", 100_000)
    never: SharedBus = over_redis("redis://127.0.0.1:1/0")
    tell(never, commits(1, 500))
    assert never.statistics().sent == 500
    assert never.statistics().dropped > 300

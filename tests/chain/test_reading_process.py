"""Reading large answers in another process: it makes a difference to nothing but time, whatever they hold and whoever dies."""

import asyncio
import logging
import pickle
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import psutil
import pytest

from app.chain import reading_process
from app.chain.answers import Logs, check_logs
from app.chain.decoder import Decoded, Decoder
from app.chain.errors import BadAnswer
from app.chain.protocol import load_protocols
from app.chain.reading import Reader
from app.chain.reading_process import ReadingProcess
from app.domain.block import Log
from tests.chain.conftest import readers
from tests.chain.decoding import CHAIN, HUGE, USD, opened
from tests.chain.ledger import MemoryLedger
from tests.chain.logs import ALICE, BOB, CLOSED, CURVE, FACTORY, FUNDING, GOLD, OPENED, ORACLE, PRICE_ORACLE, STATUS, created, log, times
from tests.chain.test_setting_aside import BROKEN, broken

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("at_once")]

CATALOGUE = load_protocols()
TWIN = broken(opened(1), transactionHash="0x" + "12" * 32)
"""Another log in the place of `opened(1)`: a node that says so contradicts itself."""

HEADER = {"jsonrpc": "2.0", "id": 2, "result": {"number": "0x1"}}


@pytest.fixture
async def process() -> AsyncIterator[ReadingProcess]:
    process = ReadingProcess(Reader(CATALOGUE.plans, CHAIN))
    yield process
    await process.close()


def body(logs: list[Any], *others: Any) -> bytearray:
    return bytearray(orjson.dumps([*others, {"jsonrpc": "2.0", "id": 1, "result": logs}, HEADER]))


def decoded(logs: Any, timestamps: Mapping[int, int]) -> Decoded:
    return Decoder(CATALOGUE, CHAIN, MemoryLedger()).decode(logs, timestamps)


def plainly(logs: list[Any]) -> Decoded:
    checked = check_logs(orjson.loads(orjson.dumps(logs)), CATALOGUE.topics, 0, 1 << 60)
    return decoded(checked.logs, times(checked.logs))


def life(seed: int, blocks: int) -> list[Log]:
    """Everything that a market goes through, with logs among it that cannot be read and such as will not do."""
    dice = random.Random(seed)
    logs = [created(GOLD, "GOLD", (0, 0))]
    for number in range(1, blocks):
        for place in range(dice.randrange(6)):
            at, position, size = (number, place), dice.randrange(5), dice.randrange(1, 9) * USD
            logs.append(
                dice.choice([
                    log(OPENED, ALICE, position, dice.random() < 0.5, size, 2_000 * USD, 10, 0, at=at),
                    log(CLOSED, BOB, position, size, 2_100 * USD, -size, 1, at=at),
                    log(CURVE, dice.randrange(1, 9) * USD, 1, 1, at=at),
                    log(FUNDING, -USD, 1, 1, at=at),
                    log(PRICE_ORACLE, size, by=ORACLE, at=at),
                    log(STATUS, bytes(32), dice.random() < 0.5, by=FACTORY, at=at),
                    opened(position, size=HUGE, at=at),
                    opened(position, size=HUGE // 2, at=at),
                    broken(opened(position, at=at), data="0x12"),
                    broken(opened(position, at=at), address="0x12"),
                ])
            )  # fmt: skip
    return logs


@pytest.mark.parametrize("seed", range(2))
async def test_what_another_process_reads_is_what_this_one_would(process: ReadingProcess, seed: int) -> None:
    logs = life(seed, 300)
    answer = await process.parse(body(logs, HEADER))
    assert (answer[0], answer[2]) == (HEADER, HEADER)
    read = answer[1]["result"]
    assert isinstance(read, Logs)
    assert len(read.logs) == len(logs)
    assert list(read.logs.logs()) == orjson.loads(orjson.dumps(logs))
    result = decoded(read.logs, times(logs))
    assert result == plainly(logs)
    assert result.trades
    assert {len(log.data) for log in result.set_aside} > {4}  # some that could not be read, some that were read and would not do


async def test_a_log_that_cannot_be_read_is_set_aside_whole(process: ReadingProcess) -> None:
    refused = 0
    for name, (event, reason) in BROKEN.items():
        logs = [created(GOLD, "GOLD"), event, opened(8, at=(2, 0))]
        read = (await process.parse(body(logs)))[0]["result"]
        if isinstance(read, list):  # the whole answer is bad, and for who asked to refuse
            assert read == orjson.loads(orjson.dumps(logs)), name
            with pytest.raises(BadAnswer):
                check_logs(read, CATALOGUE.topics, 0, 1 << 60)
            refused += 1
            continue
        result = decoded(read.logs, {0: 1, 1: 2, 2: 3})
        (aside,) = result.set_aside
        assert reason in aside.reason, name
        assert (aside.topics, aside.data) == (tuple(event["topics"]), event["data"] or ""), name
        assert [trade.position_id for trade in result.trades] == [8], name
    assert 0 < refused < len(BROKEN) / 2


async def test_times_may_be_known_later_or_never(process: ReadingProcess) -> None:
    logs = [created(GOLD, "GOLD"), opened(7), opened(8, at=(2, 0))]
    read = (await process.parse(body(logs)))[0]["result"]
    result = decoded(read.logs, {0: 5, 2: 9})
    assert [(trade.position_id, trade.timestamp) for trade in result.trades] == [(8, 9)]
    assert [(aside.block_number, aside.data, aside.reason) for aside in result.set_aside] == [
        (1, logs[1]["data"], "the time of block 1 is not known")
    ]


async def test_nonsense_is_left_to_who_asked(process: ReadingProcess) -> None:
    nonsense: tuple[list[Any], ...] = ([None], [{}], ["0x"], [{"topics": [[]]}], [{"topics": ["0x1"]}], [opened(1), TWIN])
    for logs in nonsense:
        assert (await process.parse(body(logs)))[0]["result"] == orjson.loads(orjson.dumps(logs))
    assert isinstance((await process.parse(body([])))[0]["result"], Logs)
    for text in (b" ", b"<html>", b"{", b"\xff"):
        with pytest.raises(orjson.JSONDecodeError):
            await process.parse(bytearray(text))
    single = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32005, "message": "limit"}}
    assert await process.parse(bytearray(orjson.dumps(single))) == single
    assert len(readers()) == 1


async def test_only_many_large_answers_are_worth_it(process: ReadingProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    small, large = body([opened(1)]), body(life(5, 60))
    monkeypatch.setattr(reading_process, "LARGE", len(large))
    monkeypatch.setattr(reading_process, "WORTH", 3 * len(large))

    async def elsewhere(answer: bytearray) -> bool:
        return isinstance((await process.parse(answer))[0]["result"], Logs)

    for _ in range(2):
        assert [await elsewhere(each) for each in (small, large, small, large, large, small, large)] == [False] * 4 + [True, False, True]
        await process.close()


async def test_one_core_is_no_place_for_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    alone = ReadingProcess(Reader(CATALOGUE.plans, CHAIN))
    assert isinstance((await alone.parse(body([opened(1)])))[0]["result"], list)


async def test_logs_that_were_removed_are_no_hindrance(process: ReadingProcess) -> None:
    logs = [created(GOLD, "GOLD"), {"removed": True}, opened(7, size=HUGE), {**opened(9), "removed": True}]
    read = (await process.parse(body(logs)))[0]["result"]
    (aside,) = decoded(read.logs, {0: 1, 1: 2}).set_aside
    assert aside.data == opened(7, size=HUGE)["data"]


async def test_its_death_costs_nothing(process: ReadingProcess, caplog: pytest.LogCaptureFixture) -> None:
    logs = life(1, 50)
    await process.parse(body(logs))
    (child,) = readers()
    child.kill()
    with caplog.at_level(logging.WARNING):
        answers = await asyncio.gather(*(process.parse(body(logs)) for _ in range(3)))
    assert all(answer[0]["result"] == orjson.loads(orjson.dumps(logs)) for answer in answers)
    assert [record.message.partition(" (")[0] for record in caplog.records] == ["the process that reads large answers is gone"]
    assert not readers()


async def test_one_that_never_starts_costs_nothing(process: ReadingProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    logs = life(2, 10)
    assert (await process.parse(body(logs)))[0]["result"] == orjson.loads(orjson.dumps(logs))


async def test_answers_wait_for_each_other(process: ReadingProcess) -> None:
    lives = [life(seed, 60) for seed in range(6)]
    answers = await asyncio.gather(*(process.parse(body(logs)) for logs in lives))
    for logs, answer in zip(lives, answers, strict=True):
        assert decoded(answer[0]["result"].logs, times(logs)) == plainly(logs)
    assert len(readers()) == 1


async def test_answers_that_nobody_waits_for_any_more_are_no_one_elses(process: ReadingProcess) -> None:
    """However often who waited was cancelled: a question is not put before the answer to the one before was taken."""
    await process.parse(body([opened(1)]))
    (child,) = readers()
    child.suspend()
    dropped = asyncio.create_task(process.parse(body(life(3, 60))))
    for _ in range(3):
        await asyncio.sleep(0.02)
        dropped.cancel()
    questions = [[opened(place, at=(1, place)) for place in range(count)] for count in (3, 5)]
    waiting = [asyncio.create_task(process.parse(body(logs))) for logs in questions]
    await asyncio.sleep(0.05)
    child.resume()
    for logs, answer in zip(questions, await asyncio.gather(*waiting), strict=True):
        assert list(answer[0]["result"].logs.logs()) == orjson.loads(orjson.dumps(logs))
    with pytest.raises(asyncio.CancelledError):
        await dropped


async def test_it_goes_when_it_is_closed_and_comes_again(process: ReadingProcess) -> None:
    for _ in range(2):
        assert isinstance((await process.parse(body([opened(1)])))[0]["result"], Logs)
        assert len(readers()) == 1
        await process.close()
        assert not readers()


async def test_one_that_hangs_is_ended_all_the_same(process: ReadingProcess, caplog: pytest.LogCaptureFixture) -> None:
    await process.parse(body([opened(1)]))
    (child,) = readers()
    child.suspend()
    waiting = asyncio.create_task(process.parse(body(life(4, 60))))
    await asyncio.sleep(0.05)
    await process.close()
    assert not readers()
    assert (await waiting)[0]["result"] == orjson.loads(orjson.dumps(life(4, 60)))
    assert not caplog.records
    assert isinstance((await process.parse(body([opened(2)])))[0]["result"], Logs)


async def test_one_that_hangs_is_given_up(process: ReadingProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_process, "PATIENCE", 1)
    await process.parse(body([opened(1)]))
    (child,) = readers()
    child.suspend()
    assert (await process.parse(body([opened(2)])))[0]["result"] == orjson.loads(orjson.dumps([opened(2)]))
    assert not readers()


async def test_it_outlives_signals_that_are_meant_for_all(process: ReadingProcess) -> None:
    await process.parse(body([opened(1)]))
    (child,) = readers()
    for number in (signal.SIGINT, signal.SIGTERM):
        child.send_signal(number)
    assert isinstance((await process.parse(body([opened(2)])))[0]["result"], Logs)


PARENT = """
import asyncio, os, psutil, time
from app.chain import reading_process
from app.chain.reading import Reader

os.cpu_count = lambda: 2
reading_process.LARGE = reading_process.WORTH = 1
asyncio.run(reading_process.ReadingProcess(Reader({}, 1)).parse(bytearray(b'{"result": []}')))
print(psutil.Process().children()[0].pid, flush=True)
time.sleep(60)
"""


def test_it_is_gone_with_who_started_it() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as parent:
        assert parent.stdout
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    psutil.wait_procs([child], timeout=20)
    assert not child.is_running()


def test_a_catalogue_is_read_alike_elsewhere() -> None:
    """Plans go to the other process by what they are made from: the operator's own files are read once."""
    for topic, plan in CATALOGUE.plans.items():
        again = pickle.loads(pickle.dumps(plan))
        assert repr(again).partition(", split=")[0] == repr(plan).partition(", split=")[0], topic
        assert (again.topics, again.split.size, again.text) == (plan.topics, plan.split.size, plan.text)

"""What can go wrong on the way to a ClickHouse server and back: the store ends right, and its operator is told."""

import itertools
import socket
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.store.client import Database, StoreError, open_database
from app.store.verify import verify
from tests.certificates import self_signed
from tests.store.bridge import PASSWORD, USER, Around, Bridge
from tests.store.ledgers import expected, ledger_on, stored
from tests.store.rows import block
from tests.store.test_http import FIRST, SECOND, writes
from tests.store.wire import Cut, Refused, Request, encoded


@pytest.fixture
def impatient(server: Bridge, database: Database) -> Iterator[Database]:
    """The database, by a client that does not wait for long."""
    with open_database(server.settings(database.name, clickhouse_request_timeout=2_000)) as opened:
        yield opened


def at(step: int, act: Around, counts: Callable[[Request], bool] = writes) -> Around:
    """Does *act* to the statement counted *step*, and lets the others pass."""
    numbers = itertools.count()

    def around(request: Request, execute: Callable[[], bytes]) -> bytes:
        return act(request, execute) if counts(request) and next(numbers) == step else execute()

    return around


@pytest.mark.parametrize("wrong", ["password", "user"])
def test_who_is_not_let_in_is_told_what_to_do(server: Bridge, database: Database, wrong: str) -> None:
    secret = "not-the-one" if wrong == "password" else PASSWORD
    changes = {"clickhouse_password": secret, "clickhouse_user": USER if wrong == "password" else "nobody"}
    with pytest.raises(StoreError, match=r"^Code: 516.*Authentication failed") as caught:
        open_database(server.settings(database.name, **changes))
    assert len(caught.value.advice.splitlines()) == 1
    assert "CLICKHOUSE_PASSWORD" in caught.value.advice
    assert secret not in "".join(traceback.format_exception(caught.value))


def test_over_tls_the_certificate_must_be_one_that_is_trusted(
    engine_path: Path, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = self_signed(tmp_path / "both.pem")
    with Bridge(engine_path).serving(certificate) as server:
        settings = server.settings(database.name)
        with pytest.raises(StoreError, match="certificate verify failed") as caught:
            open_database(settings)
        assert "CLICKHOUSE_HOST" in caught.value.advice
        assert PASSWORD not in "".join(traceback.format_exception(caught.value))
        assert not server.requests
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))  # as with an authority of one's own
        with open_database(settings) as remote:
            ledger_on(remote).commit(FIRST)
            assert stored(remote) == stored(database) == expected(FIRST)
            assert verify(remote) == []
        with pytest.raises(StoreError, match=r"^Code: 516"):
            open_database(server.settings(database.name, clickhouse_password="not-the-one"))


def test_nobody_there(server: Bridge, database: Database) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(StoreError, match=r"^ClickHouse cannot be reached: Connection refused$") as caught:
        open_database(server.settings(database.name, clickhouse_host=f"127.0.0.1:{port}"))
    assert "CLICKHOUSE_HOST" in caught.value.advice
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))


def no_memory(**how: Any) -> Refused:
    return Refused(241, "Memory limit (total) exceeded: would use 1.00 GiB. (MEMORY_LIMIT_EXCEEDED)", **how)


def refuse(request: Request, execute: Callable[[], bytes]) -> bytes:
    raise no_memory()


def refuse_late(request: Request, execute: Callable[[], bytes]) -> bytes:
    execute()
    raise no_memory(late=True)


def break_off(request: Request, execute: Callable[[], bytes]) -> bytes:
    execute()
    raise Cut


def test_failures_in_the_middle_of_an_answer(server: Bridge, remote: Database) -> None:
    sql = "SELECT number, toString(number) FROM numbers(100000)"

    def begin(request: Request, execute: Callable[[], bytes]) -> bytes:
        raise no_memory(begun=execute())

    def cut(request: Request, execute: Callable[[], bytes]) -> bytes:
        raise Cut(encoded(request, execute()))

    for around, reason in ((begin, "Memory limit"), (refuse_late, "Memory limit"), (break_off, "broke"), (cut, "broke|closed")):
        server.around = around
        reads: list[Callable[[], object]] = [lambda: remote.rows(sql), lambda: remote.raw(sql, "JSONColumns"), lambda: remote.run(sql)]
        for read in reads:
            with pytest.raises(StoreError, match=reason) as caught:
                read()
            assert len(str(caught.value).splitlines()) == 1


def test_an_earlier_failure_is_not_blamed(server: Bridge, remote: Database) -> None:
    server.around = break_off
    try:
        remote.rows("SELECT 1")
    except StoreError:
        server.around = refuse
        with pytest.raises(StoreError, match="Memory limit"):
            remote.rows("SELECT 1")


@pytest.mark.parametrize("fault", [refuse, refuse_late, break_off])
def test_a_commit_that_fails_anywhere_is_whole_or_nothing(server: Bridge, remote: Database, fault: Around) -> None:
    """None is sent a second time behind the writer's back: the first may have taken effect."""
    ledger = ledger_on(remote)
    ledger.commit(FIRST)
    for step in itertools.count():
        server.around = at(step, fault)
        try:
            ledger.commit(SECOND)
        except StoreError:
            ledger.recover()
        else:
            break
        done = ledger.checkpoint() == block(139)
        assert stored(remote) == (expected(FIRST, SECOND) if done else expected(FIRST))
        assert verify(remote) == []
        ledger.rewind(120)
    assert step >= 4  # journal, markets, trades, checkpoint


@pytest.mark.parametrize("killable", [True, False])
@pytest.mark.parametrize("act", ["commit", "rewind"])
def test_a_statement_that_outlasts_its_client(server: Bridge, impatient: Database, act: str, killable: bool) -> None:
    """The server goes on with it: the repair ends it first, or waits until it is done."""
    doomed = ("INSERT INTO `vamm_market_transactions`", "DELETE FROM vamm_market_transactions")
    ledger = ledger_on(impatient)
    ledger.commit(FIRST)
    if act == "rewind":
        ledger.commit(SECOND)

    held: list[Request] = []

    def hold(request: Request, execute: Callable[[], bytes]) -> bytes:
        held.append(request)
        if request.killed.wait(10) and killable:
            raise Refused(394, "Query was cancelled. (QUERY_WAS_CANCELLED)")
        return execute()

    server.around = at(0, hold, lambda request: request.sql.startswith(doomed))
    with pytest.raises(StoreError, match=r"^ClickHouse did not answer in time$"):
        ledger.commit(SECOND) if act == "commit" else ledger.rewind(120)
    ledger.recover()
    assert [request.done.is_set() for request in held] == [True]
    assert ledger.checkpoint() == block(119)
    assert stored(impatient) == expected(FIRST)
    assert verify(impatient) == []
    ledger.commit(SECOND)
    assert stored(impatient) == expected(FIRST, SECOND)
    assert verify(impatient) == []

"""Rewinding, repairing and trying again, on the real store."""

import asyncio
from typing import Any, cast

import pytest

from app import operations
from app.domain.block import Block, SetAside
from app.following import Following, ledger
from app.settings import Settings
from app.store.client import Database
from app.store.rows import set_aside as set_aside_rows
from app.store.verify import verify
from tests.store.rows import CHAIN, batch, block

SETTINGS = Settings()
OPENED = "0x345a1e15bff227bfd5051975d95c864c45cf9fe79def6f9ce1c1525b0e831226"
"""Topic of PositionOpened."""


@pytest.fixture
def filled(database: Database) -> Database:
    """Blocks 1 to 40 of one chain."""
    book = ledger(SETTINGS, database, CHAIN)
    book.recover()
    book.commit(batch(1, 40))
    book.release()
    return database


class Head:
    """A source that knows nothing but its head."""

    async def head(self) -> int:
        return 100


def following(database: Database, start_block: int = 0) -> Following:
    return Following(cast(Any, Head()), ledger(SETTINGS, database, CHAIN), cast(Any, None), start_block)


def span(database: Database, first: int | None, last: int | None) -> operations.Span:
    return asyncio.run(operations.span(following(database, first or 0), first, last))


def take_back(database: Database, first: int, last: int | None) -> int | None:
    return asyncio.run(operations.take_back(following(database), first, last))


def test_the_only_chain_needs_no_name(filled: Database) -> None:
    assert operations.chain(filled) == CHAIN
    assert operations.chain(filled, CHAIN) == CHAIN
    with pytest.raises(operations.WhichChain, match=f"stored chains are {CHAIN}"):
        operations.chain(filled, 1)


def test_one_of_several_chains_is_named(filled: Database) -> None:
    other = ledger(SETTINGS, filled, 56)
    other.recover()
    other.commit(batch(1, 3))
    other.release()
    with pytest.raises(operations.WhichChain, match="stored chains are 56, 137"):
        operations.chain(filled)
    assert operations.chain(filled, 56) == 56


def test_an_empty_store_says_so(database: Database) -> None:
    with pytest.raises(operations.NothingStored):
        operations.chain(database)


def test_a_span_begins_where_the_store_ends(database: Database) -> None:
    assert span(database, 7, 20) == (7, 20)
    assert span(database, 7, None) == (7, 100)
    book = ledger(SETTINGS, database, CHAIN)
    book.recover()
    book.commit(batch(7, 20))
    assert span(database, 0, 30) == (21, 30)
    assert span(database, 21, 500) == (21, 100)
    assert span(database, 0, 10) == (21, 10)
    with pytest.raises(operations.Gap, match="block 20 is the newest stored, and 22 does not follow it"):
        span(database, 22, 30)
    assert span(database, None, 30) == (21, 30)


def test_older_blocks_do_not_go_under_newer_ones(database: Database) -> None:
    book = ledger(SETTINGS, database, CHAIN)
    book.recover()
    rows = batch(7, 20)
    rows.first_block = 5
    book.commit(rows)
    assert span(database, 5, 30) == (21, 30)
    with pytest.raises(operations.Buried, match="block 5 is the first that was read") as refused:
        span(database, 4, 30)
    assert "Add --again to take everything back and read it anew from block 4" in refused.value.advice


def test_blocks_are_taken_back_to_be_read_again(filled: Database) -> None:
    with pytest.raises(operations.BeyondTheHead, match="block 101 is not on the chain yet, the newest to read is 100"):
        take_back(filled, 101, None)
    assert take_back(filled, 41, 60) == 60
    assert take_back(filled, 30, 35) == 40
    assert span(filled, 30, 40) == (30, 40)
    assert take_back(filled, 0, None) is None
    assert span(filled, 3, 40) == (3, 40)
    assert filled.rows("SELECT count() FROM vamm_market_transactions") == [(0,)]


def test_rewind_keeps_the_block_that_is_named(filled: Database) -> None:
    assert operations.rewind(SETTINGS, filled, CHAIN, 25) == (block(40), block(25), 0)
    assert filled.rows("SELECT max(block_number) FROM vamm_market_transactions")[0][0] <= 25
    assert verify(filled) == []
    assert operations.rewind(SETTINGS, filled, CHAIN, 30) == (block(25), block(25), 0)


def test_rewind_does_not_go_between_another_writer_and_its_rows(filled: Database) -> None:
    claim = "INSERT INTO vamm_leases (chain_id, holder, expires_at) SELECT {chain_id:UInt64}, 'somebody else', now64(3) + 60"
    filled.run(claim, {"chain_id": CHAIN})
    with pytest.raises(operations.WriterAtWork, match="another writer is at work: somebody else"):
        operations.rewind(SETTINGS, filled, CHAIN, 25)


def test_mend_makes_rollups_what_the_raw_rows_say(filled: Database) -> None:
    filled.run("DELETE FROM vamm_ohlcv_1m WHERE market_id = 2")
    differences = verify(filled)
    assert {(row.table, row.market_id) for row in differences} == {("vamm_ohlcv_1m", 2)}
    operations.mend(SETTINGS, filled, differences)
    assert verify(filled) == []


def test_set_aside_logs_come_oldest_first_and_are_read_again(filled: Database) -> None:
    contract = f"0x{1:040x}"
    word = f"{10**18:064x}"
    topics = (OPENED, f"0x{7:064x}", f"0x{1:064x}")

    def log(number: int, data: str) -> SetAside:
        there: Block = block(number)
        return SetAside(CHAIN, number, there.hash, there.timestamp, f"0x{number:064x}", 900, contract, topics, data, "unread")

    good, bad = log(30, "0x" + f"{1:064x}" + word * 4), log(20, "0x12")
    lost = SetAside(CHAIN, 0, "", 0, "", 0, contract, topics, good.data, "no place in the chain")
    filled.insert("vamm_set_aside", set_aside_rows([good, bad, lost]))
    logs = operations.set_aside(filled, CHAIN)
    assert logs == [lost, bad, good]
    assert operations.set_aside(filled, CHAIN, 1) == [lost]
    assert operations.readable(SETTINGS, filled, logs) == [good]
    assert operations.readable(SETTINGS, filled, []) == []

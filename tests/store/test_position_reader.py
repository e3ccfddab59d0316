"""Positions as their events leave them, and pages of them."""

from collections.abc import Sequence
from decimal import Context, Decimal

import pytest

from app.domain.fixed import ONE
from app.domain.trade import PositionKey, Trade
from app.store import position_reader, rows
from app.store.client import Database
from app.store.past import Past
from app.store.position_reader import Position, PositionReader
from app.store.verify import verify
from tests.store.ledgers import ledger_on
from tests.store.lives import NOTHING, Life, random_life
from tests.store.rows import GENESIS

EXACT = Context(prec=80)
DAY_OF_BLOCKS = 17_280


def amount(units: int) -> Decimal:
    return EXACT.scaleb(Decimal(units), -18)


def store(database: Database, *lives: Life, parts: int = 3) -> None:
    every = [row for life in lives for row in life.rows]
    for part in range(parts):
        database.insert("vamm_market_transactions", rows.trades(every[part::parts]))


def brute_force(events: Sequence[Trade]) -> dict[PositionKey, Position]:
    """Every position, by plain reading of its events in order."""
    found: dict[PositionKey, Position] = {}
    for row in events:
        if row.action not in ("open", "increase", "close", "liquidate", "trade", "liquidation_note"):
            continue
        key = PositionKey(row.market_id, row.position_id)
        whole = row.action in ("open", "trade")
        zero = Decimal(0)
        last = found.get(key) or Position(
            *key, "", None, zero if whole else None, None, zero, zero, zero, row.timestamp if whole else None, 0, False
        )
        if row.action == "trade" and last.opened_at is None:  # its first event was a note
            first = next(event.timestamp for event in events if (event.market_id, event.position_id) == key)
            last = last._replace(opened_at=first)
        last = _moved(last, row)
        found[key] = last._replace(
            realised_pnl=EXACT.add(last.realised_pnl, amount(row.pnl or 0)),
            fees=EXACT.add(last.fees, amount(row.fee)),
            liquidated=EXACT.add(last.liquidated, amount(row.liquidation_volume)),
            updated_at=row.timestamp,
            is_open=None if last.size is None else last.size > 0,
        )
    return found


def _moved(last: Position, row: Trade) -> Position:
    size = last.size
    entry = amount(row.entry_price) if row.entry_price else None
    match row.action:
        case "open":
            size = None if size is None else EXACT.add(size, amount(row.size))
            return last._replace(size=size, is_long=row.is_long, entry=entry, owner=row.user_address)
        case "increase":
            return last._replace(size=None if size is None else EXACT.add(size, amount(row.size)), entry=entry)
        case "close" | "liquidate":
            return last._replace(size=None if size is None else EXACT.subtract(size, amount(row.size)))
        case "trade":
            return last._replace(size=amount(row.position_size or 0), is_long=row.is_long, entry=entry, owner=row.user_address)
    return last


def read_all(reader: PositionReader, market_id: int, limit: int, *, open_only: bool) -> list[Position]:
    found: list[Position] = []
    after = None
    while True:
        page = reader.of_market(market_id, limit=limit, after=after, open_only=open_only)
        found += page.items
        if page.next is None:
            return found
        after = page.next


@pytest.mark.parametrize("seed", range(3))
def test_positions_are_what_their_events_say(database: Database, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(position_reader, "SCANNED", 5)
    lives = [random_life(market_id, seed=10 * seed + market_id, events=80) for market_id in (1, 2**64 - 1)]
    store(database, *lives)
    reader = PositionReader(database)
    for life in lives:
        every = brute_force(life.rows)
        in_order = [every[key] for key in sorted(every)]
        assert read_all(reader, life.market_id, 3, open_only=False) == in_order
        assert read_all(reader, life.market_id, 3, open_only=True) == [position for position in in_order if position.is_open]
        for key, position in every.items():
            assert reader.position(*key) == position
        assert reader.at([*every, PositionKey(life.market_id, 2**256 - 1)]) == every
        assert Past(database).position_sides(list(every)) == {
            key: every[key].is_long for key in every if any(r.action == "open" and r.position_id == key.position_id for r in life.rows)
        }


def test_the_positions_of_an_owner(database: Database) -> None:
    lives = [random_life(market_id, seed=market_id, events=80) for market_id in (1, 2, 3)]
    store(database, *lives)
    reader = PositionReader(database)
    every = brute_force([row for life in lives for row in life.rows])
    for owner in ("0x" + "0" * 39 + "1", f"0x{1003:040x}"):
        owned = [every[key] for key in sorted(every) if every[key].owner == owner]
        assert owned
        found, after = [], None
        while page := reader.of_owner(owner.upper().replace("X", "x"), limit=2, after=after):
            found += page.items
            if (after := page.next) is None:
                break
        assert found == owned
        assert reader.of_owner(owner, limit=99, open_only=True).items == [position for position in owned if position.is_open]
    assert reader.of_owner("0xbeef", limit=5) == ([], None)


def test_one_life(database: Database) -> None:
    life = Life(7)
    life.open(3, 10, 100, long=False, owner="0xab")
    life.increase(3, 5, 110)
    life.next_block += DAY_OF_BLOCKS
    life.close(3, 6, 90, 60)
    life.liquidate(3, 9, 130)
    store(database, life)
    found = PositionReader(database).position(7, 3)
    assert found == Position(
        7, 3, "0xab", False, Decimal(0), Decimal(110), Decimal(60), Decimal("0.4"), Decimal(9), GENESIS + 5,
        GENESIS + 5 * (4 + DAY_OF_BLOCKS), False,
    )  # fmt: skip
    assert PositionReader(database).position(7, 4) is None
    assert PositionReader(database).position(8, 3) is None


def test_entries_that_a_listener_goes_on_from(database: Database) -> None:
    """What stands in the last trade of a netted position, 0 where that did not know; others are not told."""
    life = Life(7)
    life.open(3, 10, 100)
    life.close(3, 6, 90)
    life.net(77, 5, entry=80)
    life.next_block += DAY_OF_BLOCKS
    life.net(77, -9, entry=0)
    life.net(78, 5, entry=81)
    life.close(4, 6, 90)
    store(database, life)
    keys = [PositionKey(7, number) for number in (3, 4, 77, 78, 79)]
    assert Past(database).position_entries(keys) == {keys[2]: 0, keys[3]: 81 * ONE}


def test_a_number_that_is_used_again_is_of_its_last_owner(database: Database) -> None:
    life = Life(7)
    for owner in ("0xcc", "0xbb", "0xaa"):
        life.open(3, 10, 100, owner=owner)
        life.close(3, 10, 90)
        life.next_block += DAY_OF_BLOCKS if owner == "0xbb" else 0
    store(database, life)
    reader = PositionReader(database)
    found = reader.position(7, 3)
    assert found
    assert found.owner == "0xaa"
    assert reader.of_owner("0xaa", limit=5).items == [found]
    assert reader.of_owner("0xbb", limit=5).items == reader.of_owner("0xcc", limit=5).items == []


def test_an_opening_of_nothing_changes_nothing(database: Database) -> None:
    life = Life(7)
    life.open(3, 10, 100, owner="0xaa")
    life.open(4, 0, 100, owner="0xaa")
    for _ in range(2):
        nothing = NOTHING | {"position_id": 3, "is_long": False, "user_address": "0xbb", "entry_price": 7 * ONE}
        life.row("open", **nothing)
        life.close(3, 2, 90)
        life.next_block += DAY_OF_BLOCKS
    store(database, life)
    found = PositionReader(database).position(7, 3)
    assert found
    assert (found.is_long, found.size, found.entry, found.owner) == (True, Decimal(6), Decimal(100), "0xaa")
    assert PositionReader(database).of_market(7, limit=5).items == [found]
    assert Past(database).position_sides([PositionKey(7, 3), PositionKey(7, 4)]) == {PositionKey(7, 3): True}
    assert verify(database) == []


def test_what_began_before_the_first_block_is_not_guessed(database: Database) -> None:
    life = Life(7)
    life.close(3, 6, 90, 60)
    store(database, life)
    found = PositionReader(database).position(7, 3)
    assert found
    assert (found.size, found.is_open, found.is_long, found.entry, found.opened_at) == (None,) * 5
    assert found.realised_pnl == 60
    assert PositionReader(database).of_market(7, limit=9).items == []
    assert Past(database).position_sides([PositionKey(7, 3)]) == {}


def test_amounts_are_exact_and_sums_do_not_overflow(database: Database) -> None:
    most = 10**38 - 1
    life = Life(7)
    for _ in range(3):
        life.open(2**256 - 1, 1, 1)
        life.close(2**256 - 1, 1, 1)
    life.rows = [row._replace(size=most) if row.action == "open" else row._replace(size=1, fee=most) for row in life.rows]
    store(database, life)
    found = PositionReader(database).position(7, 2**256 - 1)
    assert found
    assert found.size == amount(3 * most - 3)
    assert found.fees == EXACT.add(amount(3 * most), Decimal("0.3"))
    assert PositionReader(database).of_market(7, limit=1).next == PositionKey(7, 2**256 - 1)
    assert PositionReader(database).of_market(7, limit=1, after=PositionKey(7, 2**256 - 1)) == ([], None)


def test_a_rewind_takes_positions_back(database: Database) -> None:
    life = random_life(1, seed=5, events=60)
    ledger = ledger_on(database)
    ledger.commit(life.batch())
    ledger.rewind(life.rows[30].block_number)
    left = brute_force(life.rows[:30])
    assert read_all(PositionReader(database), 1, 100, open_only=False) == [left[key] for key in sorted(left)]


def test_pages_hold_their_place_while_positions_come_and_go(database: Database) -> None:
    life = Life(1)
    for position in range(0, 20, 2):
        life.open(position, 1, 100)
    store(database, life)
    reader = PositionReader(database)
    page = reader.of_market(1, limit=4)
    assert [position.position_id for position in page.items] == [0, 2, 4, 6]
    late = Life(1, first_block=100)
    late.open(1, 1, 100)
    late.open(11, 1, 100)
    late.sides[8] = True
    late.close(8, 1, 100)
    store(database, late)
    assert [position.position_id for position in reader.of_market(1, limit=4, after=page.next).items] == [10, 11, 12, 14]
    assert life.rows[0].size == ONE

"""Saved charts in the store: what was saved is there, byte for byte, and nobody else's."""

import random
import threading
import time
import uuid
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.store.chart_store import CHARTS, LARGEST_ID, WALKED_AT_ONCE, ChartStore, Draft, Owner, Shelf, StorageFull
from app.store.client import Database, StoreError
from tests.depth import examples
from tests.store.bridge import Bridge
from tests.store.ledgers import expected, ledger_on, stored
from tests.store.rows import batch

OURS = Shelf(Owner("site", "ann"), CHARTS)
HOSTILE = (
    "' OR 1=1 --",
    "\\",
    "\\N",
    "a\tb\nc\r\0d",
    "{item:String}",
    "`; DROP TABLE vamm_charts",
    "%27%00",
    "ключ 🗝",
    "NULL",
    "../..",
    "$(id)",
)
MANY = """
INSERT INTO vamm_charts (client, user, shelf, item, version, name)
SELECT concat('client ', toString(number % 2)), concat('user ', toString(number)), 'charts', '1', 1, 'n' FROM numbers(10000, 60000)
"""
EVERY_BYTE = bytes(range(256))


@pytest.fixture
def store(database: Database) -> ChartStore:
    return ChartStore(database, most=1_000)


def keys(store: ChartStore, shelf: Shelf = OURS) -> list[str]:
    return [item.key for item in store.items(shelf)]


def count_rows(database: Database) -> int:
    return int(database.rows("SELECT count() FROM vamm_charts")[0][0])


def test_a_chart_is_saved_listed_loaded_overwritten_and_deleted(store: ChartStore) -> None:
    before = int(time.time())
    number = store.add(OURS, Draft("Gold", b'{"bars": 1}', "VAMM:GOLD", "60"))
    assert 0 < number <= LARGEST_ID
    key = str(number)
    (item,) = store.items(OURS)
    assert (item.key, item.name, item.symbol, item.resolution) == (key, "Gold", "VAMM:GOLD", "60")
    assert before <= item.saved_at <= time.time()
    saved = store.load(OURS, key)
    assert saved == (item.saved_at, "Gold", b'{"bars": 1}')
    assert store.replace(OURS, key, Draft("Gold 2", b"", "VAMM:OIL", "1D"))
    assert store.load(OURS, key) == (store.items(OURS)[0].saved_at, "Gold 2", b"")
    assert store.remove(OURS, key)
    assert store.load(OURS, key) is None
    assert store.items(OURS) == []
    assert not store.remove(OURS, key)
    assert not store.replace(OURS, key, Draft("late", b""))
    assert store.items(OURS) == []


def test_a_template_lies_under_its_name_and_can_come_back(store: ChartStore) -> None:
    shelf = Shelf(OURS.owner, "study_templates")
    for content in (b"one", b"two"):
        store.put(shelf, "Mine", Draft("Mine", content))
    assert keys(store, shelf) == ["Mine"]
    assert store.remove(shelf, "Mine")
    store.put(shelf, "Mine", Draft("Mine", b"three"))
    saved = store.load(shelf, "Mine")
    assert saved
    assert saved.content == b"three"


def test_owners_and_shelves_are_apart(store: ChartStore) -> None:
    shelves = [Shelf(Owner(client, user), name) for client in "ab" for user in "ab" for name in ("charts", "drawing_templates/Line")]
    for shelf in shelves:
        store.put(shelf, "7", Draft(str(shelf), b"own"))
    for shelf in shelves:
        assert [item.name for item in store.items(shelf)] == [str(shelf)]
    assert store.remove(shelves[0], "7")
    assert [bool(store.items(shelf)) for shelf in shelves] == [False] + [True] * (len(shelves) - 1)


def test_saved_last_comes_first(store: ChartStore) -> None:
    first, second, third = (str(store.add(OURS, Draft(name, b""))) for name in ("one", "two", "three"))
    assert keys(store) == [third, second, first]
    store.replace(OURS, first, Draft("one again", b""))
    assert keys(store) == [first, third, second]


@pytest.mark.parametrize("content", [b"", EVERY_BYTE, b"\0" * 9, b"\r\n", "ä€𝄞\u2028".encode(), b'"\\N"'])
def test_bytes_stay_as_they_are(store: ChartStore, content: bytes) -> None:
    saved = store.load(OURS, str(store.add(OURS, Draft("n", content))))
    assert saved
    assert saved.content == content


def test_ten_megabytes(store: ChartStore) -> None:
    content = random.Random(1).randbytes(10 * 1024 * 1024)
    saved = store.load(OURS, str(store.add(OURS, Draft("large", content))))
    assert saved
    assert saved.content == content


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_are_no_sql(store: ChartStore, text: str) -> None:
    shelf = Shelf(Owner(text, text), text)
    store.put(OURS, "innocent", Draft("innocent", b""))
    store.put(shelf, text, Draft(text, text.encode(), text, text))
    (item,) = store.items(shelf)
    assert item[:4] == (text,) * 4
    assert store.load(shelf, text) == (item.saved_at, text, text.encode())
    assert store.remove(shelf, text)
    store.sweep(time.time() + 1)
    assert store.items(shelf) == []
    assert keys(store) == ["innocent"]


STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "replace", "remove", "sweep"]), st.sampled_from("abc"), st.binary(max_size=40)), max_size=12
)


@settings(max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_it_behaves_like_a_dictionary(store: ChartStore, steps: list[tuple[str, str, bytes]]) -> None:
    shelf = Shelf(Owner("site", str(uuid.uuid4())), "study_templates")
    model: dict[str, bytes] = {}
    for step, key, content in steps:
        if step == "put":
            store.put(shelf, key, Draft(key, content))
            model[key] = content
        elif step == "replace":
            assert store.replace(shelf, key, Draft(key, content)) == (key in model)
            model |= {key: content} if key in model else {}
        elif step == "remove":
            assert store.remove(shelf, key) == (model.pop(key, None) is not None)
        else:
            store.sweep(time.time() + 1)
        assert {name: saved.content for name in "abc" if (saved := store.load(shelf, name))} == model
        assert {item.key for item in store.items(shelf)} == set(model)


def test_a_user_has_so_many_things_on_all_shelves(database: Database) -> None:
    store = ChartStore(database, most=3)
    templates = Shelf(OURS.owner, "study_templates")
    number = store.add(OURS, Draft("1", b""))
    store.put(templates, "2", Draft("2", b""))
    store.put(templates, "3", Draft("3", b""))
    with pytest.raises(StorageFull):
        store.add(OURS, Draft("4", b""))
    with pytest.raises(StorageFull):
        store.put(templates, "4", Draft("4", b""))
    store.put(templates, "3", Draft("3", b"again"))
    assert store.replace(OURS, str(number), Draft("again", b""))
    store.add(Shelf(Owner("site", "ben"), CHARTS), Draft("another's", b""))
    assert store.remove(templates, "2")
    store.add(OURS, Draft("4", b""))


def test_a_later_save_counts_whatever_the_clock_says(store: ChartStore, monkeypatch: pytest.MonkeyPatch) -> None:
    key = str(store.add(OURS, Draft("first", b"")))
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now - 3_600 * 10**9)
    for name in ("second", "third"):
        assert store.replace(OURS, key, Draft(name, b""))
        assert [item.name for item in store.items(OURS)] == [name]
    assert store.remove(OURS, key)
    assert store.items(OURS) == []


def test_an_id_that_is_taken_is_not_given_again(store: ChartStore, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = iter([6, 6, 7])
    monkeypatch.setattr("app.store.chart_store.secrets.randbelow", lambda _: next(numbers))
    assert store.add(OURS, Draft("first", b"1")) == 7
    assert store.add(OURS, Draft("second", b"2")) == 8
    saved = store.load(OURS, "7")
    assert saved
    assert saved.name == "first"


def test_what_was_deleted_is_swept_out_and_nothing_else(store: ChartStore, database: Database) -> None:
    kept = str(store.add(OURS, Draft("kept", b"")))
    for _ in range(3):
        store.replace(OURS, kept, Draft("kept", b"newer"))
    gone = [str(store.add(OURS, Draft("gone", b""))) for _ in range(3)]
    for key in gone:
        store.remove(OURS, key)
    store.sweep(time.time() - 60)
    assert keys(store) == [kept]
    assert {key for (key,) in database.rows("SELECT item FROM vamm_charts WHERE deleted = 1")} == set(gone)
    store.sweep(time.time() + 60)
    assert keys(store) == [kept]
    assert {key for (key,) in database.rows("SELECT item FROM vamm_charts")} == {kept}


def test_a_deletion_holds_where_sweeping_fails(store: ChartStore, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(before: float) -> None:
        raise StoreError("not allowed")

    key = str(store.add(OURS, Draft("gone", b"")))
    monkeypatch.setattr(store, "sweep", refused)
    assert store.remove(OURS, key)
    assert store.items(OURS) == []


def test_a_deletion_holds_where_sweeping_is_past_a_limit(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    database.run(MANY)
    with database.limited({"max_rows_to_read": 5_000}, size=1) as limited:
        store = ChartStore(limited, most=9)
        key = str(store.add(OURS, Draft("gone", b"")))
        assert store.remove(OURS, key)
        assert store.items(OURS) == []
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_sweep_goes_on_where_the_one_before_stopped_and_begins_anew(database: Database) -> None:
    database.run(MANY)
    store = ChartStore(database, most=9)
    deleted = [Shelf(Owner("client 1", f"user {number}"), CHARTS) for number in (10_001, 40_001, 69_999)]
    for shelf in deleted:
        assert store.remove(shelf, "1")
    with database.limited({"max_rows_to_read": 60_000}, size=1) as limited:
        sweeping = ChartStore(limited, most=9)
        for _ in range(1 + 70_000 // WALKED_AT_ONCE):
            sweeping.sweep(time.time() + 1)
        assert count_rows(database) == 60_000 - len(deleted)
        store.put(deleted[0], "1", Draft("back", b"again"))
        store.put(deleted[1], "1", Draft("back", b"again"))
        assert store.remove(deleted[1], "1")
        for _ in range(1 + 70_000 // WALKED_AT_ONCE):
            sweeping.sweep(time.time() + 1)
    assert count_rows(database) == 60_000 - len(deleted) + 1
    assert [item.name for item in store.items(deleted[0])] == ["back"]


def test_saves_at_once_leave_one_of_them_whole(store: ChartStore) -> None:
    key = str(store.add(OURS, Draft("0", b"0")))
    drafts = [Draft(str(number), str(number).encode() * 20_000, str(number), str(number)) for number in range(1, 9)]
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(lambda draft: store.replace(OURS, key, draft), drafts))
    (item,) = store.items(OURS)
    saved = store.load(OURS, key)
    assert saved
    assert item.name == item.symbol == item.resolution == saved.name
    assert saved.content == saved.name.encode() * 20_000


def test_saves_beside_a_listener_that_writes(store: ChartStore, database: Database) -> None:
    batches = [batch(100 + 20 * number, 119 + 20 * number) for number in range(5)]
    ledger = ledger_on(database)
    writing = threading.Thread(target=lambda: deque(map(ledger.commit, batches), maxlen=0))
    writing.start()
    with ThreadPoolExecutor(3) as pool:
        numbers = list(pool.map(lambda number: store.add(OURS, Draft(str(number), b"x" * 1_000)), range(30)))
    writing.join()
    assert stored(database) == expected(*batches)
    assert set(keys(store)) == {str(number) for number in numbers}
    assert len(set(numbers)) == 30


def test_on_a_server(server: Bridge, remote: Database, database: Database) -> None:
    there, here = ChartStore(remote, most=10), ChartStore(database, most=10)
    content = EVERY_BYTE * 4_000
    for text in HOSTILE[:4]:
        shelf = Shelf(Owner(text, text), CHARTS)
        key = str(there.add(shelf, Draft(text, content, text, text)))
        saved = there.load(shelf, key)
        assert saved
        assert saved.content == content
        assert saved == here.load(shelf, key)
        assert there.items(shelf) == here.items(shelf)
        assert there.remove(shelf, key)
    there.sweep(time.time() + 1)
    assert count_rows(database) == 0

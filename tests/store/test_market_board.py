"""Lists of markets against plain Python over the same rows, in every order, and page by page while things change."""

import random
import time
from collections.abc import Iterator, Sequence
from math import inf

import pytest

from app.domain.catalogue import CatalogueEntry
from app.domain.fixed import ONE
from app.domain.market import Market
from app.domain.tier import Volumes
from app.domain.trade import Trade
from app.store import market_board, rows
from app.store.catalogue import Catalogue
from app.store.client import Database
from app.store.market_board import MarketBoard, Place, Row, Wish
from tests.depth import DEEP
from tests.feed.points import add_market
from tests.store.present import DAY, expected_stats, history
from tests.store.rows import CHAIN, trade
from tests.store.test_market_search import AWKWARD

HOUR = 3_600
ALL = Volumes()
SORTS = [Wish(sort, rising) for sort in ("volume", "change", "price") for rising in (False, True)] + [Wish("symbol")]


def paged(board: MarketBoard, wish: Wish, now: int, limit: int) -> Iterator[Row]:
    """Every market of *wish*, *limit* at a time."""
    after: Place | None = None
    while True:
        page = board.page(wish, now, limit, after)
        assert len(page.items) == limit or page.next is None
        yield from page.items
        after = page.next
        if after is None:
            return


def tickers(listed: Iterator[Row] | Sequence[Row]) -> list[str]:
    return [row.listing.ticker for row in listed]


def add_markets(database: Database, names: dict[int, str], prefix: str = "") -> None:
    made = [Market(number, ticker, f"{prefix}{ticker}", f"0x{number:040x}", CHAIN) for number, ticker in names.items()]
    database.insert("vamm_markets", rows.markets(made))


def traded(database: Database, trades: Sequence[Trade]) -> None:
    database.insert("vamm_market_transactions", rows.trades(trades))


def expected(events: Sequence[Trade], names: dict[int, str], wish: Wish, now: int) -> list[str]:
    """Tickers in the order of *wish*."""
    figures = {number: expected_stats(events, number, now) for number in names}
    fitting = [number for number in names if wish.volumes.least <= figures[number].volume < wish.volumes.below]
    if wish.sort == "symbol":
        return sorted(names[number] for number in fitting)
    busy = {event.market_id for event in events if event.timestamp >= now - now % 60 - DAY}
    figure = {"volume": "volume", "change": "change_ratio", "price": "last"}[wish.sort]
    values = {number: getattr(figures[number], figure) for number in fitting}
    ranked = [number for number in fitting if number in busy]
    known = sorted((number for number in ranked if values[number] is not None), key=lambda number: number)
    known.sort(key=lambda number: values[number], reverse=not wish.rising)
    others = sorted(number for number in ranked if values[number] is None)
    return [names[number] for number in known + others] + sorted(names[number] for number in fitting if number not in busy)


@pytest.fixture
def now() -> int:
    """In the middle of a minute, so that none ends while a test runs."""
    now = int(time.time())
    return now - now % 60 + 30


@pytest.mark.parametrize("seed", range(2 if DEEP else 1))
def test_every_order_is_what_the_events_say(database: Database, now: int, seed: int) -> None:
    pick = random.Random(seed)
    names = {number: f"{pick.choice('ABC')}{pick.randrange(10**6)}-{number}" for number in range(1, 30)}
    events = history(seed, now, 3 * DAY, list(names)[:12], 700)
    add_markets(database, names)
    traded(database, events)
    board = MarketBoard(database)
    middle = sorted(expected_stats(events, number, now).volume for number in names)[-4]
    for wish in SORTS:
        for volumes in (ALL, Volumes(middle), Volumes(1, middle), Volumes(0, middle)):
            whole = expected(events, names, wish._replace(volumes=volumes), now)
            for limit in (7, 500):
                assert tickers(paged(board, wish._replace(volumes=volumes), now, limit)) == whole, (wish, volumes, limit)


def test_figures_are_those_of_each_market_alone(database: Database, now: int) -> None:
    names = {number: f"M{number}" for number in range(1, 20)}
    events = history(3, now, 3 * DAY, list(names)[:6], 300)
    events += [trade(10**6, 0, 10, 77, 1, timestamp=now - 20 * DAY), trade(10**6, 1, 11, 78, 1, timestamp=now - 90 * DAY)]
    add_markets(database, names)
    traded(database, events)
    for wish in SORTS:
        for row in paged(MarketBoard(database), wish, now, 5):
            wanted = expected_stats(events, row.listing.market_id, now)
            assert row.stats[:6] == wanted[:6]
            assert row.stats[6:] == pytest.approx(wanted[6:], rel=1e-9)
            assert (row.state is None) == (row.listing.market_id not in {event.market_id for event in events})


def test_ties_go_by_id_and_those_without_the_figure_come_last(database: Database, now: int) -> None:
    names = {number: f"{'ZYXWV'[number % 5]}{number}" for number in range(1, 21)}
    events = [trade(number, 0, number, 5, number % 3, timestamp=now - HOUR) for number in range(1, 13)]
    for number in range(13, 16):  # funding alone: neither volume nor a price
        events.append(trade(number, 0, number, 0, 0, timestamp=now - HOUR, price_type="", action="funding"))
    add_markets(database, names)
    traded(database, events)
    for wish in SORTS:
        assert tickers(paged(MarketBoard(database), wish, now, 2)) == expected(events, names, wish, now)


@pytest.mark.parametrize("wish", [Wish(), Wish("change"), Wish("price", rising=True), Wish("symbol")], ids=str)
def test_pages_of_thousands_hold_every_market_once_while_volumes_change(database: Database, now: int, wish: Wish) -> None:
    """Each market that stays where it is comes once, in order, whatever the others do."""
    names = {number: f"T{number * 7_919 % 100_003:06}" for number in range(1, 3_001)}
    still = [trade(number, 0, number, number % 50 + 1, number % 400 + 1, timestamp=now - HOUR) for number in range(1, 1_001)]
    moving = range(1_001, 1_201)
    add_markets(database, names)
    traded(database, still)
    board, pick = MarketBoard(database), random.Random(5)
    found: list[str] = []
    after: Place | None = None
    block = 10**6
    while True:
        page = board.page(wish, now, 211, after)
        found += tickers(page.items)
        if (after := page.next) is None:
            break
        block += 1
        sample = pick.sample(moving, 20)
        traded(
            database,
            [trade(block, at, number, pick.randrange(1, 60), pick.randrange(500), timestamp=now) for at, number in enumerate(sample)],
        )
    restless = {names[number] for number in moving}
    quiet = {number: name for number, name in names.items() if number not in moving}
    assert [ticker for ticker in found if ticker not in restless] == expected(still, quiet, wish, now)


@pytest.mark.parametrize("at_once", [1, 3, 20_000])
def test_few_are_in_memory_at_once(database: Database, now: int, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(market_board, "SORTED_AT_ONCE", at_once)
    names = {number: f"M{number}" for number in range(1, 20)}
    events = history(4, now, 2 * DAY, list(names)[:10], 200)
    add_markets(database, names)
    traded(database, events)
    for wish in (Wish("change"), Wish("price", rising=True), Wish("volume", rising=True)):
        assert tickers(paged(MarketBoard(database), wish, now, 4)) == expected(events, names, wish, now)


@pytest.mark.parametrize("text", AWKWARD)
def test_a_search_takes_any_text_as_it_is(database: Database, now: int, text: str) -> None:
    add_market(database, 1, "M1", symbol=f"before {text} after")
    add_market(database, 2, "M2", symbol="before x after")
    add_market(database, 3, "M3")
    add_market(database, 4, "M4", symbol=f"{text}!")
    Catalogue(database).replace([CatalogueEntry(3, CHAIN, "0x1", name=f"{text}name")])
    traded(database, [trade(number, 0, number, 5, number, timestamp=now - HOUR) for number in (1, 2, 3)])
    board = MarketBoard(database)
    for asked in {text, text.upper(), text.lower()}:
        if asked.upper() == text.upper():
            assert tickers(paged(board, Wish(text=asked), now, 2)) == ["M3", "M1", "M4"]
    assert board.page(Wish(text=f"{text}nowhere"), now, 5) == ([], None)
    assert [listing.ticker for listing in board.listings(text, 2).items] == ["M1", "M3"]


@pytest.mark.parametrize("category", ["metals", "Straße", "' OR 1=1 --", "100%", "日本", "ﬁ", "a\nb"])
def test_a_category_is_met_whole_and_in_any_case(database: Database, now: int, category: str) -> None:
    names = {number: f"M{number}" for number in range(1, 8)}
    add_markets(database, names)
    said = {1: category, 2: f"{category}x", 3: category.upper(), 4: "", 5: "other", 6: category}
    Catalogue(database).replace([CatalogueEntry(number, CHAIN, "0x1", category=text) for number, text in said.items()])
    Catalogue(database).replace([CatalogueEntry(6, CHAIN, "0x1", category="other")])
    traded(database, [trade(1, 0, 3, 5, 5, timestamp=now - HOUR)])
    board = MarketBoard(database)
    for asked in (category, category.upper()):
        assert tickers(paged(board, Wish(category=asked), now, 5)) == ["M3", "M1"]
    assert tickers(paged(board, Wish("symbol", category=category), now, 1)) == ["M1", "M3"]
    assert tickers(paged(board, Wish(category=category, text="m1"), now, 5)) == ["M1"]


def test_filters_hold_together(database: Database, now: int) -> None:
    names = {number: f"{'GOLD' if number % 2 else 'OIL'}{number}" for number in range(1, 40)}
    add_markets(database, names)
    Catalogue(database).replace([CatalogueEntry(number, CHAIN, "0x1", category="c" if number % 3 else "d") for number in names])
    traded(database, [trade(number, 0, number, number % 7 + 1, number, timestamp=now - HOUR) for number in range(1, 30)])
    for sort in ("volume", "price", "change", "symbol"):
        found = tickers(paged(MarketBoard(database), Wish(sort, text="gold", category="C", volumes=Volumes(5, 20)), now, 2))
        assert sorted(found) == sorted(names[number] for number in (5, 7, 11, 13, 17, 19))


def test_only_what_a_market_is_now_counts(database: Database, now: int) -> None:
    """Old tickers, old symbols, thousands of versions: none of them is another market, or the same once more."""
    add_market(database, 1, "AAA", symbol="Tin", updated_block=1)
    add_market(database, 1, "ZZZ", symbol="Zinc", updated_block=2)
    add_market(database, 2, "AAA", updated_block=3)
    switched = """
    INSERT INTO vamm_markets (market_id, ticker, market_symbol, is_active, updated_block)
    SELECT 3, 'BTC', 'btc', number % 2 = 0, number FROM numbers(3000)
    """
    database.run(switched)
    traded(database, [trade(1, 0, 9, 5, 5, timestamp=now - HOUR)])  # of a market that nobody made
    board = MarketBoard(database)
    for wish in SORTS:
        assert tickers(paged(board, wish, now, 1)) == ["AAA", "BTC", "ZZZ"]
    assert tickers(paged(board, Wish(text="tin"), now, 1)) == []
    assert not board.listings("btc", 1).items[0].is_active


def test_a_page_is_left_short_rather_than_looked_for_without_end(database: Database, now: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(market_board, "MOST_TIMES", 2)
    monkeypatch.setattr(market_board, "MORE", 5)
    add_markets(database, {number: f"M{number:03}" for number in range(100)}, prefix="was ")
    for number in range(0, 100, 20):
        add_market(database, number, f"M{number:03}", symbol="was it", updated_block=5)
    for number in set(range(100)) - set(range(0, 100, 20)):
        add_market(database, number, f"M{number:03}", symbol="is", updated_block=5)
    found: list[str] = []
    after, pages = None, 0
    while True:
        page = MarketBoard(database).listings("was", 2, after)
        found += [listing.ticker for listing in page.items]
        pages += 1
        if (after := page.next) is None:
            break
    assert found == ["M000", "M020", "M040", "M060", "M080"]
    assert pages > 3


def test_without_markets_there_are_none(database: Database, now: int) -> None:
    for wish in SORTS:
        assert MarketBoard(database).page(wish, now, 5) == ([], None)


def test_a_million_dollars_is_no_less_than_that(database: Database, now: int) -> None:
    add_markets(database, {1: "LESS", 2: "EXACT", 3: "MORE"})
    amounts = {1: 1_000_000 * ONE - 10**11, 2: 1_000_000 * ONE, 3: 1_000_000 * ONE + 10**11}
    traded(database, [trade(number, 0, number, 5, 0, timestamp=now - HOUR, volume=amount) for number, amount in amounts.items()])
    for sort in ("volume", "price", "symbol"):
        assert set(tickers(paged(MarketBoard(database), Wish(sort, volumes=Volumes(1e6, inf)), now, 1))) == {"EXACT", "MORE"}
        assert tickers(paged(MarketBoard(database), Wish(sort, volumes=Volumes(0.0, 1e6)), now, 1)) == ["LESS"]

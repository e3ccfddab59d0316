"""`markets`: a registry of a million markets: its size, and how fast it is searched, listed and read."""

import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any, TypeVar

import psutil
import typer

from app.markets import import_catalogue
from app.store.client import Database, Parameters, embedded_database
from app.store.market_board import MarketBoard, Place, Wish
from app.store.market_reader import MarketReader
from app.store.schema import migrate
from app.store.stats_reader import StatsReader
from bench.report import LESS, Against, AsJson, say_machine, tell
from bench.stats import DAY, HOUR
from bench.stats_rows import HOURS, MINUTES

T = TypeVar("T")

SEARCHED = 30
"""Markets asked for by each search: what a chart's search box asks for."""

IMPORTED = 10_000
"""Entries of the imported catalogue."""

BUSY = 10_000
"""Markets with something in each hour of two days."""

LISTED = 50
"""Markets of a page of a list."""

LISTS = ("list_first", "list_deep", "list_quiet", "list_change", "list_search")
"""The first page by volume, the hundredth, one among the quiet markets; the first by change, and of those that hold `gold`."""

_FILL = """
INSERT INTO vamm_markets (
    market_id, ticker, market_symbol, contract_address, chain_id, protocol, factory_market_id, vault_address, oracle_address,
    collateral_address, creator_address, market_type, starting_price, is_active, created_timestamp, deployment_block, updated_block,
    updated_log_index
)
WITH
    ['Gold', 'Silver', 'BTC', 'ETH', 'SOL', 'Oil', 'EUR', 'DOGE', 'TSLA', 'PEPE', 'Rain', 'Wheat', 'Moon', 'Cat', 'Rocket', 'Election 2028',
     'Zürich', 'Köln', 'Цинк', '日本', 'Straße', 'Uranium', '100%', 'AI', 'Coffee', 'Lithium', 'Penguin', 'Copper'] AS words,
    ['', '', '', 'Super ', 'Mini', 'Mega', 'Wrapped ', 'Liquid ', 'Staked ', 'Old ', 'Real ', 'Alpha'] AS heads,
    ['', '/USD', '-PERP', ' (weekly)', ' Index', 'x2', '/EUR', ' 日', ' down', '_up', '', ' 2030'] AS tails,
    concat(
        heads[cityHash64(number, 1) % 12 + 1], words[cityHash64(number, 2) % 28 + 1],
        if(number % 4 < 2, words[cityHash64(number, 3) % 28 + 1], ''), tails[cityHash64(number, 4) % 12 + 1],
        if(number % 3 = 0, toString(cityHash64(number, 5) % 1000000), '')
    ) AS symbol,
    lower(hex(SHA256(toString(number)))) AS digits
SELECT
    cityHash64(number),
    concat(substring(replaceRegexpAll(upperUTF8(symbol), '[^A-Z0-9_.-]+', '-'), 1, 23), '-', upper(substring(digits, 1, 8))),
    symbol, concat('0x', substring(digits, 1, 40)), 137, 'vamm', concat('0x', digits), concat('0x', substring(digits, 20, 40)),
    concat('0x', substring(digits, 24, 40)), '0x2791bca1f2de4661ed88a30c99a7a9449aa84174',
    concat('0x', substring(digits, 1, 8), repeat('0', 32)),
    1, toDecimal128(number, 18) / 100 + 1, 1, toDateTime(1700000000 + number, 'UTC'), number, number, number % 100
FROM numbers({first:UInt64}, {count:UInt64})
"""
_CHANGE = """
INSERT INTO vamm_markets (* EXCEPT(last_updated))
SELECT * EXCEPT(last_updated) REPLACE(0 AS is_active, updated_block + 5000000 AS updated_block)
FROM vamm_markets WHERE market_id % 10 = 0
"""
_BYTES = "SELECT table, sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase() GROUP BY table ORDER BY table"
_SAMPLE = """
SELECT ticker, market_symbol FROM vamm_markets WHERE market_id % {every:UInt64} = 0 ORDER BY cityHash64(market_id) LIMIT {limit:UInt32}
"""

AT_ONCE = 100_000
"""Markets of one insert; they are merged then, as in time the store does itself, and the changes of status are not."""


class _Uncached(Database):
    """The embedded engine without its memory of conditions that held before: every text is a new one."""

    def rows(self, sql: str, parameters: Parameters | None = None) -> Sequence[tuple[Any, ...]]:
        separator = "," if "\nSETTINGS " in sql else "\nSETTINGS"
        return super().rows(f"{sql.rstrip()}{separator} use_query_condition_cache = 0", parameters)


def markets(
    count: Annotated[int, typer.Option(help="Markets in the registry.")] = 1_000_000,
    as_json: AsJson = False,
    against: Against = None,
) -> None:
    """A registry of a million markets on an embedded store: bytes on disk, memory while answering, and the time of its answers.

    Symbols are words, numbers and other alphabets, many of them alike; a tenth of the markets has changed its status. Each text is
    searched once, with nothing remembered of earlier ones. Ten thousand of them trade each hour.
    """
    now = int(time.time())
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        with embedded_database(Path(folder) / "store", "bench") as database:
            _fill(database, count)
            sizes = {table: int(size) for table, size in database.rows(_BYTES)}
            _trade(database, now, min(count, BUSY))
            sampled = database.rows(_SAMPLE, {"every": max(1, count // 4_000), "limit": 400})
            imported = _imported(database, Path(folder), IMPORTED)
        options = {"interface": "chdb", "path": str(Path(folder) / "store"), "chdb_options": {"background_pool_size": "16"}}
        with _Uncached(options, "bench") as database:
            least = statistics.median(_milliseconds(database.rows, "SELECT 1") for _ in range(100))
            figures = {"least_p50_ms": least} | _answers(MarketReader(database), sampled) | _lists(database, now)
    say_machine()
    typer.echo(f"disk    {sum(sizes.values()) / 1e6:,.0f} MB: " + ", ".join(f"{table} {size / 1e6:,.0f}" for table, size in sizes.items()))
    typer.echo(f"memory  {figures['memory_mb']:+,.0f} MB while answering")
    least, names = figures["least_p50_ms"], ("search", "market", "detail", *LISTS)
    ratios = {f"{name}_ratio": round(figures[f"{name}_p50_ms"] / least, 1) for name in names}
    typer.echo(f"least       p50 {least:5.1f} ms for a statement that reads nothing; {count:,} markets")
    for name in names:
        p50, p95 = figures[name + "_p50_ms"], figures[name + "_p95_ms"]
        typer.echo(f"{name.replace('_', ' '):<11} p50 {p50:5.1f} ms, p95 {p95:5.1f} ms; {ratios[name + '_ratio']:.1f} times the least")
    typer.echo(f"import  {imported:.1f} s for a catalogue of {IMPORTED:,} entries")
    whole = {"markets": count, "disk_mb": round(sum(sizes.values()) / 1e6)}
    rounded = {name: round(value, 2) for name, value in figures.items()} | {"import_s": round(imported, 2)} | ratios
    tell("markets", {**whole, **rounded}, dict.fromkeys(ratios, LESS), as_json=as_json, against=against)


def _fill(database: Database, count: int) -> None:
    migrate(database)
    for first in range(0, count, AT_ONCE):
        database.run(_FILL, {"first": first, "count": min(AT_ONCE, count - first)})
    for table in ("vamm_markets", "vamm_tickers", "vamm_listings"):
        database.run("OPTIMIZE TABLE {table:Identifier} FINAL", {"table": table})
    database.run(_CHANGE)


def _trade(database: Database, now: int, busy: int) -> None:
    """Hours and minutes of *busy* markets, as far as statistics look at them."""
    database.run("DROP VIEW vamm_ohlcv_5m_mv")  # each is written by itself: the cascade would count the minutes again
    hour = now - now % HOUR
    database.run(HOURS, {"markets": busy, "since": hour - 2 * DAY, "rows": busy * 49})
    for since in (hour - DAY - HOUR, hour - DAY, hour):
        database.run(MINUTES, {"markets": busy, "since": since, "rows": busy * min(60, (now - since) // 60 + 1)})


def _lists(database: Database, now: int) -> dict[str, float]:
    board, middle = MarketBoard(database), StatsReader(database).all(now, limit=100 * LISTED)[-1]
    asked: tuple[tuple[Wish, Place | None], ...] = (
        (Wish(), None),
        (Wish(), Place(middle.volume, "", middle.market_id)),
        (Wish(), Place(None, "M", 0)),
        (Wish("change"), None),
        (Wish(text="gold"), None),
    )
    figures: dict[str, float] = {}
    for name, (wish, after) in zip(LISTS, asked, strict=True):
        ask = partial(board.page, wish, now, LISTED)
        times = sorted(_milliseconds(ask, after) for _ in range(20))
        figures |= {f"{name}_p50_ms": statistics.median(times), f"{name}_p95_ms": times[int(len(times) * 0.95)]}
    return figures


def _imported(database: Database, folder: Path, entries: int) -> float:
    """Seconds that importing *entries* takes, half of them of markets that are there."""
    contracts = database.rows("SELECT DISTINCT contract_address FROM vamm_markets LIMIT {limit:UInt32}", {"limit": entries // 2})
    named = [str(contract) for (contract,) in contracts] + [f"0x{number:040x}" for number in range(entries - len(contracts))]
    path = folder / "catalogue.json"
    described = (
        {
            "contract": contract,
            "chain_id": 137,
            "name": f"Market number {number}",
            "description": f"Settled by oracle {number % 97}, in dollars.",
        }
        for number, contract in enumerate(named)
    )
    path.write_text(json.dumps({"market": list(described)}))
    began = perf_counter()
    import_catalogue(database, path)
    return perf_counter() - began


def _answers(reader: MarketReader, sampled: Sequence[tuple[Any, ...]]) -> dict[str, float]:
    process = psutil.Process()
    reader.search("warm up", SEARCHED)
    before = process.memory_info().rss
    figures: dict[str, float] = {}
    tickers = [str(ticker) for ticker, _ in sampled]
    asked: tuple[tuple[str, Callable[[str], object], Sequence[str]], ...] = (
        ("search", lambda text: reader.search(text, SEARCHED), list(_texts(sampled))),
        ("market", reader.market, tickers),
        ("detail", reader.detail, tickers),
    )
    for name, ask, texts in asked:
        times = sorted(_milliseconds(ask, text) for text in texts)
        figures[f"{name}_p50_ms"] = statistics.median(times)
        figures[f"{name}_p95_ms"] = times[int(len(times) * 0.95)]
    return figures | {"memory_mb": (process.memory_info().rss - before) / 1e6}


def _milliseconds(ask: Callable[[T], object], question: T) -> float:
    began = perf_counter()
    ask(question)
    return (perf_counter() - began) * 1e3


def _texts(sampled: Sequence[tuple[Any, ...]]) -> Iterator[str]:
    """A few hundred different texts: none, letters, beginnings, middles, other alphabets, and some that nothing holds."""
    chance = random.Random(7)
    texts = {"": None} | dict.fromkeys("ABCEGMSXZqwz0179%_Ω日ц") | dict.fromkeys(("go", "BT", "99", "qq", "zx", "-p", "kö", "日本", "Ωμ"))
    for ticker, symbol in sampled:
        place = chance.randrange(max(1, len(symbol) - 3))
        texts |= dict.fromkeys(
            (symbol[: chance.randint(3, 8)], symbol[place : place + chance.randint(3, 6)], str(ticker).lower())[chance.randrange(3) :][:1]
        )
    yield from texts
    for number in range(40):
        yield chance.choice(("absent{}", "q{}jx", "{}{}9x", "яблоко{}", "mini{}cat")).format(number, number)

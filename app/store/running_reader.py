"""Reads the newest bars of many markets at all resolutions in two statements: what bars in memory begin with."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from app.domain.bar import Bar, Newest, Seed, Tally
from app.domain.fixed import DIGITS
from app.domain.resolution import RESOLUTIONS, STORED, Resolution
from app.domain.trade import LOG_INDEX_BITS
from app.store.client import Database
from app.store.queries import query

SEEDS_AT_ONCE = 100
"""Markets of one call, at most: each has up to 90 candles in it."""

_SECONDS = {resolution.stored: resolution.seconds for resolution in RESOLUTIONS.values() if resolution.name == resolution.stored}

_NOTHING = Seed(None, 0, dict.fromkeys(RESOLUTIONS, Newest()))


class _Place(NamedTuple):
    """Where a market's newest event is, and when its newest price was told (None: never)."""

    version: int
    time: int
    priced: int | None
    chain_id: int
    settled: bool


class _Candle(NamedTuple):
    """A stored candle; a `close` whose ordinal is 0 says that it has no price. `version` is the ordinal of its newest event."""

    start: int
    open: tuple[int, float]
    high: float
    low: float
    close: tuple[int, float]
    volume: float
    trades: int
    version: int


Key = tuple[str, int]
"""A rollup (`1m`) and a market."""


class RunningReader:
    """Seeds from events and candles. Blocks. To be read between two rewinds, like candles."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def seeds(self, market_ids: Collection[int]) -> dict[int, Seed]:
        """How each of *market_ids* (at most `SEEDS_AT_ONCE`) stands, as of one of its events.

        Absent are those of which a commit is under way, or was cut off: some candles have it, others not. Ask again for them.
        """
        places = self._places(market_ids)
        candles = self._candles(places)
        seeds = dict.fromkeys(set(market_ids) - places.keys(), _NOTHING)
        for market_id, place in places.items():
            held = [candle for stored in STORED for candle in candles[stored, market_id]]
            # All commits up to the checkpoint were there before the candles were read; and of none after it is anything in them.
            if place.settled and all(candle.version <= place.version for candle in held):
                newest = {key: _newest(resolution, place, candles[resolution.stored, market_id]) for key, resolution in RESOLUTIONS.items()}
                seeds[market_id] = Seed(place.chain_id, place.version, newest)
        return seeds

    def _places(self, market_ids: Collection[int]) -> dict[int, _Place]:
        found: dict[int, _Place] = {}
        for market_id, version, time, is_priced, chain_id, checkpoint in sorted(
            self._database.rows(query("newest_events"), {"markets": list(market_ids)})
        ):  # of two the newest event is the latter
            before = found.get(market_id)
            priced = time if is_priced else before.priced if before else None
            found[market_id] = _Place(version, time, priced, chain_id, version >> LOG_INDEX_BITS <= checkpoint)
        return found

    def _candles(self, places: Mapping[int, _Place]) -> Mapping[Key, Sequence[_Candle]]:
        found: defaultdict[Key, list[_Candle]] = defaultdict(list)
        if places:
            for stored, market_id, *fields in self._database.rows(query("candles_at"), _keys(places)):
                found[stored, market_id].append(_Candle(*fields))
        return found


def _keys(places: Mapping[int, _Place]) -> dict[str, Any]:
    """The candles that the newest bars are made of, by the names of the statement's parameters."""
    keys: dict[str, set[tuple[int, int]]] = {stored: set() for stored in STORED}
    for resolution in RESOLUTIONS.values():
        for market_id, place in places.items():
            for start in {resolution.bar_start(time) for time in _times(place)}:
                starts = range(start, resolution.next_start(start), _SECONDS[resolution.stored])
                keys[resolution.stored].update((market_id, each) for each in starts)
    return {f"keys_{stored}": sorted(wanted) for stored, wanted in keys.items()}


def _times(place: _Place) -> set[int]:
    return {place.time} if place.priced is None else {place.time, place.priced}


def _newest(resolution: Resolution, place: _Place, candles: Iterable[_Candle]) -> Newest:
    """Of *candles*, the stored ones that belong to the newest bars of a market: its state at *resolution*."""
    bars: defaultdict[int, list[_Candle]] = defaultdict(list)
    for candle in candles:
        bars[resolution.bar_start(candle.start)].append(candle)
    last = resolution.bar_start(place.time)
    if place.priced is None:
        return Newest(unpriced=_tally(last, bars[last]))
    start = resolution.bar_start(place.priced)
    return Newest(_bar(start, bars[start]), _tally(last, bars[last]) if last > start else None)


def _bar(start: int, candles: Iterable[_Candle]) -> Bar | None:
    """The bar that *candles* make; None without any price: candles of a second are not kept for ever."""
    candles = list(candles)
    priced = [candle for candle in candles if candle.close[0]]
    if not priced:
        return None
    return Bar(
        start,
        open=min(candle.open for candle in priced)[1],
        high=max(candle.high for candle in priced),
        low=min(candle.low for candle in priced),
        close=max(candle.close for candle in priced)[1],
        units=sum(units(candle.volume) for candle in candles),
        trades=sum(candle.trades for candle in candles),
    )


def _tally(start: int, candles: Iterable[_Candle]) -> Tally:
    candles = list(candles)
    return Tally(start, sum(units(candle.volume) for candle in candles), sum(candle.trades for candle in candles))


def units(volume: float) -> int:
    """A stored volume in 1e-18 units, by way of its shortest text: what went in exactly, unless sums have rounded it."""
    return round(Decimal(repr(volume)).scaleb(DIGITS))

"""Candles by the page: which pages an answer needs, under which keys they are kept, and how they become the answer.

**Keys name the state of things, so that nothing rests on a delete arriving.** A page is kept under (market, resolution, page, epoch),
where the epoch is that of the last rewind that may have changed what lies before the page's end; while events may still land in it,
under the market's version, too. Both come from the store itself (`domain/standing.py`), in every process alike. So after a rewind or a
trade the pages it touches have new keys, and only those; what a shared cache holds under the old ones is never asked for again, however
long it was away, and whichever delete or message was lost. Messages (`committed`, `changed`) make it quicker: without them it takes
`standings.BELIEVED_SECONDS`. A page that was read later than the state in its key is newer than it must be, which is no harm.

A market's years of nothing are not walked through: where a few pages do not hold enough bars, the store, which knows how far to reach
back, is asked for the answer itself, and that is kept under the same kind of key.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from app.cache.columns import Columns
from app.cache.lru import Lru
from app.cache.slots import PAGE_BARS, begin, first_slot, page_begin, page_of, slot
from app.cache.standings import BELIEVED_SECONDS, Standings
from app.cache.tiered import Loaded, Statistics, Tiered
from app.domain.resolution import Resolution
from app.domain.standing import Standing

MOST_PAGES = 32
"""Pages that an answer is looked for in, unless its bars need more when there is one in each slot."""

TRIES = 3
"""Times that an answer is begun anew because a rewind came in between."""

FORM: Final = 1
"""Of the values: a program that writes them in another way counts on."""


class Found(Protocol):
    """Bars, ascending, as a JSON object of equally long arrays of numbers or nulls, `t` their times; how many; and where there are
    none, the start of the newest one before."""

    @property
    def columns(self) -> bytes: ...
    @property
    def bars(self) -> int: ...
    @property
    def older(self) -> int | None: ...


class Source(Protocol):
    """Where candles come from. Both look at a market between two rewinds."""

    async def standing(self, market_id: int) -> Standing | None:
        """How far the market's candles have come; None where it has no event yet."""

    async def bars(self, market_id: int, resolution: Resolution, since: int, until: int, limit: int, closed: bool = False) -> Found:
        """The newest *limit* bars that begin in [*since*, *until*), seconds UTC; *closed*: nothing lands there any more."""


class Answer(NamedTuple):
    """Bars, as `Found`. Without any, `columns` may be `{}`."""

    columns: bytes
    bars: int
    older: int | None = None


NOTHING: Final = Answer(b"{}", 0)


class PageStatistics(NamedTuple):
    """Answers that were ready since the start, and the values that others were made of."""

    answers: int
    values: Statistics


class _Request(NamedTuple):
    """The newest `limit` bars with numbers in [`lower`, `upper`), as things stand."""

    market_id: int
    resolution: Resolution
    lower: int
    upper: int
    limit: int
    standing: Standing


class CandlePages:
    """Bars by way of the caches: the same that the source answers."""

    def __init__(
        self,
        source: Source,
        cache: Tiered,
        answers: Lru[Answer],
        *,
        ttl: Callable[[Resolution], int],
        closed_ttl: int,
        name: str = "ohlcv",
        believed: float = BELIEVED_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """*answers* keeps ready ones. Pages live *closed_ttl* seconds, those that still change *ttl*; *name* is that of their columns.
        What nobody tells of is noticed after *believed* seconds.
        """
        self._source = source
        self._cache = cache
        self._answers = answers
        self._answer_hits = 0
        self._ttl = ttl
        self._closed_ttl = closed_ttl
        self._name = f"{name}{FORM}"
        self._standings = Standings(source.standing, clock, believed)

    def changed(self, market_id: int) -> None:
        """Something happened to the market, a rewind perhaps (tell when it is over): its next answer shows it."""
        self._standings.changed(market_id)

    def changed_all(self, market_ids: Iterable[int]) -> None:
        """The same of each of *market_ids*."""
        for market_id in market_ids:
            self._standings.changed(market_id)

    def changed_everything(self) -> None:
        """The same of every market: nobody knows what happened."""
        self._standings.forget()

    def committed(self, market_id: int, version: int, time: int) -> None:
        """A commit ended (tell after its checkpoint) whose last event of the market has this *version*, as in `Standing`, and *time*.

        As `changed`, but the store is asked for the open page alone.
        """
        self._standings.committed(market_id, version, time)

    def statistics(self) -> PageStatistics:
        """Figures of this moment."""
        return PageStatistics(self._answer_hits, self._cache.statistics())

    async def ping(self) -> float | None:
        """Seconds in which the shared cache answers; None where it does not, or there is none."""
        return await self._cache.ping()

    def known(self, market_id: int) -> Standing | None:
        """Where the market stands: while this is equal, so is every answer. None where that must be found out first."""
        return self._standings.known(market_id)

    async def bars(self, market_id: int, resolution: Resolution, since: int, until: int, limit: int) -> Answer:
        """The newest *limit* bars (at least one) that begin in [*since*, *until*), seconds UTC."""
        for _ in range(TRIES):
            standing = await self._standings.of(market_id)
            if standing is None:
                return NOTHING
            request = _request(market_id, resolution, since, until, limit, standing)
            if not standing.settled:
                return await self._direct(request)
            end = begin(resolution, request.upper)
            key = self._key(request, "answer", end, request.lower, request.upper, limit)
            if ready := self._answers.get(key):
                self._answer_hits += 1
                return ready
            answer = await self._answer(request)
            if await self._was_rewound(market_id, standing):
                continue
            self._answers.put(key, answer, len(key) + len(answer.columns), self._life(request, end))
            return answer
        return await self._direct(request)

    async def _was_rewound(self, market_id: int, before: Standing) -> bool:
        """A rewind is known to have come in between: pages from before and after it do not belong together."""
        now = await self._standings.of(market_id)
        return now is not before and (now is None or now.rewinds != before.rewinds)

    async def _answer(self, request: _Request) -> Answer:
        if request.lower < request.upper:
            columns = await self._from_pages(request)
            if columns and columns.bars:
                return Answer(columns.json(), columns.bars)
        elif request.lower <= slot(request.resolution, request.standing.first):
            return NOTHING
        return await self._direct(request)

    async def _from_pages(self, request: _Request) -> Columns | None:
        """The bars; None where the market is too quiet for pages."""
        limit, newest, oldest = request.limit, page_of(request.upper - 1), page_of(request.lower)
        count = newest - page_of(request.upper - limit) + 1
        most = max(MOST_PAGES, count + 1)
        for _ in range(2):
            first = max(oldest, newest - count + 1)
            columns = await self._pages(request, range(first, newest + 1))
            if columns.bars >= limit or first == oldest:
                return columns.newest(limit)
            if not columns.bars:
                return None
            count = count * limit // columns.bars + 2  # as many as it takes where there is always as much as here
            if count > most:
                return None
        return None

    async def _pages(self, request: _Request, pages: range) -> Columns:
        """All bars of *pages* that the request is about."""
        resolution = request.resolution
        keys = {self._key(request, "page", page_begin(resolution, page + 1), page): page for page in pages}

        async def load(missing: list[str]) -> Mapping[str, Loaded]:
            return await self._load(request, {keys[key]: key for key in missing})

        found = await self._cache.get_many(list(keys), load)
        parts = [Columns.parse(value or b"") for value in found]
        lower, upper = request.lower, request.upper
        if pages[0] * PAGE_BARS < lower:
            parts[0] = parts[0].between(begin(resolution, lower), page_begin(resolution, pages[0] + 1))
        if (pages[-1] + 1) * PAGE_BARS > upper:
            parts[-1] = parts[-1].between(page_begin(resolution, pages[-1]), begin(resolution, upper))
        return Columns.join(parts)

    async def _load(self, request: _Request, keys: Mapping[int, str]) -> Mapping[str, Loaded]:
        """Pages from the source, by their *keys*: one read for all that follow one another."""
        market_id, resolution = request.market_id, request.resolution
        loaded: dict[str, Loaded] = {}
        for pages in _runs(sorted(keys)):
            bounds = [page_begin(resolution, page) for page in range(pages[0], pages[-1] + 2)]
            closed = _is_closed(request.standing, bounds[-1])
            found = await self._source.bars(market_id, resolution, bounds[0], bounds[-1], len(pages) * PAGE_BARS, closed)
            for page, end, columns in zip(pages, bounds[1:], Columns.parse(found.columns).split(bounds), strict=True):
                loaded[keys[page]] = Loaded(columns.json() if columns.bars else None, self._life(request, end))
        return loaded

    async def _direct(self, request: _Request) -> Answer:
        """The source's own answer. Only `bars` keeps it: there are as many as ways to ask, and a shared cache would fill up with them."""
        market_id, resolution, lower, upper, limit, _ = request
        since, until = begin(resolution, lower), begin(resolution, upper)
        key = self._key(request, "direct", until, lower, upper, limit)

        async def load() -> Loaded:
            found = await self._source.bars(market_id, resolution, since, until, limit)
            older = b"" if found.older is None else b"%d" % found.older
            columns = Columns.parse(found.columns).json() if found.bars else NOTHING.columns
            return Loaded(older + b"\n" + columns, 0)

        older, _, columns = (await self._cache.get(key, load) or b"\n{}").partition(b"\n")
        return Answer(columns, Columns.parse(columns).bars, int(older) if older else None)

    def _key(self, request: _Request, kind: str, end: int, *numbers: int) -> str:
        """Of something of *kind* that ends at *end*."""
        market_id, resolution, *_, standing = request
        state = [standing.epoch(end)] if _is_closed(standing, end) else [standing.epoch(end), standing.version]
        where = ".".join(map(str, numbers))
        return f"{self._name}:{kind}:{market_id:x}:{resolution.name}:{where}:{'.'.join(f'{part:x}' for part in state)}"

    def _life(self, request: _Request, end: int) -> int:
        return self._closed_ttl if _is_closed(request.standing, end) else self._ttl(request.resolution)


def _is_closed(standing: Standing, end: int) -> bool:
    """Nothing will land before *end* any more, but by way of a rewind."""
    return standing.settled and end <= standing.closed


def _request(market_id: int, resolution: Resolution, since: int, until: int, limit: int, standing: Standing) -> _Request:
    """The request without what lies before and after all events: charts that ask every second, or for all of time, ask the same then."""
    lower = first_slot(resolution, since)
    upper = max(lower, first_slot(resolution, until))
    if standing.settled:
        lower = max(lower, slot(resolution, standing.first))
        upper = min(upper, first_slot(resolution, standing.until))
    return _Request(market_id, resolution, min(lower, upper), upper, limit, standing)


def _runs(numbers: Sequence[int]) -> Iterator[list[int]]:
    """*numbers*, ascending, in groups that have no gap."""
    group: list[int] = []
    for number in numbers:
        if group and number != group[-1] + 1:
            yield group
            group = []
        group.append(number)
    if group:
        yield group

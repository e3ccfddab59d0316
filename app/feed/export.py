"""Candles as files: any number of them up to a bound, as the store writes them."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Final, Literal, NamedTuple

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from app.feed.admission import Stalled, timely
from app.feed.answering import NEVER
from app.feed.failures import RequestError
from app.feed.state import State
from app.store.candle_file_reader import FORMATS, Extent
from app.store.candle_reader import LAST_SECOND, Series
from app.store.readers import Readers

Format = Literal["json", "csv", "parquet", "arrow"]

MEDIA: Final = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.stream",
}

LIMIT: Final = (
    "How many, the newest ones. In JSON HTTP_DEFAULT_LIMIT where left out, HTTP_MAX_LIMIT at most; in a file all, EXPORT_MAX_ROWS at most."
)
"""Of the parameter called so."""

STALLED_SECONDS: Final = 30
"""After which a client that takes nothing of its file loses it: another one waits for the place."""


class Wanted(NamedTuple):
    """The newest *limit* candles that begin in [*since*, *until*), seconds; None: all of them, and open ends."""

    series: Series
    since: int | None
    until: int | None
    limit: int | None


def limit_of(request: Request[State], asked: int | None) -> int | None:
    """How many candles a file is to have at most; RequestError where too many are *asked* for."""
    most = request.state["export_max_rows"]
    if asked is not None and asked > most:
        raise RequestError(400, f"limit must be {most} or less")
    return asked


async def candles_file(request: Request[State], ticker: str, wanted: Wanted, form: str) -> Response:
    """A file of candles. It is made when it is sent; RequestError and what else can fail come before its first byte."""
    most = request.state["export_max_rows"]
    series, since, until, limit = wanted

    def extent(store: Readers) -> Extent:
        found = store.candle_files.extent(series, since or 0, LAST_SECOND if until is None else until, limit or most + 1)
        if found.bars > most:
            raise RequestError(400, f"there are more than {most} candles: ask for a shorter time, or with a limit of {most} or less")
        return found

    def begun(store: Readers) -> AbstractContextManager[Iterator[bytes]]:
        return store.candle_files.file(series, extent(store), FORMATS[form])

    name = f"{ticker}-{series.resolution.name}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": NEVER}
    if request.method == "HEAD":
        await request.state["reader"].steady(series.market_id, extent)
        return StreamingResponse((), headers=headers, media_type=MEDIA[form])
    return _File(request.state["exports"].opened(series.market_id, begun), headers, MEDIA[form])


class _File(StreamingResponse):
    """Opens the file when it is to be sent, and closes it when it has been, or the client is gone."""

    def __init__(self, opened: AbstractAsyncContextManager[AsyncIterator[bytes]], headers: dict[str, str], media_type: str) -> None:
        super().__init__((), headers=headers, media_type=media_type)
        self._opened = opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._opened as self.body_iterator:
            try:
                await super().__call__(scope, receive, timely(send, STALLED_SECONDS))
            except Stalled:
                return  # the server breaks off an answer that does not end

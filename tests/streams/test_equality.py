"""Charts drawn from what a WebSocket tells are those that `/history` answers, whatever is committed and taken back meanwhile."""

import asyncio
from collections.abc import Iterator

import httpx2
import pytest

from app.domain.news import Committed, TakenBack
from app.live.bus import Bus
from app.main import create_app
from app.news import bus_of
from app.settings import Settings
from app.store.client import Database
from tests.cache.servers import RedisServer
from tests.depth import DEEP
from tests.feed.points import add_market
from tests.live.chronicle import MARKETS, Chronicle
from tests.streams.served import PATIENCE, Client, Frame, Service, World, known, serving

pytestmark = pytest.mark.anyio

END = 4_000_000_000
STEPS = 16
SERIES = ["1S", "1", "60", "1D", "1M"]

Bars = dict[int, tuple[float, ...]]


class Drawn:
    """A chart of the datafeed's own client: history first, then what the stream tells."""

    def __init__(self, http: httpx2.AsyncClient, symbol: str, resolution: str) -> None:
        self._http = http
        self._query: dict[str, str | int] = {"symbol": symbol, "resolution": resolution, "from": 0, "to": END, "countback": 5_000}
        self.bars: Bars = {}
        self._told: tuple[int, bool] | None = None

    async def history(self) -> Bars:
        """All bars that there are."""
        answer = (await self._http.get("/api/tradingview/history", params=self._query)).json()
        columns = [answer.get(name, []) for name in "tohlcv"]
        return {row[0]: tuple(row[1:]) for row in zip(*columns, strict=True)}

    async def take(self, frame: Frame) -> None:
        """Draw a frame; history is read where the stream says so, and nowhere else."""
        if frame.get("type") in ("reset", "subscribed"):
            self._told = None
            self.bars = await self.history()
            return
        time = frame["time"]
        if self._told:
            before, was_closed = self._told
            assert (time > before) if was_closed else (time == before), "a bar is closed before the next, and then left alone"
        self._told = time, frame["closed"]
        self.bars[time] = tuple(frame[name] for name in ("open", "high", "low", "close", "volume"))


async def draw(service: Service, charts: dict[tuple[str, str], Drawn]) -> None:
    """Draw *charts* from one WebSocket for ever."""
    async with service.client("/api/tradingview/stream") as client:
        for symbol, resolution in charts:
            await client.say({"type": "subscribe", "symbol": symbol, "resolution": resolution})
        while True:
            frame = await client.next()
            await charts[frame["symbol"], frame["resolution"]].take(frame)


async def shown(chart: Drawn) -> None:
    """Return when *chart* shows what is stored."""
    async with asyncio.timeout(PATIENCE):
        while not same(chart.bars, await chart.history()):  # noqa: ASYNC110 (only asking tells)
            await asyncio.sleep(0.02)


def same(shown: Bars, stored: Bars) -> bool:
    """Whether prices and times are equal, volumes but for the order in which floats were added."""
    return shown.keys() == stored.keys() and all(
        bar[:4] == stored[time][:4] and abs(bar[4] - stored[time][4]) <= 1e-9 * stored[time][4] for time, bar in shown.items()
    )


@pytest.mark.parametrize("seed", range(2 if DEEP else 1))
async def test_what_the_stream_draws_is_history(database: Database, seed: int) -> None:
    settings = Settings(port=0, rate_limit_requests=0, rate_limit_history=0)
    bus = bus_of(settings, database)
    chronicle = Chronicle(database, seed)
    for market_id in MARKETS:
        add_market(database, market_id, f"M{market_id}")
    async with bus, serving(create_app(settings, database, bus), settings) as service, httpx2.AsyncClient(base_url=service.url) as http:
        charts = {(f"M{id_}", key): Drawn(http, f"M{id_}", key) for id_ in MARKETS for key in SERIES}
        drawing = asyncio.create_task(draw(service, charts))
        for step in range(STEPS):
            news = await asyncio.to_thread(chronicle.rewind if step % 6 == 5 else chronicle.commit)
            assert isinstance(news, Committed | TakenBack)
            bus.publish(news)
            if step % 4:  # else more comes while this is drawn, or read
                for chart in charts.values():
                    await shown(chart)
        assert not drawing.done(), drawing.exception()
        drawing.cancel()
    assert any(chart.bars for chart in charts.values())


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


async def test_two_processes_tell_the_same(database: Database, redis: RedisServer) -> None:
    """One beside the writer, one that hears over Redis alone."""
    settings = Settings.model_validate({"port": 0, "redis_url": redis.url})
    writing: Bus = bus_of(settings, database)
    async with writing:
        made = World(database, writing)
        near, far = create_app(settings, database, writing), create_app(settings, database)
        async with serving(near, settings) as first, serving(far, settings) as second:
            path = "/stream?streams=gold@kline_1m"
            async with first.client(path) as one, second.client(path) as other:
                clients = (one, other)
                for client in clients:
                    await known(made, client)
                await made.trades(7, 2001)
                assert [(await until(client, "2001"))[-1] for client in clients]
                said: list[list[list[Frame]]] = []
                for time, price in ((70, 2010), (75, 2020), (0, 2010), (130, 1990)):
                    await (made.trades(time, price) if time else made.rewind(1))
                    said.append([await until(client, str(price)) for client in clients])
    for near_frames, far_frames in said:
        assert near_frames == far_frames
    assert [[frame["e"] for frame in frames] for frames, _ in said] == [["kline"] * 2, ["kline"], ["reset", "kline"], ["kline"] * 2]


async def until(client: Client, close: str) -> list[Frame]:
    """All frames up to a bar that closes at *close*."""
    frames: list[Frame] = []
    while not frames or frames[-1].get("k", {}).get("c") != close:
        frames.append(without_time(await client.next()))
    return frames


def without_time(frame: Frame) -> Frame:
    """Its payload but for when it was heard of."""
    return {name: value for name, value in frame["data"].items() if name != "E"}

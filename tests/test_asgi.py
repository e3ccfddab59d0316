"""The same app under other servers: its lifespan, its answers, a WebSocket that is told of a commit elsewhere, and its end."""

import asyncio
import signal
from pathlib import Path

import httpx2
import pytest

from app.asgi import application
from app.news import bus_of
from app.ops.mistakes import SettingsError
from app.settings import Settings
from app.store.client import Database
from tests.cache.servers import RedisServer
from tests.observing.observed import free_port
from tests.store.bridge import PASSWORD, USER, Bridge
from tests.streams.served import NOON, PATIENCE, Service, World
from tests.test_cli import Command, history

pytestmark = pytest.mark.anyio

PERFORMANCE = Path(__file__).parents[1] / "docs/performance.md"

UVICORN = (
    "--factory app.asgi:application --ws websockets-sansio --ws-max-size 65536 --no-proxy-headers --no-server-header"
    " --timeout-keep-alive 75 --timeout-graceful-shutdown 5 --log-level warning"
)
GRANIAN = "--interface asgi --factory app.asgi:application --http1-header-read-timeout 60000 --workers-kill-timeout 5"

SERVERS = {
    "uvicorn": (["uvicorn", *UVICORN.split()], 1012, -signal.SIGTERM),
    "granian": (["granian", *GRANIAN.split()], 1006, 0),
}
"""How each is started, with which code it ends WebSockets (1006: it cuts them off), and with which itself."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def answering(url: str) -> None:
    """Wait until *url* can be asked."""
    async with asyncio.timeout(PATIENCE), httpx2.AsyncClient() as client:
        while True:
            try:
                (await client.get(f"{url}/readyz")).raise_for_status()
            except httpx2.HTTPError:
                await asyncio.sleep(0.05)
            else:
                return


@pytest.mark.parametrize("name", SERVERS)
async def test_another_server_serves_the_same(name: str, database: Database, engine_path: Path, tmp_path: Path) -> None:
    arguments, *ends = SERVERS[name]
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with RedisServer() as redis, Bridge(engine_path).serving() as store:
        async with bus_of(Settings.model_validate({"redis_url": redis.url}), database) as bus:
            world = World(database, bus)
            await world.trades(0, 2_000, 2_100)
            environment = {
                "CLICKHOUSE_HOST": f"http://127.0.0.1:{store.port}", "CLICKHOUSE_USER": USER, "CLICKHOUSE_PASSWORD": PASSWORD,
                "CLICKHOUSE_DATABASE": database.name, "REDIS_URL": redis.url,
            }  # fmt: skip
            with Command(tmp_path, **environment).start("-m", *arguments, "--port", str(port)) as process:
                await answering(url)
                bars = await asyncio.to_thread(history, url, "GOLD", "1")
                async with Service(url, asyncio.Event()).client("/ws?streams=gold@kline_1m") as client:
                    prices = [(await client.next())["data"]["k"]["c"]]
                    await world.trades(1, 2_200)
                    prices.append((await client.next())["data"]["k"]["c"])
                    process.send_signal(signal.SIGTERM)
                    code, _ = await client.end()
                _, log = await asyncio.to_thread(process.communicate, timeout=PATIENCE)
    assert bars == {"s": "ok", "t": [NOON], "o": [2_000], "h": [2_100], "l": [2_000], "c": [2_100], "v": [20]}
    assert prices == ["2100", "2200"]
    assert [code, process.returncode] == ends, log
    assert "starts: by another server; store: a ClickHouse server" in log


def test_a_port_for_metrics_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICS_PORT", "9100")
    with pytest.raises(SettingsError, match="METRICS_PORT: must be empty"):
        application()


def test_performance_says_how_to_start_each() -> None:
    text = PERFORMANCE.read_text()
    assert f"uvicorn {UVICORN}" in text
    assert f"granian {GRANIAN}" in text

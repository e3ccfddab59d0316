"""The commands that run until they are stopped: `serve`, `demo`, `listen` and `tick`."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from app.console import node_settings_for, settings_for
from app.ops import screen

if TYPE_CHECKING:
    from app.settings import Settings


def serve(
    context: typer.Context,
    with_listener: Annotated[bool, typer.Option("--all", help="Follow the chain at RPC_URL, too, in the same process.")] = False,
) -> None:
    """Serve the HTTP API on HOST and PORT, until stopped.

    A chart's address of the UDF datafeed is `http://HOST:PORT/api/tradingview`. On a ClickHouse server, `serve` and `listen` can be
    separate processes, and as many `serve` as needed; chDB belongs to one process, so there it is `serve --all`.

    `RPC_URL=https://node.example.org datafeed serve --all`
    """
    from app import service
    from app.chain.wake import Wake
    from app.life import say_what_starts
    from app.main import create_app
    from app.news import bus_of
    from app.observing import beside
    from app.ops.reports import reporting
    from app.parts import Parts
    from app.ticking import Ticking

    settings = node_settings_for(context) if with_listener else settings_for(context)
    say_what_starts("serve --all" if with_listener else "serve", settings)
    with reporting(settings), service.store(settings, writes=with_listener) as database:
        bus, parts, wake = bus_of(settings, database), Parts(), Wake()
        ticking = Ticking(settings, database, bus, parts)
        served = create_app(settings, database, bus, ticking.occupied, wake.hint if with_listener else None, parts)
        jobs = [service.server(served, settings, partial(_announced, settings)), *beside(settings, parts)]
        if with_listener:
            from app.following import Pulse, listening

            jobs += [listening(settings, database, on_commit=Pulse(), on_news=bus.publish, wake=wake, parts=parts), *ticking.jobs]
        service.run(service.run_all(*jobs, within=bus))


def demo(
    context: typer.Context,
    seed: Annotated[int | None, typer.Option(min=1, help="What the chain is drawn from, at the first start; 1 where left out.")] = None,
    markets: Annotated[int | None, typer.Option(min=1, max=500, help="Markets on it, at the first start; 3 where left out.")] = None,
) -> None:
    """Run everything in one process on a simulated chain: thirty days of history, then a block every two seconds.

    The chain is kept with the data in DATA_DIR, and goes on at the next start. To begin anew, remove that folder. Nobody is limited in how
    often they ask.

    `PORT=9000 DATA_DIR=/tmp/demo datafeed demo --markets 20`
    """
    from pydantic import SecretStr

    from app import service
    from app.chain.protocol import load_protocols
    from app.chain.wake import Wake
    from app.demo.catalogue import catalogue
    from app.demo.chain import DemoChain
    from app.demo.node import serving
    from app.demo.saved import saved_genesis
    from app.following import Pulse, listening
    from app.life import say_what_starts
    from app.main import create_app
    from app.news import bus_of
    from app.observing import beside
    from app.ops.reports import reporting
    from app.parts import Parts
    from app.settings.chain import SIMULATED
    from app.settings.limits import WITHOUT_LIMITS
    from app.store.catalogue import Catalogue
    from app.ticking import Ticking

    settings = settings_for(context)
    load_protocols(folder=settings.protocols_dir)
    say_what_starts("demo", settings)
    genesis = saved_genesis(settings.data_dir, seed=seed, markets=markets)
    chain = DemoChain(genesis)
    with reporting(settings), service.store(settings) as database:
        Catalogue(database).replace(catalogue(genesis))
        unlimited = settings.model_copy(update=WITHOUT_LIMITS)
        bus, parts, wake = bus_of(settings, database), Parts(), Wake()
        ticking = Ticking(settings, database, bus, parts)
        served = create_app(unlimited, database, bus, ticking.occupied, wake.hint, parts)
        jobs = [service.server(served, settings, partial(_announced, settings)), *beside(settings, parts), *ticking.jobs]

        async def work() -> None:
            async with serving(chain) as node:
                simulated = settings.model_copy(update=SIMULATED | {"rpc_url": (SecretStr(node.ws_url),)})
                screen.out.print(f"Simulated chain  {node.url}  (JSON-RPC)")
                writer = listening(simulated, database, on_commit=Pulse(), on_news=bus.publish, wake=wake, parts=parts)
                await service.run_all(*jobs, writer, within=bus)

        service.run(work())


def listen(context: typer.Context) -> None:
    """Follow the chain at RPC_URL and store its markets' events, until stopped.

    Goes on from the newest stored block, or from START_BLOCK. Repairs reorganisations by itself. Waits while no node answers, and
    says so. A second listener on the same store waits until the first is gone. Ctrl-C and SIGTERM stop it without loss.

    `RPC_URL=wss://node.example.org datafeed listen`
    """
    from app import service
    from app.following import Pulse, listening
    from app.life import say_what_starts
    from app.news import bus_of
    from app.observing import beside
    from app.ops.reports import reporting
    from app.parts import Parts
    from app.ticking import Ticking

    settings = node_settings_for(context)
    say_what_starts("listen", settings)
    with reporting(settings), service.store(settings) as database:
        bus = bus_of(settings, database)
        parts = Parts(bus=bus)
        ticking = Ticking(settings, database, bus, parts)
        writer = listening(settings, database, on_commit=Pulse(), on_news=bus.publish, parts=parts)
        service.run(service.run_all(writer, *beside(settings, parts), *ticking.jobs, within=bus))


def tick(context: typer.Context) -> None:
    """Push what changes to PUSHER_APP_ID and keep the active prices in Redis, beside `listen` and `serve`, until stopped.

    Hears of commits over Redis. Of all the tickers on a store, those inside `listen`, `serve --all` and `demo` among them, one leads; the
    others stand by, and one of them takes over when it is gone.

    `REDIS_URL=redis://redis.internal:6379/0 datafeed tick`
    """
    from app import service
    from app.life import say_what_starts
    from app.news import bus_of
    from app.observing import beside
    from app.ops.reports import reporting
    from app.parts import Parts
    from app.ticking import Ticking, ticker_settings

    settings = settings_for(context)
    ticker_settings(settings)
    say_what_starts("tick", settings)
    with reporting(settings), service.store(settings, writes=False) as database:
        bus = bus_of(settings, database)
        parts = Parts(bus=bus, database=database)
        service.run(service.run_all(*Ticking(settings, database, bus, parts).jobs, *beside(settings, parts), within=bus))


def _announced(settings: Settings, url: str) -> None:
    since = int(time.time()) - 86_400
    if settings.enable_page and settings.enable_lightweight_charts:
        screen.out.print(f"Page             {url}/")
    screen.out.print(f"API              {url}/docs")
    if settings.enable_tradingview_charts:
        udf = f"{url}/api/tradingview"
        screen.out.print(f"UDF datafeed     {udf}")
        screen.out.print(f"Markets          {udf}/search?query=&type=&exchange=&limit=30")
        screen.out.print(f"A chart's data   {udf}/history?symbol=GOLD&resolution=1&from={since}&to={since + 86_460}&countback=300")

"""What the processes depend on goes away, comes back, or lies, while events flow: nothing is lost, and everybody is told."""

import contextlib
import time
from dataclasses import replace

import httpx2
import orjson
from websockets.sync.client import ClientConnection, connect

from app.demo.chain import DemoChain
from app.demo.faults import Fault
from app.demo.node import serving_in_thread
from app.store.verify import verify
from tests.depth import DEEP
from tests.drills.town import LISTEN, SERVE, TICK, Town, bars_of, check, port_of, served
from tests.drills.waiting import get, until

AWAY_SECONDS = 60.0 if DEEP else 0.0
"""For so long something stays away after its absence was noticed."""


def events_flow(place: Town, seconds: float = AWAY_SECONDS) -> None:
    """Blocks come for so long, some of which take others back."""
    deadline = time.monotonic() + seconds
    while True:
        place.chain.mine(8)
        place.chain.reorganise(3)
        if time.monotonic() >= deadline:
            return
        time.sleep(1)


def reasons(answer: httpx2.Response) -> str:
    """Why a process is not ready; nothing where it is."""
    return "" if answer.status_code == 200 else str(answer.json()["reasons"])


def test_clickhouse_is_away_for_a_while(place: Town) -> None:
    charts = {resolution: place.history(resolution=resolution).json() for resolution in ("1", "5")}
    processes = place.processes
    place.store_line.cut()
    events_flow(place)
    for name in (SERVE, LISTEN, TICK):
        until(lambda name=name: "the store does not answer" in reasons(place.ready(name)), f"{name} says so")  # type: ignore[misc]
        assert get(f"{processes.url(name)}/healthz").status_code == 200
    assert get(f"{processes.url(SERVE)}/health").json()["dependencies"]["store"]["status"] == "down"
    failed = 'datafeed_store_query_failures_total{query="standing"}'

    def answered_meanwhile() -> bool:
        """What was answered before still is, though nobody can tell any more whether anything has happened since."""
        noticed = place.figure(SERVE, failed) > 0
        for resolution, chart in charts.items():
            answer = place.history(resolution=resolution)
            assert (answer.status_code, answer.json()) == (200, chart)
        return noticed

    until(answered_meanwhile, "the service finds out that it cannot ask")
    for path, form in (
        ("/api/tradingview/history?symbol=GOLD&resolution=240&to=4000000000&countback=3", "errmsg"),
        ("/api/v1/markets/NOWHERE", "error"),
        ("/api/tradingview/symbols?symbol=NOWHERE", "errmsg"),
    ):
        refused = get(processes.url(SERVE) + path)
        assert (refused.status_code, refused.json()[form]) == (503, "the store does not answer; ask again in a few seconds"), path
        assert int(refused.headers["retry-after"]) > 0
    place.store_line.mend()
    place.settle()
    check(place.database, place.chain)


def test_redis_is_killed_and_started_again(place: Town) -> None:
    processes = place.processes
    series = [("GOLD", "1"), ("GOLD", "5"), ("BTC", "1"), ("BTC", "15"), ("ETH", "1"), ("ETH", "60"), ("ETH", "1D")]
    with connect(processes.url(SERVE).replace("http", "ws") + "/api/tradingview/stream", proxy=None) as client:
        client.send(orjson.dumps({"type": "subscribe", "symbol": "GOLD", "resolution": "1S"}).decode())
        told(client, place)
        place.redis.kill()
        events_flow(place)
        until(lambda: place.figure(LISTEN, "datafeed_block ") == place.chain.head, "the listener goes on", lambda: processes.log(LISTEN))

        def noticed() -> bool:
            for symbol, resolution in series:
                answer = place.history(symbol, resolution)
                assert answer.status_code == 200
                assert answer.json()["s"] == "ok"
            return place.figure(SERVE, 'datafeed_breaker_open{breaker="cache"}') == 1

        until(noticed, "the shared cache is left alone", lambda: processes.log(SERVE))
        expected = bars_of(place.chain, "GOLD")
        until(lambda: served(processes.url(SERVE), "GOLD") == expected, "answers are right without it")
        place.redis.start()
        until(lambda: noticed() is False, "the shared cache is used again", lambda: processes.log(SERVE))
        place.settle()
        told(client, place)
    for line in ("the shared cache fails and is left alone", "the shared cache works again"):
        assert processes.log(SERVE).count(line) == 1
    check(place.database, place.chain)


def told(client: ClientConnection, place: Town) -> None:
    """Mine until *client* is told a bar of the newest blocks."""
    for _ in range(100):
        place.chain.mine(2)
        since = place.chain.block(place.chain.head - 1).timestamp
        deadline = time.monotonic() + 2
        with contextlib.suppress(TimeoutError):
            while time.monotonic() < deadline:
                frame = orjson.loads(client.recv(timeout=2))
                if frame.get("time", 0) >= since:
                    return
    raise AssertionError("the stream tells nothing of new blocks")


def test_the_node_is_gone_and_comes_back(place: Town) -> None:
    place.node_line.cut()
    events_flow(place)
    up = "datafeed_rpc_up{"
    until(lambda: place.figure(LISTEN, up) == 0, "the listener notices")
    assert [place.ready(name).status_code for name in (LISTEN, SERVE)] == [200, 200]
    assert place.history().status_code == 200
    place.node_line.mend()
    place.settle()
    assert place.figure(LISTEN, up) == 1
    check(place.database, place.chain)


def test_the_node_lies(place: Town) -> None:
    faults = place.node.faults
    kinds = (Fault.HEAD_BACK, Fault.LAGGING, Fault.OTHER_FORK, Fault.GARBAGE, Fault.NULL_BLOCK, Fault.BAD_GATEWAY, Fault.CUT)
    for lies in [[kind] for kind in kinds] if DEEP else [kinds]:
        for kind in lies:
            faults.order(kind, 2)
        events_flow(place, min(AWAY_SECONDS, 5))
        place.settle()
        for kind in lies:
            faults.order(kind, 0)
    check(place.database, place.chain)


def test_the_address_of_the_node_leads_to_another_chain(place: Town) -> None:
    """By a provider's mistake, or a local node started anew: nothing of it is taken for ours, nothing of ours is taken back."""
    other = DemoChain(replace(place.chain.genesis, chain_id=999, seed=5), clock=None, head=place.chain.head + 50)
    before = place.database.rows("SELECT count(), max(block_number) FROM vamm_market_transactions")
    with serving_in_thread(other) as node:
        place.node_line.lead_to(port_of(node))
        until(lambda: "is on chain 999" in place.processes.log(LISTEN), "the listener says so", lambda: place.processes.log(LISTEN))
        other.mine(5)
        assert place.database.rows("SELECT count(), max(block_number) FROM vamm_market_transactions") == before
        place.node_line.lead_to(port_of(place.node))
    place.settle()
    check(place.database, place.chain)
    assert place.database.rows("SELECT DISTINCT chain_id FROM vamm_market_transactions") == [(place.chain.genesis.chain_id,)]


def test_all_of_them_stop_without_loss(place: Town) -> None:
    place.chain.mine(20)
    for name in (LISTEN, TICK, SERVE):
        assert place.processes.stop(name) == 0
        assert "Traceback" not in place.processes.log(name)
    assert verify(place.database) == []

"""The page at /status: what it tells of a process, where it is, and to whom it says nothing."""

import re
import time
from html.parser import HTMLParser
from typing import Any

import pytest
from starlette.testclient import TestClient

from app import health
from app.domain.block import Block
from app.main import create_app
from app.news import bus_of
from app.observing import alone
from app.parts import Parts
from app.settings import Settings
from app.status.shown import duration, milliseconds, rate, share
from app.store import rows
from app.store.client import Database, StoreError
from app.store.lease import TICKING, Lease
from app.ticking import Ticking
from tests.observing.observed import SECRET, Observed
from tests.store.rows import CHAIN


class Text(HTMLParser):
    """The words of a page, one after another."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.words += [data.strip()] if data.strip() else []

    def after(self, name: str) -> str:
        """What follows *name*: the value of a fact."""
        return self.words[self.words.index(name) + 1]


def shown(database: Database, parts: Parts | None = None, **settings: Any) -> Text:
    """The page of a process on *database*."""
    with TestClient(create_app(Settings.model_validate(settings), database, parts=parts)) as client:
        answer = client.get("/status")
        assert answer.status_code == 200
        return Text(answer.text)


def test_a_process_at_work_is_told(seen: Observed) -> None:
    told = Text(seen.status)
    assert told.after("Newest stored block") == told.after("Newest block to read") == f"{seen.stats['head']:,}"
    assert int(told.after("Commits")) > 0
    assert told.after("Events committed") == f"{seen.scraped('datafeed_events_total'):,.0f}"
    assert told.after("Last commit").endswith(" ago")
    assert told.after("Writes to the store") == "this process"
    assert told.after("Store") == told.after("Node of the chain") == "ok"
    assert told.after("WebSockets") == "2"
    assert told.after("GET /api/tradingview/history") == "3"
    assert [told.words.count(node) for node in ("127.0.0.1", "127.0.0.1#1")] == [2, 0]


def test_it_is_beside_the_metrics_alone_and_tells_no_secret(seen: Observed) -> None:
    assert seen.status_on_main_port == 404
    assert SECRET not in seen.status
    assert "redis://" not in seen.status


def test_where_it_is_it_comes_with_what_it_loads(database: Database) -> None:
    for app, pages in ((create_app(Settings(), database), 2), (alone(Settings(), Parts()), 0)):
        with TestClient(app) as client:
            answer = client.get("/status")
            policy = answer.headers["content-security-policy"]
            assert "script-src 'self'; style-src 'self'" in policy
            assert answer.headers["cache-control"] == "no-store"
            assert not re.search(r"<style|<script>|style=| on\w+=", answer.text)
            for path in re.findall(r'(?:src|href)="(/static/[^"]+)"', answer.text):
                assert client.get(path).status_code == 200, path
            links = re.findall(r'<a href="([^"]+)"', answer.text)
            assert len(links) == pages
            assert {client.get(path).status_code for path in links} <= {200}


def test_it_goes_with_the_other_pages(database: Database) -> None:
    with TestClient(create_app(Settings(enable_page=False), database)) as client:
        assert client.get("/status").status_code == 404
        assert client.get("/stats").status_code == 200
    with TestClient(alone(Settings(enable_page=False), Parts())) as client:
        assert client.get("/status").status_code == 404
    with TestClient(create_app(Settings(enable_lightweight_charts=False), database)) as client:
        assert 'href="/"' not in client.get("/status").text


def test_without_a_listener_it_goes_by_the_store(database: Database) -> None:
    now = int(time.time())
    found = [Block(number, f"0x{number:064x}", "0x", now - age) for number, age in ((1_000, 2_400), (1_100, 2_200))]
    database.insert("vamm_checkpoints", rows.checkpoints(CHAIN, found))
    told = shown(database)
    assert told.after("Newest stored block") == "1,100"
    assert told.after("Behind the chain, blocks").startswith("1,10")
    assert told.after("Behind the chain, seconds").startswith("36 min")
    assert "Something is down or behind" in told.words
    assert any(word.startswith("What is stored is 1") for word in told.words)
    assert any(word.startswith("No listener runs in this process") for word in told.words)
    assert told.after("Events a second") == "\N{EN DASH}"


def test_who_holds_which_lease_is_told(database: Database) -> None:
    assert shown(database).after("Writes to the store") == "nobody"
    Lease(database, CHAIN, ttl=60).try_acquire()
    assert shown(database).after("Writes to the store") == "this process"
    database.run("INSERT INTO vamm_leases (chain_id, holder, expires_at) SELECT 0, 'elsewhere:7:abc', now64(3) + 60")
    assert TICKING == 0
    told = shown(database)
    assert told.after("Pushes what changes") == "another process"
    assert "elsewhere" not in " ".join(told.words)


def test_a_store_that_is_away_is_told(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise StoreError("secret-host:9000 cannot be reached")

    with TestClient(create_app(Settings(), database)) as client:
        monkeypatch.setattr(health, "FRESH", 0)
        monkeypatch.setattr(Database, "rows", away)
        told = Text(client.get("/status").text)
    assert "The store does not answer" in told.words
    assert told.after("Store") == "down"
    assert "secret-host" not in " ".join(told.words)


def test_who_may_not_read_the_leases_still_finds_the_store_well(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise StoreError("not enough privileges")

    monkeypatch.setattr(health, "holders", refused)
    told = shown(database)
    assert told.after("Store") == "ok"
    assert "Everything is well" in told.words


def test_a_listener_that_waits_for_a_node_is_told(database: Database) -> None:
    told = shown(database, Parts(listens=True))
    assert "The listener of this process waits for a node." in told.words
    assert told.after("Node of the chain") == "down"


def test_a_ticker_by_itself_is_told_on_the_port_of_its_metrics(database: Database) -> None:
    settings, parts = Settings(), Parts()
    Ticking(settings, database, bus_of(settings, database), parts)
    with TestClient(alone(settings, parts)) as client:
        assert client.get("/readyz").status_code == 200
        told = Text(client.get("/status").text)
    assert told.after("Store") == "ok"
    assert told.after("News waiting in this process") == "0"


def test_figures_are_written_as_people_read_them() -> None:
    written = ["\N{EN DASH}", "2.1 s", "1 min", "1 min 1 s", "1 h", "1 d 1 h"]
    assert [duration(seconds) for seconds in (None, 2.14, 60, 61, 3_600, 90_000)] == written
    assert [milliseconds(seconds) for seconds in (0.0123, 1.5)] == ["12.3 ms", "1.50 s"]
    assert [rate(value) for value in (0.25, 1234.5)] == ["0.2", "1,234"]
    assert share(0.975) == "97.5 %"

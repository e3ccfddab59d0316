"""Figures of every part for Prometheus: read where the parts count them, when somebody asks, and nothing before that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from itertools import accumulate
from typing import TYPE_CHECKING, Final, TypeVar

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from app.domain.times import BOUNDS, Times
from app.health import OK, Found, Lag
from app.parts import Parts

if TYPE_CHECKING:
    from app.cache.lru import LruStatistics
    from app.cache.tiered import Statistics
    from app.chain.node import NodeStatistics

PREFIX: Final = "datafeed_"

Labels = tuple[str, ...]
L = TypeVar("L", bound=Labels)


class Metrics(Collector):
    """Figures of *parts*; `text` is their form that Prometheus reads, version 0.0.4. All calls are made in one event loop."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._found: tuple[Found, Lag, bool] | None = None
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def text(self, found: Found, lag: Lag, *, is_ready: bool) -> bytes:
        """All figures, with what a look at the service's health has *found*."""
        self._found = found, lag, is_ready
        return generate_latest(self._registry)

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: which figures there are depends on what runs."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every figure that some part has."""
        yield _gauge("info", "Which version runs.", ("version",), {(version("vamm-datafeed"),): 1})
        yield from self._requests()
        yield from self._statements()
        if self._found:
            yield from _state(*self._found)
        for part in (self._caches, self._queries, self._listener, self._bus, self._streams, self._pusher):
            yield from part()

    def _requests(self) -> Iterator[Metric]:
        answered = self._parts.requests.answered
        if answered:
            statuses = {
                (method, route, str(status)): count for (method, route), each in answered.items() for status, count in each.statuses.items()
            }
            yield _counter("http_requests", "Requests, by the route's own path.", ("method", "route", "status"), statuses)
            times = {key: each.times for key, each in answered.items()}
            yield _histogram("http_request_duration_seconds", "How long answers took, to their end.", ("method", "route"), times)
        if self._parts.windows:
            refused = {(name,): count for name, count in self._parts.windows.refused.items()}
            yield _counter("rate_limited_requests", "Requests refused with 429, by limit.", ("limit",), refused)

    def _statements(self) -> Iterator[Metric]:
        if not (database := self._parts.database):
            return
        statements = {(name,): each for name, each in database.timing.statements().items()}
        times = {name: each.times for name, each in statements.items()}
        yield _histogram("store_query_duration_seconds", "How long statements took, by the file of their text.", ("query",), times)
        failed = {name: each.failed for name, each in statements.items()}
        yield _counter("store_query_failures", "Statements that failed, or met a limit.", ("query",), failed)
        rows = {(table,): count for table, count in database.timing.rows().items()}
        yield _counter("store_rows_inserted", "Rows written, by table.", ("table",), rows)

    def _queries(self) -> Iterator[Metric]:
        if reader := self._parts.reader:
            found = reader.statistics()
            states = {("under_way",): found.under_way, ("waiting",): found.waiting}
            yield _gauge("store_queries", "Queries of the API now.", ("state",), states)
            yield _counter("store_queries_refused", "Queries refused, as too many waited.", (), {(): found.refused})

    def _caches(self) -> Iterator[Metric]:
        if not (self._parts.candles and self._parts.lists and self._parts.ready):
            return
        pages, lists = self._parts.candles.statistics(), self._parts.lists.statistics()
        lookups = self._parts.lookups
        yield _counter("cache_lookups", "What was asked for, by the level that had it; store: none had.", ("cache", "level"), lookups)
        kept: dict[Labels, Statistics | LruStatistics]
        kept = {("candles",): pages.values, ("lists",): lists, ("ready",): self._parts.ready.statistics()}
        for what, help_, count in _CACHE_GAUGES:
            yield _gauge(f"cache_{what}", help_, ("cache",), {name: count(values) for name, values in kept.items()})
        evictions = {name: values.evictions for name, values in kept.items()}
        yield _counter("cache_evictions", "Values that had to make room in memory.", ("cache",), evictions)
        if shared := pages.values.shared:
            calls = {("answered",): shared.calls - shared.timeouts - shared.failures, ("timeout",): shared.timeouts}
            calls |= {("failed",): shared.failures, ("skipped",): shared.skipped}
            yield _counter("shared_cache_calls", "Calls of the shared cache, by what came of them.", ("outcome",), calls)
            lost = {("write",): shared.dropped_writes, ("delete",): shared.lost_deletes}
            yield _counter("shared_cache_lost", "Values that did not get to the shared cache.", ("what",), lost)
        yield _gauge("breaker_open", "1 where something is left alone until it works again.", ("breaker",), self._breakers())

    def _breakers(self) -> Mapping[Labels, float]:
        found: dict[Labels, float] = {}
        if self._parts.candles and (shared := self._parts.candles.statistics().values.shared):
            found |= {("cache",): shared.is_open, ("cache_writes",): shared.writes_open}
        is_away = getattr(self._parts.windows, "is_away", None)
        return found if is_away is None else found | {("limits",): is_away}

    def _listener(self) -> Iterator[Metric]:
        yield _gauge("listener", "1 where a listener is to run in this process.", (), {(): self._parts.listens})
        if not (following := self._parts.following):
            return
        ledger, listener = following.ledger.statistics(), following.listener.statistics()
        for name, help_, count in (
            ("commits", "Commits.", ledger.commits),
            ("events", "Events committed.", ledger.trades),
            ("market_versions", "Versions of markets committed.", ledger.markets),
            ("set_aside_logs", "Logs that could not become rows.", ledger.set_aside),
            ("rewinds", "Times that something was taken back or built anew.", ledger.rewinds),
            ("reorganisations", "Times that the chain took blocks back which were stored.", listener.reorganisations),
            ("catchup_logs", "Logs read in ranges, far behind the head.", listener.past_logs),
        ):
            yield _counter(name, help_, (), {(): count})
        yield from _nodes(following.source.rpc.statistics())

    def _bus(self) -> Iterator[Metric]:
        depths: dict[Labels, float] = {}
        if bus := self._parts.bus:
            found = bus.statistics()
            depths |= {("bus",): found.rows_waiting, ("outbox",): found.unsent}
            yield _gauge("bus_subscribers", "Who hears the news in this process.", (), {(): found.subscribers})
            yield _gauge("bus_away", "1 where news does not get to other processes.", (), {(): found.is_away})
            yield _counter("bus_dropped", "News that was never sent to other processes.", (), {(): found.dropped})
            yield _counter("bus_garbage", "Messages of other processes that were none.", (), {(): found.garbage})
        if publisher := self._parts.publisher:
            depths[("publisher",)] = publisher.statistics().waiting
        if streams := self._parts.connections:
            depths[("streams",)] = streams.statistics().messages
        yield _gauge("queue_depth", "What waits: rows for subscribers, messages and events to be sent.", ("queue",), depths)

    def _streams(self) -> Iterator[Metric]:
        connections: dict[Labels, float] = {}
        subscriptions: dict[Labels, float] = {}
        replaced: dict[Labels, float] = {}
        waiting: dict[Labels, float] = {}
        closed: dict[Labels, float] = {}
        if streams := self._parts.connections:
            found = streams.statistics()
            connections[("stream",)], subscriptions[("stream",)] = found.connections, found.hub.subscriptions
            closed |= {("stream", str(code)): count for code, count in found.ended.items()}
            yield _counter("websocket_refused", "WebSockets refused, as there were too many.", (), {(): found.refused})
            replaced[("stream",)], waiting[("stream",)] = found.replaced, found.bytes
            yield _gauge("hub_markets", "Markets that are followed for somebody.", (), {(): found.hub.markets})
        if local := self._parts.local:
            pusher = local.socket.statistics()
            connections[("pusher",)], subscriptions[("pusher",)] = pusher.connections, pusher.subscriptions
            replaced[("pusher",)], waiting[("pusher",)] = pusher.replaced, pusher.bytes
            closed |= {("pusher", str(int(code))): count for code, count in pusher.ended.items()}
        if connections:
            yield _gauge("websocket_connections", "WebSockets open.", ("kind",), connections)
            yield _gauge("websocket_subscriptions", "What is heard on them.", ("kind",), subscriptions)
            yield _counter("websocket_replaced", "States never sent, as a newer one came first.", ("kind",), replaced)
            yield _gauge("websocket_waiting_bytes", "What waits to be sent, in bytes.", ("kind",), waiting)
            yield _counter("websocket_closed", "WebSockets ended by this side, by code.", ("kind", "code"), closed)

    def _pusher(self) -> Iterator[Metric]:
        if not (publisher := self._parts.publisher):
            return
        found = publisher.statistics()
        for name, help_, count in (
            ("pusher_pushed", "Events pushed.", found.pushed),
            ("pusher_failures", "Times that pushing failed, and was tried again.", found.failed),
            ("pusher_refused", "Events that were refused for good.", found.refused),
            ("pusher_dropped", "Trades, prices and final bars that were never pushed, as too much waited.", found.dropped),
        ):
            yield _counter(name, help_, (), {(): count})
        yield _gauge("pusher_channels", "Channels that somebody hears and that are pushed to.", (), {(): found.channels})


_CACHE_GAUGES: Final[Sequence[tuple[str, str, Callable[[Statistics | LruStatistics], float]]]] = (
    ("entries", "Values in memory.", lambda values: values.entries),
    ("bytes", "Memory that they take.", lambda values: values.used_bytes),
    ("budget_bytes", "Memory that they may take.", lambda values: values.budget_bytes),
)


def host_labels(hosts: Sequence[str]) -> list[str]:
    """A label for each node: its host, with a number where several share one."""
    return [host if hosts.count(host) == 1 else f"{host}#{hosts[:place].count(host) + 1}" for place, host in enumerate(hosts)]


def _state(found: Found, lag: Lag, is_ready: bool) -> Iterator[Metric]:
    yield _gauge("ready", "1 where requests may be sent here, as /readyz says.", (), {(): is_ready})
    yield _gauge("store_up", "1 where the store answers.", (), {(): found.stored is not None})
    latencies = {("store",): found.stored.latency if found.stored else None, ("cache",): found.cache.latency}
    known = {name: seconds for name, seconds in latencies.items() if seconds is not None}
    yield _gauge("dependency_latency_seconds", "How long a look at it took.", ("dependency",), known)
    if found.cache.state != "off":
        yield _gauge("shared_cache_up", "1 where the shared cache answers.", (), {(): found.cache.state == OK})
    for name, help_, value in (
        ("block", "Newest stored block.", lag.block),
        ("head_block", "Newest block to read, by the nodes.", lag.head),
        ("lag_blocks", "Blocks that are not stored yet; without a listener here, by the chain's pace.", lag.blocks),
        ("lag_seconds", "Seconds since the newest stored block was made.", lag.seconds),
    ):
        if value is not None:
            yield _gauge(name, help_, (), {(): value})


def _nodes(nodes: Sequence[NodeStatistics]) -> Iterator[Metric]:
    named = dict(zip(host_labels([node.host for node in nodes]), nodes, strict=True))
    yield _counter("rpc_calls", "Messages to nodes.", ("node",), {(name,): node.calls for name, node in named.items()})
    yield _counter("rpc_requests", "Requests in them.", ("node",), {(name,): node.requests for name, node in named.items()})
    errors = {(name, kind): count for name, node in named.items() for kind, count in node.errors.items()}
    yield _counter("rpc_errors", "Messages that failed, by what it was.", ("node", "kind"), errors)
    yield _counter("rpc_connects", "Connections made.", ("node",), {(name,): node.connects for name, node in named.items()})
    yield _gauge("rpc_up", "1 where the last message was answered.", ("node",), {(name,): node.is_up for name, node in named.items()})
    latency = {(name,): node.latency for name, node in named.items() if node.latency is not None}
    yield _gauge("rpc_latency_seconds", "How long the last answer took.", ("node",), latency)


def _counter(name: str, help_: str, labels: Labels, values: Mapping[L, float]) -> Metric:
    family = CounterMetricFamily(PREFIX + name, help_, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _gauge(name: str, help_: str, labels: Labels, values: Mapping[L, float]) -> Metric:
    family = GaugeMetricFamily(PREFIX + name, help_, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _histogram(name: str, help_: str, labels: Labels, values: Mapping[L, Times]) -> Metric:
    family = HistogramMetricFamily(PREFIX + name, help_, labels=labels)
    for key, times in values.items():
        buckets = list(zip((*map(str, BOUNDS), "+Inf"), accumulate(times.counts), strict=True))
        family.add_metric(key, buckets, times.seconds)
    return family

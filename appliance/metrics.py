"""Figures for Prometheus, and the page they are read from."""

import asyncio
import ipaddress
import time
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from quart import Blueprint, Request, request
from quart.wrappers.response import Response

from appliance.data_folder import DataFolder
from appliance.errors import Forbidden
from appliance.finished import Finished
from appliance.guard import opened
from appliance.room import measure
from appliance.safekeeping import records
from appliance.serving.counters import Counters
from appliance.settings import Settings
from appliance.storage.sweep import Swept
from appliance.units import Networks
from appliance.version import VERSION

SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900)  # from one page to the longest `build_timeout`
LATE = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)  # from what nobody notices to what everybody does
MEASURED = 300.0  # seconds a measurement of the store is good for: it looks at every file
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP")


class Metrics:
    """The figures of one server, in a registry of its own."""

    def __init__(self, settings: Settings, folder: DataFolder, counters: Counters) -> None:
        self._allowed = settings.metrics_allow
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.registry.register(_Serving(counters))
        self._stored = _Stored(folder)
        self.registry.register(self._stored)
        self.registry.register(_Safe(folder))
        info = Gauge("dropdock_info", "The program that runs.", ["version"], registry=self.registry)
        info.labels(VERSION).set(1)
        self._deploys = Counter("dropdock_deploys", "Deploys finished, by outcome.", ["state"], registry=self.registry)
        self._seconds = Histogram(
            "dropdock_deploy_seconds",
            "Time of the work on a deploy.",
            ["state"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self._cache = Counter(
            "dropdock_cache_lookups",
            "Files looked up among results kept, by outcome.",
            ["outcome"],
            registry=self.registry,
        )
        self._kept = Counter(
            "dropdock_dependency_lookups",
            "Dependencies of builds looked up among those installed before, by outcome.",
            ["outcome"],
            registry=self.registry,
        )
        self._swept_files = Counter("dropdock_swept_files", "Stored files removed by sweeps.", registry=self.registry)
        self._swept_bytes = Counter("dropdock_swept_bytes", "Bytes of them.", registry=self.registry)
        self._swept_at = Gauge("dropdock_swept_seconds", "When the last sweep ended.", registry=self.registry)
        self._late = Histogram(
            "dropdock_loop_late_seconds",
            "How late the event loop comes to what is due.",
            buckets=LATE,
            registry=self.registry,
        )
        for outcome in ("hit", "miss"):
            self._cache.labels(outcome)
            self._kept.labels(outcome)
        for state in ("ready", "failed"):  # both are there from the start, or the first failure has no rate
            self._deploys.labels(state)
            self._seconds.labels(state)

    def deploy_finished(self, finished: Finished) -> None:
        """Count a deploy; from any thread."""
        self._deploys.labels(finished.state).inc()
        self._seconds.labels(finished.state).observe(finished.seconds)
        self._cache.labels("hit").inc(finished.cache_hits)
        self._cache.labels("miss").inc(finished.cache_misses)
        self._kept.labels("hit").inc(finished.kept_hits)
        self._kept.labels("miss").inc(finished.kept_misses)

    def swept(self, swept: Swept) -> None:
        """Count what a sweep has removed."""
        self._swept_files.inc(swept.blobs + swept.manifests)
        self._swept_bytes.inc(swept.bytes)
        self._swept_at.set_to_current_time()

    def late(self, seconds: float) -> None:
        """Note how late the event loop was."""
        self._late.observe(seconds)

    def watch_queue(self, depth: Callable[[], int]) -> None:
        """Ask `depth` for the number of waiting deploys whenever the figures are read; in a thread."""
        Gauge("dropdock_queue_depth", "Deploys waiting.", registry=self.registry).set_function(depth)

    async def page(self, accept: str = "") -> tuple[bytes, str]:
        """The figures as they are now, and their media type: OpenMetrics for who asks for it, else plain text."""
        encode, media_type = choose_encoder(accept)
        await self._stored.measure()
        return await asyncio.to_thread(encode, self.registry), media_type

    def blueprint(self) -> Blueprint:
        """`/metrics`, for the networks in `metrics_allow`."""
        blueprint = Blueprint("metrics", __name__)

        @blueprint.get("/metrics")
        @opened
        async def metrics() -> Response:
            check_allowed(request, self._allowed)
            page, media_type = await self.page(request.headers.get("Accept", ""))
            return Response(page, content_type=media_type, headers={"Cache-Control": "no-store"})

        return blueprint


def check_allowed(asked: Request, allowed: Networks) -> None:
    """Raise Forbidden unless the connection comes from an allowed network.

    The connection's address counts, never one that a header claims. A proxy on this machine connects from loopback for
    everybody, so what says it was forwarded is refused.
    """
    if any(name in asked.headers for name in FORWARDED):
        raise Forbidden("Figures are not given out through a proxy: ask Dropdock itself.", code="forwarded")
    if not is_allowed(asked.remote_addr, allowed):
        raise Forbidden("Your address is not in metrics_allow: ask the operator to add it.", code="address_not_allowed")


def is_allowed(address: str | None, allowed: Networks) -> bool:
    """Whether an address, IPv4 mapped into IPv6 (RFC 4291 §2.5.5.2) included, is in one of the networks."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:  # a connection that has none, such as a Unix socket's
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return any((mapped or found) in network for network in allowed)


class _Serving(Collector):
    """Requests and connections, read from the counters of the serving plane when they are asked for."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    def collect(self) -> Iterator[Metric]:
        now = self._counters.snapshot()
        requests = CounterMetricFamily(
            "dropdock_requests", "Requests answered, by kind of host and class of status.", labels=["kind", "status"]
        )
        for labels, count in now.requests.items():
            requests.add_metric(labels, count)
        yield requests
        yield from self._by_site()
        yield CounterMetricFamily("dropdock_sent_bytes", "Bytes of bodies sent.", now.bytes_sent)
        yield GaugeMetricFamily("dropdock_connections_open", "Connections open.", now.connections_open)
        yield CounterMetricFamily("dropdock_connections", "Connections accepted.", now.connections_accepted)
        yield CounterMetricFamily("dropdock_connections_refused", "Connections refused.", now.connections_refused)
        yield CounterMetricFamily(
            "dropdock_connections_handed_over",
            "Connections the fast lane left to Hypercorn.",
            now.connections_handed_over,
        )

    def _by_site(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "dropdock_site_requests", "Requests answered, by site and class of status.", labels=["site", "status"]
        )
        sent = CounterMetricFamily("dropdock_site_sent_bytes", "Bytes of bodies sent, by site.", labels=["site"])
        for site, traffic in self._counters.sites():
            sent.add_metric([site], traffic.bytes_sent)
            for status, count in traffic.statuses.items():
                requests.add_metric([site, status], count)
        yield requests
        yield sent


class _Safe(Collector):
    """What the last good backup and the last verification came to; nothing of what there has not been yet."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder

    def collect(self) -> Iterator[Metric]:
        backup, verified = records.last_backup(self._folder), records.last_verification(self._folder)
        if backup:
            made = backup.at.timestamp()
            yield GaugeMetricFamily("dropdock_backup_timestamp_seconds", "When the last good backup was made.", made)
        if verified:
            ended = verified.at.timestamp()
            yield GaugeMetricFamily("dropdock_verified_timestamp_seconds", "When all content was last verified.", ended)
            yield GaugeMetricFamily("dropdock_damaged_files", "Files that were damaged then.", verified.damaged)


class _Stored(Collector):
    """How much content is stored: files and bytes, each counted once however many deploys name it."""

    def __init__(self, folder: DataFolder) -> None:
        self._blobs = folder.blobs
        self._measuring = asyncio.Lock()
        self._measured_at = float("-inf")
        self._files = self._bytes = 0

    async def measure(self) -> None:
        """Measure, unless that was done not long ago (see `MEASURED`)."""
        async with self._measuring:
            if time.monotonic() - self._measured_at > MEASURED:
                room = await asyncio.to_thread(measure, self._blobs)
                self._files, self._bytes = room.files, room.bytes
                self._measured_at = time.monotonic()

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("dropdock_stored_files", "Files in the store of content.", self._files)
        yield GaugeMetricFamily("dropdock_stored_bytes", "Bytes in the store of content.", self._bytes)

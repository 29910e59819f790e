"""Figures: right, in a registry of their own, and only for those who may see them."""

import asyncio
import ipaddress
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families as parse
from quart import Quart
from quart.wrappers.response import Response

from appliance import metrics as metrics_module
from appliance.access import Access
from appliance.api import edge
from appliance.data_folder import DataFolder
from appliance.finished import Finished
from appliance.metrics import Metrics, is_allowed
from appliance.serving.counters import Counters
from appliance.settings import Settings
from appliance.storage.blobs import Blobs
from appliance.units import networks
from appliance.version import VERSION

LOOPBACK = networks("127.0.0.0/8 ::1/128")
Figures = dict[tuple[str, ...], float]


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path)
    made.create()
    return made


@pytest.fixture
def counters() -> Counters:
    return Counters()


@pytest.fixture
def metrics(folder: DataFolder, counters: Counters) -> Metrics:
    return Metrics(Settings(), folder, counters)


async def figures(metrics: Metrics) -> Figures:
    page, _ = await metrics.page()
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in parse(page.decode())
        for sample in family.samples
    }


async def asked(metrics: Metrics, address: str | None, headers: dict[str, str] | None = None) -> Response:
    app = Quart(__name__)
    edge.install(app, Access.of(Settings(), "k" * 40))
    app.register_blueprint(metrics.blueprint())
    client = (address, 1234) if address is not None else None
    response = await app.test_client().get("/metrics", headers=headers, scope_base={"client": client})
    assert isinstance(response, Response)
    return response


# ── the figures


async def test_requests_are_counted_by_kind_and_class(metrics: Metrics, counters: Counters) -> None:
    counters.answered("site", 200, 100)
    counters.answered("site", 206, 10)
    counters.answered("admin", 503, 1)

    found = await figures(metrics)

    assert found["dropdock_requests_total", "site", "2xx"] == 2
    assert found["dropdock_requests_total", "admin", "5xx"] == 1
    assert found["dropdock_requests_total", "unknown", "4xx"] == 0
    assert found["dropdock_sent_bytes_total",] == 111


async def test_requests_are_counted_by_site(metrics: Metrics, counters: Counters) -> None:
    counters.visited("shop", 200, 7, b"/")
    counters.visited("shop", 404, 3, b"/x")

    found = await figures(metrics)

    assert found["dropdock_site_requests_total", "shop", "2xx"] == 1
    assert found["dropdock_site_requests_total", "shop", "4xx"] == 1
    assert found["dropdock_site_sent_bytes_total", "shop"] == 10


async def test_connections_are_counted(metrics: Metrics, counters: Counters) -> None:
    counters.accepted, counters.opened, counters.refused, counters.handed_over = 4, 3, 2, 1

    found = await figures(metrics)

    names = ("connections_total", "connections_open", "connections_refused_total", "connections_handed_over_total")
    assert [found[f"dropdock_{name}",] for name in names] == [4, 3, 2, 1]


async def test_deploys_are_counted_and_timed_by_outcome(metrics: Metrics) -> None:
    metrics.deploy_finished(Finished("ready", 0.3))
    metrics.deploy_finished(Finished("ready", 2.0))
    metrics.deploy_finished(Finished("failed", 1000.0))

    found = await figures(metrics)

    assert (found["dropdock_deploys_total", "ready"], found["dropdock_deploys_total", "failed"]) == (2, 1)
    assert found["dropdock_deploy_seconds_bucket", "0.5", "ready"] == 1
    assert found["dropdock_deploy_seconds_sum", "ready"] == 2.3
    assert found["dropdock_deploy_seconds_bucket", "900.0", "failed"] == 0


async def test_every_outcome_is_there_from_the_start(metrics: Metrics) -> None:
    found = await figures(metrics)

    assert (found["dropdock_deploys_total", "ready"], found["dropdock_deploys_total", "failed"]) == (0, 0)


async def test_the_queue_is_asked_when_figures_are_read(metrics: Metrics) -> None:
    waiting = [1]
    metrics.watch_queue(lambda: waiting[0])
    waiting[0] = 7

    assert (await figures(metrics))["dropdock_queue_depth",] == 7


async def test_what_is_stored_is_measured(metrics: Metrics, folder: DataFolder) -> None:
    staged = Blobs(folder.blobs).stage(folder.work)
    staged.put([b"12345"])
    staged.put([b"1234567"])
    staged.commit()

    found = await figures(metrics)

    assert (found["dropdock_stored_files",], found["dropdock_stored_bytes",]) == (2, 12)


async def test_the_store_is_measured_now_and_then_only(
    metrics: Metrics, folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asyncio.gather(figures(metrics), figures(metrics))
    staged = Blobs(folder.blobs).stage(folder.work)
    staged.put([b"12345"])
    staged.commit()

    before = (await figures(metrics))["dropdock_stored_bytes",]
    monkeypatch.setattr(metrics_module, "MEASURED", 0.0)
    after = (await figures(metrics))["dropdock_stored_bytes",]

    assert (before, after) == (0, 5)


async def test_the_process_and_the_program_are_described(metrics: Metrics) -> None:
    found = await figures(metrics)

    assert found["dropdock_info", VERSION] == 1
    assert found["process_resident_memory_bytes",] > 1_000_000


async def test_two_servers_in_one_process_do_not_share_figures(folder: DataFolder) -> None:
    first, second = (Metrics(Settings(), folder, Counters()) for _ in range(2))

    first.deploy_finished(Finished("ready", 1.0))

    assert (await figures(second))["dropdock_deploys_total", "ready"] == 0
    assert not [family for family in REGISTRY.collect() if family.name.startswith("dropdock")]


# ── the page


async def test_the_page_is_plain_text_unless_openmetrics_is_asked_for(metrics: Metrics) -> None:
    plain = await asked(metrics, "127.0.0.1")
    openmetrics = await asked(metrics, "127.0.0.1", {"Accept": "application/openmetrics-text; version=1.0.0"})

    assert plain.content_type.startswith("text/plain; version=0.0.4")
    assert openmetrics.content_type.startswith("application/openmetrics-text")
    assert (await openmetrics.get_data(as_text=False)).endswith(b"# EOF\n")
    assert plain.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("address", ["10.0.0.1", "::2", "203.0.113.9", None])
async def test_others_are_refused(metrics: Metrics, address: str | None) -> None:
    response = await asked(metrics, address)

    assert response.status_code == 403
    assert response.content_type == "application/problem+json"
    assert (await response.get_json())["code"] == "address_not_allowed"


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
async def test_a_header_neither_opens_the_page_nor_hides_a_proxy(metrics: Metrics, header: str) -> None:
    from_afar = await asked(metrics, "10.0.0.1", {header: "127.0.0.1"})
    through_a_proxy_here = await asked(metrics, "127.0.0.1", {header: "203.0.113.9"})

    assert (from_afar.status_code, through_a_proxy_here.status_code) == (403, 403)


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:10.0.0.1", False),
        ("fe80::1%eth0", False),
        ("<local>", False),
        ("", False),
        (None, False),
    ],
)
def test_the_connections_address_decides(address: str | None, allowed: bool) -> None:
    assert is_allowed(address, LOOPBACK) is allowed


def test_a_network_of_the_operators_choice_is_let_in() -> None:
    assert is_allowed("10.1.2.3", (ipaddress.ip_network("10.0.0.0/8"),))

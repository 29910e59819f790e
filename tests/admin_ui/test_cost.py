"""What the sites screen costs: bytes and requests of a first visit, processor time of the server."""

from collections.abc import Iterator

import httpx
import psutil
import pytest
from playwright.sync_api import Browser, Request

from tests.admin_ui.window import Window
from tests.admin_ui.world import MIA, World, world

MOST_BYTES = 100_000
MOST_REQUESTS = 8
MOST_SECONDS = 0.030  # of processor time, with 500 sites
SITES = 500
PASSES = 40


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """An installation where Mia has very many sites."""
    with world(tmp_path_factory.mktemp("cost") / "data", sites=SITES) as laid_out:
        yield laid_out


@pytest.mark.long
@pytest.mark.needs("chromium")
def test_a_first_visit_to_the_sites_is_light(browser: Browser, busy: World) -> None:
    with Window.on(browser, busy.url) as window:
        window.sign_in(MIA)
        signed = window.page.context.storage_state()
    loaded: list[Request] = []

    with Window.on(browser, busy.url, storage_state=signed) as window:
        window.page.on("requestfinished", lambda request: loaded.append(request))  # noqa: PLW0108 - Playwright marks it
        with window.page.expect_event(
            "requestfinished", lambda request: request.url.endswith(".svg")
        ):  # the icon, last
            window.page.goto(busy.url)
        window.page.locator("time[data-ago]").first.wait_for()
        weights = {request.url: sent(request) for request in loaded}

    print({url.rpartition("/")[2] or "page": weight for url, weight in weights.items()})
    assert len(loaded) <= MOST_REQUESTS, weights
    assert sum(weights.values()) <= MOST_BYTES, weights


def sent(request: Request) -> int:
    """Bytes of an answer over the wire."""
    sizes = request.sizes()
    return sizes["responseHeadersSize"] + sizes["responseBodySize"]


@pytest.mark.long
def test_five_hundred_sites_take_little_of_the_processor(busy: World) -> None:
    """The server's own processor time for a page: how busy the machine is makes little difference to it."""
    server = psutil.Process(busy.server.process.pid)
    with httpx.Client(base_url=busy.url, headers={"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}) as mia:
        mia.post("/sign-in", data={"email": MIA.email, "password": MIA.password})
        assert mia.get("/").text.count("site-0") > 50

        spent = min(_seconds(server, mia) for _ in range(3))

    print(f"{spent * 1000:.1f} ms")
    assert spent <= MOST_SECONDS


def _seconds(server: psutil.Process, client: httpx.Client) -> float:
    """Processor time of the page of sites, of many passes the mean."""
    before = server.cpu_times()
    for _ in range(PASSES):
        client.get("/")
    after = server.cpu_times()
    return float(after.user + after.system - before.user - before.system) / PASSES

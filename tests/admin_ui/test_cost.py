"""What the sites screen costs: bytes and requests of a first visit, processor time of the server."""

import time
from collections.abc import Iterator

import httpx
import psutil
import pytest
from playwright.sync_api import Browser, Request

from tests.admin_ui.window import Window
from tests.admin_ui.world import MIA, World, world

MOST_BYTES = 100_000
MOST_REQUESTS = 8
MOST_WORK = 2.3  # of processor time, in that of KNOWN, with 500 sites; seconds also tell what else the machine does
SITES = 500
PASSES = 40
KNOWN = "\n".join(f"def f{n}(a, b={n}): return [a + x * b for x in range({n}) if x % 3]" for n in range(300))
"""Python that takes about half as long to compile as the page to make, on a busy machine too."""


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
    server = psutil.Process(busy.server.process.pid)
    with httpx.Client(base_url=busy.url, headers={"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}) as mia:
        mia.post("/sign-in", data={"email": MIA.email, "password": MIA.password})
        assert mia.get("/").text.count("site-0") > 50

        work = min(_work(server, mia) for _ in range(3))

    assert work <= MOST_WORK, f"{work:.2f} times what is known"


def _work(server: psutil.Process, client: httpx.Client) -> float:
    """Processor time of the page of sites, in that of compiling what is known in between, of many passes the mean."""
    before, known = server.cpu_times(), 0.0
    for _ in range(PASSES):
        client.get("/")
        known += _seconds_of_known()
    after = server.cpu_times()
    return float(after.user + after.system - before.user - before.system) / known


def _seconds_of_known() -> float:
    before = time.process_time()
    compile(KNOWN, "known", "exec")
    return time.process_time() - before

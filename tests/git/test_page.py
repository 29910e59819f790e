"""The page of a repository, in a real Chromium: it tells how the fetch and the deploy go without being loaded again."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.admin_ui.desk import NAVIGATION
from tests.admin_ui.window import Window, chromium
from tests.builders import Served, page, served
from tests.cast import OLGA
from tests.git_host import GitHost, git_host

pytestmark = [pytest.mark.browser, pytest.mark.needs("git")]


@pytest.fixture
def host(tmp_path: Path) -> Iterator[GitHost]:
    with git_host(tmp_path / "repositories") as made:
        made.commit("site", {"index.html": page("From Git")})
        yield made


@pytest.fixture
def server(tmp_path: Path, host: GitHost) -> Iterator[Served]:
    environment = {"SSL_CERT_FILE": str(host.authority), "DROPDOCK_GIT_NETWORKS": "127.0.0.0/8 ::1/128"}
    with served(tmp_path / "data", environment=environment) as running:
        fields = {"email": OLGA.email, "password": OLGA.password, "again": OLGA.password}
        token = httpx.URL(running.set_up_link or "").params["token"]
        httpx.post(f"{running.url}/setup", data={"token": token, **fields}, headers=NAVIGATION)
        yield running


def test_it_goes_on_by_itself_until_the_deploy_is_live(server: Served, host: GitHost) -> None:
    with chromium() as browser, Window.on(browser, server.url) as window:
        window.sign_in(OLGA)
        window.new_site("blog")
        shown = window.page
        shown.goto(f"{server.url}/sites/blog/git")
        shown.fill("#url", host.url("site"))
        with shown.expect_navigation():
            shown.click("text=Save")
        with shown.expect_navigation():
            shown.click("text=Deploy now")
        shown.evaluate("window.stayed = true")

        shown.wait_for_selector("#fetch:not([data-poll]) >> text=(live)", timeout=90_000)

        assert shown.evaluate("window.stayed")
        assert "of main" in shown.inner_text("#fetch")
        assert window.heading_of(f"http://blog.localhost:{server.port}/") == "From Git"

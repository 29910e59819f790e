"""The real surge against a real server: publish, again, preview, list, go back, remove; and a kill in between."""

import random
from pathlib import Path

import pytest

from tests.builders import folder_of, page
from tests.clients.ground import Host, Said, Terminal
from tests.clients.node import SURGE

pytestmark = pytest.mark.long

MORE_THAN_A_HUNDRED = {f"notes/{number}.html": page(f"Note {number}") for number in range(120)}


class Surge:
    """Somebody with surge and a project."""

    def __init__(self, server: Host, home: Path) -> None:
        self.server = server
        self.project = folder_of(home / "project", {"index.html": page("First"), **MORE_THAN_A_HUNDRED})
        self._terminal = Terminal(home, home, server.wire, {"SURGE_TOKEN": server.token})

    def __call__(self, *arguments: str) -> Said:
        return self._terminal.run(SURGE, *arguments, "--endpoint", f"{self.server.wire.url}/surge")

    def publish(self, domain: str, *options: str) -> Said:
        return self("./project", domain, *options)


@pytest.fixture
def surge(server: Host, tmp_path: Path) -> Surge:
    return Surge(server, tmp_path)


def test_a_project_is_published_and_its_site_made(surge: Surge) -> None:
    said = surge.publish("first.localhost", "--message", "A first go")

    assert said.status == 0, said.output
    assert "Success! - Published to first.localhost" in said.output
    assert "First" in surge.server.page("first").text
    assert "Note 119" in surge.server.page("first", "/notes/119.html").text
    with surge.server.client() as client:
        (deploy,) = client.get("/api/v1/sites/first/deploys").json()["items"]
    assert deploy["message"] == "A first go"


def test_publishing_again_and_going_back(surge: Surge) -> None:
    surge.publish("again.localhost")
    (surge.project / "index.html").write_text(page("Second"))
    second = surge.publish("again.localhost")
    assert second.status == 0
    assert "Second" in surge.server.page("again").text

    back = surge("rollback", "again.localhost")

    assert back.status == 0, back.output
    assert "now serving revision" in back.output
    assert "First" in surge.server.page("again").text


def test_a_preview_changes_nothing_for_visitors(surge: Surge) -> None:
    surge.publish("preview.localhost")
    (surge.project / "index.html").write_text(page("Not yet"))

    said = surge.publish("preview.localhost", "--preview")

    assert said.status == 0, said.output
    assert "Preview available at" in said.output
    label = said.output.split("Preview available at http://")[1].split(".")[0]
    assert "Not yet" in surge.server.page(label).text
    assert "First" in surge.server.page("preview").text


def test_projects_and_revisions_are_listed(surge: Surge) -> None:
    surge.publish("listed.localhost")

    assert "listed.localhost" in surge("list").output
    assert "121 files" in surge("listed.localhost", "list").output


def test_a_project_is_removed(surge: Surge) -> None:
    surge.publish("gone.localhost")

    said = surge("teardown", "gone.localhost")

    assert "has been removed" in said.output
    assert surge.server.page("gone").status_code == 404


@pytest.mark.parametrize(
    ("domain", "sentence"),
    [
        ("blog.example.org", "is no address of a site here: use <site>.localhost"),
        ("admin.localhost", "this name is kept for the platform"),
    ],
)
def test_a_refusal_is_shown(surge: Surge, domain: str, sentence: str) -> None:
    said = surge.publish(domain)

    assert said.status == 1
    assert sentence in said.output


def test_a_wrong_token_is_shown(surge: Surge, server: Host, tmp_path: Path) -> None:
    stranger = Terminal(tmp_path, tmp_path, server.wire, {"SURGE_TOKEN": "dd_nobodys"})

    said = stranger.run(SURGE, "./project", "x.localhost", "--endpoint", f"{server.wire.url}/surge")

    assert said.status == 1
    assert "Invalid token" in said.output


def test_a_deploy_that_fails_says_why(surge: Surge) -> None:
    (surge.project / "index.html").unlink()
    (surge.project / "link").symlink_to("/etc/hostname")

    said = surge.publish("failing.localhost")

    assert said.status == 1
    assert "is a link" in said.output


def test_a_server_killed_on_the_way_leaves_the_old_site_and_a_retry_succeeds(surge: Surge) -> None:
    surge.publish("killed.localhost")
    noise = random.Random(5).randbytes(3_000_000)
    folder_of(surge.project, {"index.html": page("Second"), "large.bin": noise})
    surge.server.wire.when_sent(1_000_000, surge.server.server.kill)

    cut = surge.publish("killed.localhost")
    surge.server.start()

    assert cut.status == 1
    assert "First" in surge.server.page("killed").text
    assert surge.publish("killed.localhost").status == 0
    assert "Second" in surge.server.page("killed").text
    assert surge.server.page("killed", "/large.bin").content == noise

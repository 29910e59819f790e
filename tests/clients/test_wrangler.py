"""The real wrangler against a real server: a project's whole life, and a kill in between."""

import json
import random
from pathlib import Path

import pytest

from tests.builders import folder_of, page
from tests.clients.ground import Host, Said, Terminal
from tests.clients.node import WRANGLER

pytestmark = pytest.mark.long

MORE_THAN_A_HUNDRED = {f"notes/{number}.html": page(f"Note {number}") for number in range(130)}
RULES = {"_redirects": "/old /notes/1 302\n", "_headers": "/*\n  X-From: the rules\n"}


class Wrangler:
    """Somebody with wrangler and a project."""

    def __init__(self, server: Host, home: Path) -> None:
        self.server = server
        self.public = folder_of(home / "public", {"index.html": page("First"), **MORE_THAN_A_HUNDRED, **RULES})
        environment = {
            "CLOUDFLARE_API_BASE_URL": f"{server.wire.url}/cloudflare",
            "CLOUDFLARE_API_TOKEN": server.token,
            "WRANGLER_SEND_METRICS": "false",
            "WRANGLER_SEND_ERROR_REPORTS": "false",
        }
        self._terminal = Terminal(home, home, server.wire, environment)

    def __call__(self, *arguments: str) -> Said:
        return self._terminal.run(WRANGLER, "pages", *arguments)

    def create(self, name: str, branch: str = "main") -> None:
        made = self("project", "create", name, "--production-branch", branch)
        assert made.status == 0, made.output

    def deploy(self, name: str, *options: str, branch: str = "main") -> Said:
        return self("deploy", "public", "--project-name", name, "--branch", branch, *options)


@pytest.fixture
def wrangler(server: Host, tmp_path: Path) -> Wrangler:
    return Wrangler(server, tmp_path)


def test_a_projects_life(wrangler: Wrangler) -> None:
    server = wrangler.server
    wrangler.create("life", branch="trunk")

    first = wrangler.deploy("life", "--commit-message", "A first go", branch="trunk")
    assert first.status == 0, first.output
    assert "Deployment complete" in first.output
    assert "First" in server.page("life").text
    assert "Note 129" in server.page("life", "/notes/129").text
    assert server.page("life", "/notes/129.html").status_code == 308  # as Cloudflare answers
    assert server.page("life").headers["x-from"] == "the rules"
    assert server.page("life", "/old").headers["location"] == "/notes/1"

    (wrangler.public / "index.html").write_text(page("Second"))
    second = wrangler.deploy("life", branch="trunk")
    assert second.status == 0, second.output
    assert "Uploaded 1 files (130 already uploaded)" in second.output
    assert "Second" in server.page("life").text
    keys = sum(
        2 * 35 + len(path) + 40 for path in MORE_THAN_A_HUNDRED
    )  # each key is sent three times, once with its path
    assert second.sent < keys + 20_000 < first.sent

    (wrangler.public / "index.html").write_text(page("Branch"))
    branch = wrangler.deploy("life", branch="Feature/One")
    assert branch.status == 0, branch.output
    assert "Branch" in server.page("feature-one--life").text
    assert "Second" in server.page("life").text

    listed = wrangler("deployment", "list", "--project-name", "life").output
    assert listed.count("Production") == 2
    assert listed.count("Preview") == 1
    assert "life" in wrangler("project", "list").output

    preview = json.loads(wrangler("deployment", "list", "--project-name", "life", "--json").output)[0]["Id"]
    deleted = wrangler("deployment", "delete", preview, "--project-name", "life", "--force")
    assert deleted.status == 0, deleted.output
    assert server.page("feature-one--life").status_code == 404

    with server.client() as client:
        client.post("/api/v1/sites/life/rollback").raise_for_status()
        assert client.get("/api/v1/sites/life/deploys").json()["items"][1]["message"] == "A first go"
    assert "First" in server.page("life").text

    assert wrangler("project", "delete", "life", "--yes").status == 0
    assert server.page("life").status_code == 404


@pytest.mark.parametrize(
    "files",
    [
        {"functions/hello.js": "export const onRequest = () => new Response('hi');"},
        {"public/_worker.js": "export default { fetch() { return new Response('hi'); } };"},
    ],
    ids=["functions", "worker"],
)
def test_functions_are_refused_in_words_the_client_shows(wrangler: Wrangler, files: dict[str, str]) -> None:
    name = "functions" if "functions/hello.js" in files else "worker"
    wrangler.create(name)
    folder_of(wrangler.public.parent, files)

    said = wrangler.deploy(name)

    assert said.status != 0
    assert "not supported: static sites only" in said.output
    assert wrangler.server.page(name).status_code == 404


def test_a_project_that_is_not_there_is_said(wrangler: Wrangler) -> None:
    said = wrangler.deploy("nowhere")

    assert said.status != 0
    assert "does not exist" in said.output


def test_a_server_killed_on_the_way_leaves_the_old_site_and_a_retry_succeeds(wrangler: Wrangler) -> None:
    wrangler.create("killed")
    wrangler.deploy("killed")
    noise = random.Random(5).randbytes(3_000_000)
    folder_of(wrangler.public, {"index.html": page("Second"), "large.bin": noise})
    wrangler.server.wire.when_sent(1_000_000, wrangler.server.server.kill)

    cut = wrangler.deploy("killed")
    wrangler.server.start()

    assert cut.status != 0
    assert "First" in wrangler.server.page("killed").text
    assert wrangler.deploy("killed").status == 0
    assert "Second" in wrangler.server.page("killed").text
    assert wrangler.server.page("killed", "/large.bin").content == noise

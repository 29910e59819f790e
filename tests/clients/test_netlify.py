"""The real netlify-cli, a current one and a 17.x, against a real server: a site's whole life, and a kill in between."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.builders import folder_of, page
from tests.clients.ground import Host, Said, Terminal
from tests.clients.node import NETLIFY, NETLIFY_17, Package

pytestmark = pytest.mark.long

MORE_THAN_A_HUNDRED = {f"notes/{number}.html": page(f"Note {number}") for number in range(130)}
RULES = {"_redirects": "/old /notes/1.html 302\n", "_headers": "/*\n  X-From: the rules\n"}


class Netlify:
    """Somebody with netlify-cli and a project."""

    def __init__(self, server: Host, home: Path, package: Package) -> None:
        self.server = server
        self.public = folder_of(home / "public", {"index.html": page("First"), **MORE_THAN_A_HUNDRED, **RULES})
        self.current = package is NETLIFY
        self._package = package
        environment = {"NETLIFY_API_URL": f"{server.wire.url}/netlify", "NETLIFY_AUTH_TOKEN": server.token}
        self._terminal = Terminal(home, home, server.wire, environment)
        self.site = "current" if self.current else "seventeen"

    def __call__(self, *arguments: str) -> Said:
        return self._terminal.run(self._package, *arguments)

    def deploy(self, site: str, *options: str) -> Said:
        no_build = ("--no-build",) if self.current else ()
        return self("deploy", "--dir", "public", "--site", site, *no_build, *options)

    def api(self, call: str, **data: Any) -> Said:
        return self("api", call, "--data", json.dumps(data))

    def create(self, suffix: str) -> str:
        name = f"{self.site}-{suffix}"
        made = self("sites:create", "--name", name, "--account-slug", "dropdock", "--disable-linking")
        assert made.status == 0, made.output
        return name


@pytest.fixture(params=[NETLIFY, NETLIFY_17], ids=["current", "17"])
def netlify(request: pytest.FixtureRequest, server: Host, tmp_path: Path) -> Netlify:
    return Netlify(server, tmp_path, request.param)


def test_a_sites_life(netlify: Netlify) -> None:
    server, site = netlify.server, netlify.create("life")

    first = netlify.deploy(site, "--prod", "--message", "A first go")
    assert first.status == 0, first.output
    assert f"http://{site}.localhost" in first.output
    assert "First" in server.page(site).text
    assert "Note 129" in server.page(site, "/notes/129.html").text
    assert server.page(site).headers["x-from"] == "the rules"
    assert server.page(site, "/old").headers["location"] == "/notes/1.html"
    assert server.page(site, "/netlify.toml").status_code == 404

    (netlify.public / "index.html").write_text(page("Second"))
    second = netlify.deploy(site, "--prod")
    assert second.status == 0, second.output
    assert "CDN requesting 1 files" in second.output
    assert "Second" in server.page(site).text
    listing = sum(len(path) + 40 + 10 for path in MORE_THAN_A_HUNDRED)  # each path with its digest, in JSON
    assert second.sent < listing + 20_000 < first.sent

    (netlify.public / "index.html").write_text(page("Draft"))
    draft = netlify.deploy(site)
    assert draft.status == 0, draft.output
    assert "Second" in server.page(site).text

    alias = netlify.deploy(site, "--alias", "Feature/One")
    assert alias.status == 0, alias.output
    assert "Draft" in server.page(f"feature-one--{site}").text
    assert "Second" in server.page(site).text

    deploys = json.loads(netlify.api("listSiteDeploys", site_id=site).output)
    assert [(deploy["state"], deploy["title"]) for deploy in deploys] == [("ready", None)] * 3 + [
        ("ready", "A first go")
    ]
    assert [deploy["branch"] for deploy in deploys] == ["Feature/One", None, None, None]

    assert netlify.api("rollbackSiteDeploy", site_id=site).status == 0
    assert "First" in server.page(site).text
    assert netlify.api("restoreSiteDeploy", site_id=site, deploy_id=deploys[2]["id"]).status == 0
    assert "Second" in server.page(site).text

    assert site in netlify("sites:list").output
    assert netlify("sites:delete", site, "--force").status == 0
    assert server.page(site).status_code == 404


def test_the_clients_own_build_step_runs(netlify: Netlify) -> None:
    site = netlify.create("built")
    build = () if netlify.current else ("--build",)  # which the current one does unless it is told not to

    said = netlify("deploy", "--dir", "public", "--site", site, "--prod", *build)

    assert said.status == 0, said.output
    assert "First" in netlify.server.page(site).text


def test_functions_are_refused_in_words_the_client_shows(netlify: Netlify) -> None:
    site = netlify.create("functions")
    functions = folder_of(
        netlify.public.parent / "functions", {"hello.js": "exports.handler = async () => ({statusCode: 200});"}
    )

    said = netlify.deploy(site, "--prod", "--functions", str(functions))

    assert said.status != 0
    assert "not supported: static sites only" in said.output
    assert netlify.server.page(site).status_code == 404


def test_a_locked_site_is_not_published_and_can_be_unlocked(netlify: Netlify) -> None:
    site = netlify.create("locked")
    netlify.deploy(site, "--prod")
    live = json.loads(netlify.api("getSite", site_id=site).output)["published_deploy"]["id"]
    assert netlify.api("lockDeploy", deploy_id=live).status == 0
    (netlify.public / "index.html").write_text(page("Second"))

    kept = netlify.deploy(site, "--prodIfUnlocked" if not netlify.current else "--prod-if-unlocked")

    assert kept.status == 0, kept.output
    assert "First" in netlify.server.page(site).text
    assert netlify.api("unlockDeploy", deploy_id=live).status == 0
    assert netlify.deploy(site, "--prod").status == 0
    assert "Second" in netlify.server.page(site).text


def test_a_wrong_token_is_refused(netlify: Netlify) -> None:
    said = netlify("sites:list", "--auth", "dd_nobodys")

    assert said.status != 0
    assert "personal token" in said.output or "401" in said.output or "Unauthorized" in said.output


def test_a_server_killed_on_the_way_leaves_the_old_site_and_a_retry_succeeds(netlify: Netlify) -> None:
    site = netlify.create("killed")
    netlify.deploy(site, "--prod")
    noise = random.Random(site).randbytes(3_000_000)  # content the account has already would not be sent
    folder_of(netlify.public, {"index.html": page("Second"), "large.bin": noise})
    netlify.server.wire.when_sent(1_000_000, netlify.server.server.kill)

    cut = netlify.deploy(site, "--prod")
    netlify.server.start()

    assert cut.status != 0
    assert "First" in netlify.server.page(site).text
    assert netlify.deploy(site, "--prod").status == 0
    assert "Second" in netlify.server.page(site).text
    assert netlify.server.page(site, "/large.bin").content == noise

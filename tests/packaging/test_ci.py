"""What CI systems are given, run as they run it: against a real server, with the token in no argument."""

import json
import os
import re
import shutil
import stat
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.builders import ROOT, Served, folder_of, page, served
from tests.cast import OLGA
from tests.test_journeys import run

FOLDER = ROOT / "packaging/ci"
EXPRESSION = re.compile(r"\$\{\{ *inputs\.(\w+) *\}\}")

pytestmark = pytest.mark.needs("curl")


class Pipeline:
    """A checkout with a built site, and what runs its steps."""

    def __init__(self, server: Served, token: str, home: Path) -> None:
        self.server, self.token, self.home = server, token, home
        folder_of(home / "public", {"index.html": page("From CI"), "a/b.css": "a{}"})
        self.seen = home / "arguments"
        self._spy()

    def step(self, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": f"{self.home}/bin:{os.environ['PATH']}", "DROPDOCK_TOKEN": self.token, **variables}
        return subprocess.run(
            ["sh", "-e", "-c", script], cwd=self.home, env=environment, capture_output=True, text=True, check=False
        )

    def page(self, site: str) -> httpx.Response:
        host = f"{site}.localhost:{self.server.port}"
        return httpx.get(f"http://127.0.0.1:{self.server.port}/", headers={"host": host})

    def deploys(self, site: str) -> list[dict[str, Any]]:
        address = f"{self.server.url}/api/v1/sites/{site}/deploys"
        found = httpx.get(address, headers={"Authorization": f"Bearer {self.token}"})
        items: list[dict[str, Any]] = found.json()["items"]
        return items

    def _spy(self) -> None:
        """A curl before the real one, that writes its arguments down."""
        spy = self.home / "bin/curl"
        spy.parent.mkdir()
        spy.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> {self.seen}\nexec {shutil.which("curl")} "$@"\n')
        spy.chmod(spy.stat().st_mode | stat.S_IXUSR)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, str]]:
    data = tmp_path_factory.mktemp("ci") / "data"
    account = ("account", "create", "--email", OLGA.email, "--role", "operator", "--password-stdin")
    assert run(*account, "--data", str(data), said=OLGA.password).returncode == 0
    token = run("token", "create", "--account", OLGA.email, "--name", "ci", "--data", str(data)).stdout.strip()
    with served(data) as running:
        yield running, token


@pytest.fixture
def pipeline(server: tuple[Served, str], tmp_path: Path, request: pytest.FixtureRequest) -> Pipeline:
    made = Pipeline(*server, tmp_path)
    httpx.post(
        f"{made.server.url}/api/v1/sites",
        json={"name": site_of(request)},
        headers={"Authorization": f"Bearer {made.token}"},
    ).raise_for_status()
    return made


@pytest.fixture
def site(request: pytest.FixtureRequest) -> str:
    return site_of(request)


def site_of(request: pytest.FixtureRequest) -> str:
    return f"site-{zlib.crc32(request.node.nodeid.encode()):x}"


def action() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / "action.yml").read_text())
    return found


def template() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / "dropdock.gitlab-ci.yml").read_text())
    return found[".dropdock"]  # type: ignore[no-any-return]


def as_github(pipeline: Pipeline, **given: str) -> subprocess.CompletedProcess[str]:
    """Run the action's one step, its inputs put in as GitHub does."""
    inputs = {name: str(spec.get("default", "")) for name, spec in action()["inputs"].items()} | given
    (step,) = action()["runs"]["steps"]
    variables = {name: EXPRESSION.sub(lambda found: inputs[found[1]], value) for name, value in step["env"].items()}
    output = pipeline.home / "output"
    return pipeline.step(step["run"], **variables, GITHUB_ACTION_PATH=str(FOLDER), GITHUB_OUTPUT=str(output))


def test_the_github_action_deploys_and_gives_the_address(pipeline: Pipeline, site: str) -> None:
    done = as_github(pipeline, server=pipeline.server.url, token=pipeline.token, site=site, message='Über "x" & 100 %')

    assert done.returncode == 0, done.stderr
    assert "From CI" in pipeline.page(site).text
    (deploy,) = pipeline.deploys(site)
    assert deploy["message"] == 'Über "x" & 100 %'
    outputs = dict(line.split("=", 1) for line in (pipeline.home / "output").read_text().splitlines())
    assert outputs == {"url": deploy["url"], "deploy": deploy["id"]}


def test_an_action_is_shaped_as_github_asks() -> None:
    described = action()

    assert set(described) == {"name", "description", "inputs", "outputs", "runs"}
    assert described["runs"]["using"] == "composite"
    assert all(step["shell"] for step in described["runs"]["steps"])
    assert all("description" in spec for spec in described["inputs"].values())
    expressions = {found for step in described["runs"]["steps"] for found in EXPRESSION.findall(json.dumps(step))}
    assert expressions == set(described["inputs"])
    assert not any("${{" in step["run"] for step in described["runs"]["steps"])  # else an input could be shell


def test_the_gitlab_template_deploys(pipeline: Pipeline, site: str) -> None:
    job = template()

    done = pipeline.step(
        "\n".join(job["script"]),
        **job["variables"],
        DROPDOCK_SERVER=pipeline.server.url,
        DROPDOCK_SITE=site,
        CI_COMMIT_SHORT_SHA="0a1b2c3d",
        CI_COMMIT_TITLE="New header",
    )

    assert done.returncode == 0, done.stderr
    assert "From CI" in pipeline.page(site).text
    assert pipeline.deploys(site)[0]["message"] == "0a1b2c3d New header"


def test_the_gitlab_template_holds_the_script_word_for_word() -> None:
    script = (FOLDER / "deploy.sh").read_text()

    assert template()["script"][0] == f"cat > dropdock-deploy.sh <<'END_OF_SCRIPT'\n{script}END_OF_SCRIPT\n"


def test_a_draft_is_not_live(pipeline: Pipeline, site: str) -> None:
    done = as_github(pipeline, server=pipeline.server.url, token=pipeline.token, site=site, draft="true")

    assert done.returncode == 0, done.stderr
    assert pipeline.page(site).status_code == 404
    assert f"--{site}." in done.stdout


def test_the_token_is_in_no_argument_and_no_output(pipeline: Pipeline, site: str) -> None:
    done = as_github(pipeline, server=pipeline.server.url, token=pipeline.token, site=site)

    assert "--data-binary" in pipeline.seen.read_text()
    assert pipeline.token not in pipeline.seen.read_text() + done.stdout + done.stderr


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"token": "dd_nobodys"}, "Sign in"),
        ({"site": "not-there"}, "There is no site"),
        ({"folder": "missing"}, "missing"),
    ],
)
def test_a_refusal_fails_the_job_and_says_why(
    pipeline: Pipeline, site: str, changes: dict[str, str], sentence: str
) -> None:
    given = {"server": pipeline.server.url, "token": pipeline.token, "site": site, **changes}

    done = as_github(pipeline, **given)

    assert done.returncode != 0
    assert sentence in done.stderr


def test_a_deploy_that_fails_fails_the_job(pipeline: Pipeline, site: str) -> None:
    (pipeline.home / "public/out").symlink_to("/etc/hostname")

    done = as_github(pipeline, server=pipeline.server.url, token=pipeline.token, site=site)

    assert done.returncode == 1
    assert "is a link" in done.stderr


def test_the_curl_line_of_the_sites_page_deploys(pipeline: Pipeline, site: str) -> None:
    line = next(line for line in (ROOT / "admin_ui/help/ci.md").read_text().split("\n\n") if "tar -cz" in line)
    line = line.replace("https://admin.example.org", pipeline.server.url).replace("/blog/", f"/{site}/")

    done = pipeline.step(line)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["state"] in {"queued", "working", "ready"}

"""`dropdock git …` against a real server and a real repository."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.builders import MAIN, Served, page, served
from tests.fresh import lay_operator
from tests.git_host import GitHost, git_host

pytestmark = pytest.mark.needs("git")


@pytest.fixture
def host(tmp_path: Path) -> Iterator[GitHost]:
    with git_host(tmp_path / "repositories") as made:
        made.commit("site", {"index.html": page("First")})
        yield made


@pytest.fixture
def server(host: GitHost, tmp_path: Path) -> Iterator[tuple[Served, str]]:
    data = tmp_path / "data"
    token = lay_operator(data)
    environment = {"SSL_CERT_FILE": str(host.authority), "DROPDOCK_GIT_NETWORKS": "127.0.0.0/8, ::1/128"}
    with served(data, environment=environment) as running:
        yield running, token


def test_a_site_is_set_deployed_shown_and_let_go(host: GitHost, server: tuple[Served, str]) -> None:
    running, token = server
    environment = {**os.environ, "DROPDOCK_SERVER": running.url, "DROPDOCK_TOKEN": token}

    def dropdock(*arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(MAIN), *arguments]
        return subprocess.run(command, input=said, env=environment, capture_output=True, text=True, check=False)

    host.token = "a-read-token"
    dropdock("site", "create", "blog")
    nothing = dropdock("git", "deploy", "blog")
    assert nothing.returncode == 1
    assert "is not deployed from Git" in nothing.stderr

    url = host.url("site")
    assert dropdock("git", "set", "blog", url).stdout == f"blog is deployed from {url}.\n"
    refused = dropdock("git", "deploy", "blog")
    assert refused.returncode == 1
    assert "asks for a token" in refused.stderr

    dropdock("git", "set", "blog", url, "--branch", "main", "--token-stdin", said="a-read-token\n")
    deployed = dropdock("git", "deploy", "blog")
    assert deployed.returncode == 0, deployed.stderr
    assert "of main" in deployed.stdout
    shown = dropdock("git", "show", "blog").stdout
    assert url in shown
    assert "a-read-token" not in shown
    secret = dropdock("git", "secret", "blog")
    assert len(secret.stdout.strip()) == 64
    assert "/api/v1/sites/blog/git/hook" in secret.stderr

    deploys = httpx.get(f"{running.url}/api/v1/sites/blog/deploys", headers={"Authorization": f"Bearer {token}"})
    assert [deploy["source"] for deploy in deploys.json()["items"]] == ["git"]

    assert dropdock("git", "remove", "blog").returncode == 0
    assert "is not deployed from Git" in dropdock("git", "show", "blog").stderr

"""A server or a build child killed at any step of a build leaves nothing, and the site is built at the next try."""

import os
from pathlib import Path

import httpx
import pytest

from tests.appliance.crashes import API, client_of, ended
from tests.builders import served, zip_of
from tests.faults.campaign import operator
from tests.faults.checks import orphans
from tests.faults.program import arm, command
from tests.test_builds import HUGO, cache, left_of, registries, with_cache

__all__ = ["cache"]  # a fixture
pytestmark = [pytest.mark.long, pytest.mark.needs("bubblewrap")]

STEPS = ("generate.begin", "generate.fetch", "generate.run", "generate.collect")
ENVIRONMENT = {"DROPDOCK_BUILD_REGISTRIES": ",".join(registries()), "PATH": os.environ["PATH"]}
ZIP = {"content-type": "application/zip"}
BUILT = "Hello from Hugo."


def upload(client: httpx.Client) -> str:
    made = client.post(f"{API}/sites/notes/deploys", params={"build": "hugo"}, content=zip_of(HUGO), headers=ZIP)
    return str(made.raise_for_status().json()["id"])


def shown(client: httpx.Client, port: int) -> str:
    headers = {"host": f"notes.localhost:{port}"}
    return client.get(f"http://127.0.0.1:{port}/first/", headers=headers).text


@pytest.mark.parametrize("step", STEPS)
def test_a_server_that_is_killed_builds_the_site_after_the_next_start(tmp_path: Path, cache: Path, step: str) -> None:
    data, when = tmp_path / "data", tmp_path / "now"
    with_cache(data, cache)
    token = operator(data)
    with (
        served(data, program=command(step, "kill", when), environment=ENVIRONMENT) as server,
        client_of(server, token) as client,
    ):
        client.post(f"{API}/sites", json={"name": "notes"}).raise_for_status()
        arm(when)
        deploy = upload(client)
        server.process.wait(300)
    left = orphans(data, set())

    with served(data, environment=ENVIRONMENT) as server, client_of(server, token) as client:
        facts = ended(client, deploy)

        assert (facts["state"], facts["live"], facts["error"]) == ("ready", True, None)
        assert BUILT in shown(client, server.port)
    assert left == []
    assert left_of(data) == []


@pytest.mark.parametrize("step", STEPS)
def test_a_build_child_that_is_killed_fails_its_deploy_alone(tmp_path: Path, cache: Path, step: str) -> None:
    data, when = tmp_path / "data", tmp_path / "now"
    with_cache(data, cache)
    token = operator(data)
    with (
        served(data, program=command(step, "child", when), environment=ENVIRONMENT) as server,
        client_of(server, token) as client,
    ):
        client.post(f"{API}/sites", json={"name": "notes"}).raise_for_status()
        arm(when)
        failed = ended(client, upload(client))
        again = ended(client, upload(client))

        assert (failed["state"], failed["error"]["code"], failed["error"]["retry"]) == ("failed", "crashed", True)
        assert again["live"]
        assert BUILT in shown(client, server.port)
    assert left_of(data) == []

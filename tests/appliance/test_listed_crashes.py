"""A server that is killed while a listed deploy is made leaves the old site live, and the retry succeeds."""

import hashlib
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from appliance.data_folder import DataFolder
from tests.builders import MAIN, Served, page, served, zip_of
from tests.cast import OLGA

OLD = {"index.html": page("old"), "same.css": "body {}"}
NEW = {"index.html": page("new"), "same.css": "body {}", "more.html": page("more")}
API = "/api/v1"
BYTES = {"content-type": "application/octet-stream"}


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def token(data: Path) -> str:
    """A token of an operator, made before the server starts."""
    for words in (
        ["account", "create", "--email", OLGA.email, "--role", "operator", "--data", str(data)],
        ["token", "create", "--account", OLGA.email, "--name", "test", "--data", str(data)],
    ):
        done = subprocess.run([sys.executable, str(MAIN), *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def client_of(server: Served, token: str) -> httpx.Client:
    return httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {token}"}, timeout=30)


def shown(server: Served) -> str:
    headers = {"host": f"shop.localhost:{server.port}"}
    return httpx.get(f"http://127.0.0.1:{server.port}/", headers=headers, timeout=30).text


def ended(client: httpx.Client, deploy: str) -> dict[str, Any]:
    """The deploy once it is ready or has failed."""
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        facts: dict[str, Any] = client.get(f"{API}/deploys/{deploy}").raise_for_status().json()
        if facts["state"] in {"ready", "failed"}:
            return facts
        time.sleep(0.02)
    raise AssertionError(f"deploy {deploy} does not end")


def emptied(folder: Path) -> bool:
    """Whether nothing is left in it, once the server has cleaned up behind the deploy."""
    give_up = time.monotonic() + 30
    while any(folder.iterdir()) and time.monotonic() < give_up:
        time.sleep(0.02)
    return not any(folder.iterdir())


def old_site(client: httpx.Client) -> None:
    client.post(f"{API}/sites", json={"name": "shop"}).raise_for_status()
    made = client.post(
        f"{API}/sites/shop/deploys", content=zip_of(OLD), headers={"content-type": "application/zip"}
    ).raise_for_status()
    assert ended(client, made.json()["id"])["live"]


def begin(client: httpx.Client) -> dict[str, Any]:
    files = [[path, sha256(text), len(text.encode())] for path, text in NEW.items()]
    opened: dict[str, Any] = client.post(f"{API}/sites/shop/listings", json={"files": files}).raise_for_status().json()
    return opened


def send(client: httpx.Client, missing: list[str]) -> None:
    for text in NEW.values():
        if sha256(text) in missing:
            put = client.put(f"{API}/contents/{sha256(text)}", content=text.encode(), headers=BYTES)
            put.raise_for_status()


@pytest.mark.parametrize("step", ["begun", "half sent", "sent", "finishing", "finished"])
def test_a_kill_leaves_the_old_site_and_the_retry_makes_the_new_one(data: Path, token: str, step: str) -> None:
    with served(data) as server, client_of(server, token) as client:
        old_site(client)
        opened = begin(client)
        if step != "begun":
            send(client, opened["missing"][:1] if step == "half sent" else opened["missing"])
        if step == "finished":
            client.post(f"{API}/listings/{opened['id']}/finish").raise_for_status()
        if step == "finishing":  # killed between the listing's file and the row that says so
            DataFolder(data).listed(opened["id"]).write_text('{"account": 1, "exact": true, "files": []}')
        server.kill()

    with served(data) as server, client_of(server, token) as client:
        assert shown(server) in ({page("old"), page("new")} if step == "finished" else {page("old")})
        if step != "finished":
            left = client.get(f"{API}/listings/{opened['id']}").raise_for_status().json()["missing"]
            assert len(left) == {"begun": 2, "half sent": 1, "sent": 0, "finishing": 0}[step]
            send(client, left)
        client.post(f"{API}/listings/{opened['id']}/finish").raise_for_status()

        facts = ended(client, opened["id"])

        assert (facts["live"], facts["files"], facts["number"]) == (True, 3, 2)
        assert shown(server) == page("new")
        assert client.get(f"{API}/listings/{opened['id']}").status_code == 404
        assert emptied(DataFolder(data).incoming)

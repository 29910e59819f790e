"""A site with an old deploy and a new one on its way, told and seen over HTTP, for tests that kill the server."""

import hashlib
import time
from pathlib import Path
from typing import Any

import httpx

from tests.builders import Served, page, zip_of

OLD = {"index.html": page("old"), "same.css": "body {}"}
NEW = {"index.html": page("new"), "same.css": "body {}", "more.html": page("more")}
API = "/api/v1"
BYTES = {"content-type": "application/octet-stream"}


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def client_of(server: Served, token: str) -> httpx.Client:
    return httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {token}"}, timeout=30)


def shown(server: Served) -> str:
    headers = {"host": f"shop.localhost:{server.port}"}
    return httpx.get(f"http://127.0.0.1:{server.port}/", headers=headers, timeout=30).text


def ended(client: httpx.Client, deploy: str) -> dict[str, Any]:
    """The deploy once it is ready, has failed, or its time is over."""
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        facts: dict[str, Any] = client.get(f"{API}/deploys/{deploy}").raise_for_status().json()
        if facts["state"] in {"ready", "failed", "expired"}:
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
    facts = ended(client, made.json()["id"])
    assert facts["live"], facts


def begin(client: httpx.Client) -> dict[str, Any]:
    files = [[path, sha256(text), len(text.encode())] for path, text in NEW.items()]
    opened: dict[str, Any] = client.post(f"{API}/sites/shop/listings", json={"files": files}).raise_for_status().json()
    return opened


def send(client: httpx.Client, missing: list[str]) -> None:
    for text in NEW.values():
        if sha256(text) in missing:
            put = client.put(f"{API}/contents/{sha256(text)}", content=text.encode(), headers=BYTES)
            put.raise_for_status()

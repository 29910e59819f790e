"""A server that is killed while a deploy asks, or while it fetches: the next one goes on where that stood."""

import asyncio
import base64
import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.builders import Served, finished, served, tar_of, uploaded, zip_of
from tests.fresh import lay_operator
from tests.test_builds import HUGO, left_of, registries, until, with_client

FLOUR = tar_of(
    {"package/package.json": '{"name": "flour", "version": "1.0.0"}', "package/index.js": "module.exports = 'flour'"},
    "gz",
)


class SlowRegistry(http.server.ThreadingHTTPServer):
    """Has one package, and holds back whoever asks first for it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.2", 0), _Answer)  # a build asks no proxy for 127.0.0.1
        self.asked = threading.Event()
        self.held = threading.Event()


class _Answer(http.server.BaseHTTPRequestHandler):
    server: SlowRegistry

    def do_GET(self) -> None:
        if not self.server.asked.is_set():
            self.server.asked.set()
            self.server.held.wait(120)
        self.send_response(200)
        self.send_header("Content-Length", str(len(FLOUR)))
        self.end_headers()
        self.wfile.write(FLOUR)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def registry() -> Iterator[SlowRegistry]:
    with SlowRegistry() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.held.set()
        server.shutdown()


def shop(port: int) -> dict[str, str]:
    """A project whose one dependency is at that registry."""
    package = {"name": "shop", "version": "1.0.0", "dependencies": {"flour": "1.0.0"}}
    flour = {
        "version": "1.0.0",
        "resolved": f"http://127.0.0.2:{port}/flour-1.0.0.tgz",
        "integrity": f"sha512-{base64.b64encode(hashlib.sha512(FLOUR).digest()).decode()}",
    }
    lock = {"name": "shop", "lockfileVersion": 3, "packages": {"": package, "node_modules/flour": flour}}
    build = "mkdir -p dist && node -p \"'baked with ' + require('flour')\" > dist/index.html"
    return {
        ".nvmrc": ">=18",
        "package.json": json.dumps(package | {"scripts": {"build": build}}),
        "package-lock.json": json.dumps(lock),
    }


def act(server: Served, token: str, method: str, path: str, **options: Any) -> dict[str, Any]:
    async def once(client: httpx.AsyncClient) -> dict[str, Any]:
        answer: dict[str, Any] = (await client.request(method, path, **options)).raise_for_status().json()
        return answer

    return asyncio.run(with_client(server, token, once))


def begin(server: Served, token: str, files: dict[str, str], **options: Any) -> str:
    async def upload(client: httpx.AsyncClient) -> str:
        await client.post("/api/v1/sites", json={"name": "shop"})
        return str((await uploaded(client, "shop", zip_of(files), **options))["id"])

    return asyncio.run(with_client(server, token, upload))


def ended(server: Served, token: str, deploy: str) -> dict[str, Any]:
    return asyncio.run(with_client(server, token, lambda client: finished(client, deploy)))


def shown(server: Served, path: str = "/") -> str:
    address = f"http://127.0.0.1:{server.port}{path}"
    return httpx.get(address, headers={"host": f"shop.localhost:{server.port}"}, timeout=30).text


@pytest.mark.long
def test_a_question_is_still_asked_after_a_kill_and_its_answer_counts(tmp_path: Path) -> None:
    data = tmp_path / "data"
    token = lay_operator(data)
    with served(data) as server:
        deploy = begin(server, token, HUGO)
        before = ended(server, token, deploy)
        server.kill()
    with served(data) as server:
        after = ended(server, token, deploy)
        act(server, token, "POST", f"/api/v1/deploys/{deploy}/answer", json={"generator": "static"})
        made = ended(server, token, deploy)
        page = shown(server, "/content/first.md")
        asyncio.run(until(lambda: left_of(data) == []))

    assert before["state"] == after["state"] == "asking"
    assert after["detection"] == before["detection"]
    assert (made["state"], made["live"], made["generator"]) == ("ready", True, None)
    assert page == HUGO["content/first.md"]


@pytest.mark.long
@pytest.mark.needs("bubblewrap")
def test_what_was_fetching_at_a_kill_ends_with_it_and_is_fetched_again(tmp_path: Path, registry: SlowRegistry) -> None:
    data = tmp_path / "data"
    environment = {
        "DROPDOCK_BUILD_REGISTRIES": ",".join(registries()),
        "DROPDOCK_BUILD_REACH": "127.0.0.0/8",
    }
    token = lay_operator(data)
    with served(data, environment=environment) as server:
        deploy = begin(server, token, shop(registry.server_port), build="npm")
        assert registry.asked.wait(60)
        family = psutil.Process(server.process.pid).children(recursive=True)
        state = act(server, token, "GET", f"/api/v1/deploys/{deploy}")
        server.kill()
    _, alive = psutil.wait_procs(family, 30)
    with served(data, environment=environment) as server:
        built = ended(server, token, deploy)
        page = shown(server)
        asyncio.run(until(lambda: left_of(data) == []))

    assert [step["name"] for step in state["steps"] if step["state"] == "running"] == ["fetch"]
    assert alive == []
    assert (built["state"], built["live"]) == ("ready", True), built["error"]
    assert any("attempt 2 begins" in line["text"] for line in built["log"])
    assert "baked with flour" in page

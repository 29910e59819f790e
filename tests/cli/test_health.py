"""`health` against a server in a process of its own."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from appliance import presence, readiness
from appliance.data_folder import DataFolder
from appliance.presence import Presence
from tests.builders import Served, served
from tests.cli.conftest import Run


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


@pytest.fixture
def server(data: Path) -> Iterator[Served]:
    with served(data) as running:
        yield running


def test_a_server_in_which_everything_works_is_ready(run: Run, data: Path, server: Served) -> None:
    outcome = run("health", "--data", data)

    assert outcome.code == 0
    assert outcome.out.splitlines() == ["data_folder: ok", "database: ok", "disk_space: ok", "queue: ok"]


class Ailing(BaseHTTPRequestHandler):
    """A server whose disk is full."""

    def do_GET(self) -> None:
        body = json.dumps({"ready": False, "checks": {"database": "ok", "disk_space": "3 MB left"}}).encode()
        self.send_response(503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def test_what_does_not_work_is_named(run: Run, data: Path) -> None:
    folder = DataFolder(data)
    folder.create()
    with HTTPServer(("127.0.0.1", 0), Ailing) as ailing:
        threading.Thread(target=ailing.serve_forever, daemon=True).start()
        here = Presence("127.0.0.1", ailing.server_port, "localhost", "")
        with folder.claim(), presence.shown(folder, here):
            outcome = run("health", "--data", data)
        ailing.shutdown()

    assert outcome.code == 1
    assert outcome.out.splitlines() == ["database: ok", "disk_space: 3 MB left"]


def test_a_server_that_hangs_is_not_ready(run: Run, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "PATIENCE", 0.1)
    folder = DataFolder(data)
    folder.create()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with folder.claim(), presence.shown(folder, Presence("127.0.0.1", port, "localhost", "")):
            outcome = run("health", "--data", data)

    assert outcome.code == 1
    assert outcome.err.startswith(f"The server at 127.0.0.1:{port} has said nothing for ")


def test_a_server_that_has_stopped_is_not_ready(run: Run, data: Path, server: Served) -> None:
    server.stop()

    outcome = run("health", "--data", data)

    assert outcome.code == 1
    assert outcome.err.strip() == f"No server listens that uses {data}."


def test_a_server_that_was_killed_is_not_ready(run: Run, data: Path, server: Served) -> None:
    server.kill()

    assert run("health", "--data", data).code == 1


def test_a_server_behind_its_own_domain_is_asked_by_its_name(run: Run, data: Path) -> None:
    with served(data, "--base", "sites.example.org"):
        outcome = run("health", "--data", data)

    assert outcome.code == 0

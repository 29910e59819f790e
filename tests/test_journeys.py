"""The main job on real sites, by command line and by curl: publish, change, go back, every byte as it was."""

import http.client
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.builders import MAIN, Served, folder_of, page, served
from tests.fresh import lay_operator
from tests.real_sites import REAL_SITES, RealSite, packed

SMALL, MIDDLING, LARGE = REAL_SITES
QUICK = [pytest.param(s, marks=pytest.mark.needs(s.package), id=s.package) for s in (SMALL, MIDDLING)]
LONG = pytest.param(LARGE, marks=[pytest.mark.needs(LARGE.package), pytest.mark.long], id=LARGE.package)
real_sites = pytest.mark.parametrize("site", [*QUICK, LONG])


@dataclass(frozen=True)
class Terminal:
    """Somebody at a terminal, with a server and a token."""

    server: Served
    token: str

    def dropdock(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "DROPDOCK_SERVER": self.server.url, "DROPDOCK_TOKEN": self.token}
        return run(*arguments, environment=environment)

    def curl(self, method: str, path: str, *options: str) -> Any:
        """What the API answers curl."""
        command = ["curl", "-sS", "--fail-with-body", "-X", method, "-H", f"Authorization: Bearer {self.token}"]
        done = subprocess.run(
            [*command, *options, f"{self.server.url}/api/v1/{path}"], capture_output=True, text=True, check=True
        )
        return json.loads(done.stdout)


def run(*arguments: str, environment: dict[str, str] | None = None, said: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(MAIN), *arguments]
    return subprocess.run(command, input=said, capture_output=True, text=True, env=environment, check=False)


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    data = tmp_path_factory.mktemp("journeys") / "data"
    token = lay_operator(data)
    with served(data, environment={"DROPDOCK_FORCE_MINIFY": "off"}) as server:
        yield Terminal(server, token)


def differences(url: str, port: int, files: Iterator[tuple[str, Path]]) -> list[str]:
    """The files whose bytes a visitor does not get as they are on disk."""
    host = urlsplit(url).netloc
    visitor = http.client.HTTPConnection("127.0.0.1", port)
    wrong = []
    for name, path in files:
        visitor.request("GET", "/" + quote(name), headers={"Host": host})
        answer = visitor.getresponse()
        if answer.read() != path.read_bytes() or answer.status != 200:
            wrong.append(f"{answer.status} {name}")
    visitor.close()
    return wrong


@real_sites
def test_a_real_folder_deployed_by_command_line_is_served_byte_for_byte(
    terminal: Terminal, site: RealSite, tmp_path: Path
) -> None:
    folder = shutil.copytree(site.folder, tmp_path / "site")  # links into other packages become files

    done = terminal.dropdock("deploy", str(folder), "--site", f"cli-{site.package}", "--json")

    assert done.returncode == 0, done.stderr
    deployed = json.loads(done.stdout)
    assert deployed["state"] == "live"
    assert deployed["files"] == len(list(site.files()))
    assert differences(deployed["url"], terminal.server.port, site.files()) == []


@pytest.mark.needs("curl")
@real_sites
def test_a_real_zip_deployed_by_curl_is_served_byte_for_byte(
    terminal: Terminal, site: RealSite, tmp_path: Path
) -> None:
    name = f"curl-{site.package}"
    terminal.curl("POST", "sites", "-H", "Content-Type: application/json", "-d", json.dumps({"name": name}))

    accepted = curl_upload(terminal, name, packed(site, tmp_path))

    assert accepted["state"] in {"queued", "working", "ready"}
    deployed = wait_ready(terminal, accepted["id"])
    assert deployed["live"]
    assert differences(deployed["url"], terminal.server.port, site.files()) == []
    assert differences(deployed["deploy_url"], terminal.server.port, iter(list(site.files())[:50])) == []


@pytest.mark.needs(SMALL.package)
def test_a_changed_real_site_goes_live_and_rolls_back_from_a_terminal(terminal: Terminal, tmp_path: Path) -> None:
    changed = shutil.copytree(SMALL.folder, tmp_path / "changed")
    (changed / "index.html").write_text(page("Second edition"))
    first = json.loads(terminal.dropdock("deploy", str(SMALL.folder), "--site", "manual", "--json").stdout)

    second = terminal.dropdock("deploy", str(changed), "--site", "manual", "--message", "Second edition")
    after_second = fetch(terminal, "manual")
    listed = json.loads(terminal.dropdock("deploys", "manual", "--json").stdout)
    back = terminal.dropdock("rollback", "manual")
    after_back = fetch(terminal, "manual")
    forward = terminal.dropdock("publish", "manual", "2")

    assert second.stdout.splitlines()[-1] == f"http://manual.localhost:{terminal.server.port}/"
    assert after_second == (changed / "index.html").read_bytes()
    assert [(d["number"], d["message"], d["live"]) for d in listed] == [(2, "Second edition", True), (1, "", False)]
    assert (back.returncode, forward.returncode) == (0, 0)
    assert after_back == (SMALL.folder / "index.html").read_bytes()
    assert fetch(terminal, "manual") == (changed / "index.html").read_bytes()
    assert fetch(terminal, f"{first['deploy']}--manual") == after_back


@pytest.mark.needs("curl")
def test_the_same_by_curl_alone(terminal: Terminal, tmp_path: Path) -> None:
    archives = []
    for edition in ("first", "second"):
        archives.append(tmp_path / f"{edition}.zip")
        with zipfile.ZipFile(archives[-1], "w") as archive:
            archive.writestr("index.html", page(edition))
    terminal.curl("POST", "sites", "-H", "Content-Type: application/json", "-d", '{"name": "by-curl"}')
    for archive_path in archives:
        accepted = curl_upload(terminal, "by-curl", archive_path)
        wait_ready(terminal, accepted["id"])

    back = terminal.curl("POST", "sites/by-curl/rollback")

    assert (back["number"], back["live"]) == (1, True)
    assert fetch(terminal, "by-curl") == page("first").encode()


def test_what_was_answered_as_live_survives_a_kill(tmp_path: Path) -> None:
    data = tmp_path / "data"
    token = lay_operator(data)
    site = folder_of(tmp_path / "site", {"index.html": page("still here")})
    with served(data) as server:
        deployed = Terminal(server, token).dropdock("deploy", str(site), "--site", "steady")
        server.kill()

    with served(data) as server:
        survived = fetch(Terminal(server, token), "steady")

    assert deployed.returncode == 0, deployed.stderr
    assert survived == page("still here").encode()


def curl_upload(terminal: Terminal, site: str, archive: Path) -> Any:
    upload = ("-H", "Content-Type: application/zip", "--data-binary", f"@{archive}")
    return terminal.curl("POST", f"sites/{site}/deploys?message=From+curl", *upload)


def fetch(terminal: Terminal, label: str) -> bytes:
    visitor = http.client.HTTPConnection("127.0.0.1", terminal.server.port)
    visitor.request("GET", "/", headers={"Host": f"{label}.localhost:{terminal.server.port}"})
    content = visitor.getresponse().read()
    visitor.close()
    return content


def wait_ready(terminal: Terminal, deploy: str) -> Any:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        seen = terminal.curl("GET", f"deploys/{deploy}")
        if seen["state"] == "ready":
            return seen
        assert seen["state"] != "failed", seen
        time.sleep(0.1)
    raise AssertionError("it was not ready within a minute")

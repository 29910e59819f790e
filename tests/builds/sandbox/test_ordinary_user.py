"""A server that is not root has the same sandbox: bubblewrap in a user namespace."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import landlockpy
import pytest

from builds.sandbox.uids import own_uid
from tests.builds.sandbox.bench import PYTHON

ROOT = Path(__file__).resolve().parents[3]
pytestmark = [
    pytest.mark.needs("bubblewrap"),
    pytest.mark.skipif(
        os.geteuid() != 0, reason="becomes an ordinary user, which takes root; without, all tests do this"
    ),
]
DRIVER = '''
import http.server, json, sys, threading
from ipaddress import ip_network
from pathlib import Path
from builds.errors import BuildError
from builds.sandbox.probe import probe
from builds.sandbox.values import Bounds, Command, Wishes

class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")
    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hello)
threading.Thread(target=server.serve_forever, daemon=True).start()
workspace = Path("workspace").resolve()
workspace.mkdir()
plain = probe(Wishes(backend="process"))
sandbox = probe(Wishes(backend="bubblewrap", reach=(ip_network("127.0.0.0/8"),)))

def run(script, network=False, sandbox=sandbox):
    said = bytearray()
    command = Command(("/usr/bin/python3", "-c", script), workspace, {}, (workspace,), network=network)
    try:
        sandbox.run(command, Bounds(processes=20, memory=100_000_000), said.extend, threading.Event())
    except BuildError as error:
        return error.code
    return said.decode()

RIGHTS = "print(*{line.split()[1] for line in open('/proc/self/status') if line.startswith('Cap')})"
FORKS = """
import os, time
for n in range(40):
    try:
        if not os.fork():
            time.sleep(10)
    except OSError:
        break
print(n)
"""
FETCH = f"""
import os, urllib.request
os.environ.update(no_proxy='', NO_PROXY='')
proxy = urllib.request.ProxyHandler({{'http': os.environ.get('http_proxy', '')}})
print(urllib.request.build_opener(proxy).open('http://127.0.0.1:{server.server_port}/').read().decode())
"""
SOCKETS = """
import socket, time
kept = [socket.socketpair() for _ in range(300)]
time.sleep(8)
"""
print(json.dumps({
    "name": sandbox.name,
    "plain": plain.name,
    "plain_forks": run(FORKS, sandbox=plain),
    "rights": run(RIGHTS),
    "forks": run(FORKS),
    "sockets": run(SOCKETS),
    "fetched": run(FETCH, network=True),
    "not_fetched": run(FETCH.replace("os.environ.get('http_proxy', '')", "'http://127.0.0.1:3128'")),
}))
'''


@pytest.fixture(scope="module")
def found() -> Iterator[dict[str, Any]]:
    """What a process of an ordinary user finds, which can read nothing of the one that runs the tests."""
    uid = own_uid(64_900, 64_999)
    place = Path(tempfile.mkdtemp(prefix="dropdock-user-"))
    try:
        for package in ("appliance", "builds"):
            shutil.copytree(ROOT / package, place / package)
        shutil.copytree(Path(landlockpy.__file__).parent, place / "landlockpy")
        shutil.copy(ROOT / "main.py", place)
        (place / "driver.py").write_text(DRIVER, encoding="utf-8")
        subprocess.run(["chown", "-R", f"{uid}:{uid}", place], check=True)
        done = subprocess.run(
            [PYTHON, "driver.py"],
            cwd=place,
            user=uid,
            group=uid,
            extra_groups=[],
            capture_output=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr.decode()
        yield json.loads(done.stdout)
    finally:
        shutil.rmtree(place)


def test_the_sandbox_is_bubblewrap(found: dict[str, Any]) -> None:
    assert found["name"] == "bubblewrap"


def test_a_build_has_no_rights(found: dict[str, Any]) -> None:
    assert found["rights"].strip() == "0" * 16


def test_processes_are_limited(found: dict[str, Any]) -> None:
    assert 5 < int(found["forks"]) < 20


def test_sockets_count_as_memory(found: dict[str, Any]) -> None:
    assert found["sockets"] == "too_much_memory"


def test_a_plain_process_is_there_too(found: dict[str, Any]) -> None:
    assert found["plain"] == "process"


def test_processes_of_a_plain_process_are_limited(found: dict[str, Any]) -> None:
    assert int(found["plain_forks"]) < 39


def test_a_fetch_goes_through_the_proxy(found: dict[str, Any]) -> None:
    assert found["fetched"].strip() == "hello"


def test_a_run_reaches_nothing(found: dict[str, Any]) -> None:
    assert "refused" in found["not_fetched"]

"""tests/audit.py with a source of vulnerabilities on loopback, and with one that is not there."""

import http.server
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.builders import ROOT

BAD = {
    "id": "PYSEC-0000-1",
    "summary": "It gives everything away.",
    "modified": "2026-01-01T00:00:00Z",
    "published": "2026-01-01T00:00:00Z",
    "affected": [
        {
            "package": {"name": "quart", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "999"}]}],
        }
    ],
}


@contextmanager
def source(known: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Its address, and the packages it was asked about; it knows one vulnerability of each in `known`."""
    asked: list[str] = []

    class Source(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            name = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["package"]["name"]
            asked.append(name)
            body = json.dumps({"vulns": [known[name]]} if name in known else {}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Source) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query", asked
        server.shutdown()
        thread.join()


def audit(url: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.audit", *options],
        cwd=ROOT,
        env=os.environ | {"DROPDOCK_OSV_URL": url, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def nowhere() -> str:
    """An address at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/v1/query"


def test_every_locked_library_is_asked_about_and_none_is_known(tmp_path: Path) -> None:
    with source({}) as (url, asked):
        done = audit(url, f"--not-run-to={tmp_path / 'notes'}")

    locked = {line.partition("==")[0] for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line}
    assert done.returncode == 0, done.stderr
    assert locked - set(asked) <= {"colorama"}
    assert not (tmp_path / "notes").exists()


def test_a_known_vulnerability_fails_and_is_named(tmp_path: Path) -> None:
    with source({"quart": BAD}) as (url, _):
        done = audit(url, f"--not-run-to={tmp_path / 'notes'}")

    assert done.returncode == 1
    assert "PYSEC-0000-1" in done.stdout
    assert "999" in done.stdout  # the version to go to


def test_a_source_that_cannot_be_reached_is_said_in_the_summary(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.write_text("not run: long tests (1), because `make test-long` runs them\n")

    done = audit(nowhere(), f"--not-run-to={notes}")

    assert done.returncode == 0
    assert notes.read_text().splitlines()[1:] == [
        "not run: known vulnerabilities of libraries, because 127.0.0.1 cannot be asked (ConnectError)"
    ]


def test_where_nobody_reads_a_summary_an_unreachable_source_is_a_failure() -> None:
    assert audit(nowhere()).returncode == 1

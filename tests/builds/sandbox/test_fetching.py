"""While it fetches, a build reaches what is public, and nothing of this machine or the network it stands in."""

import http.server
import threading
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from builds.sandbox.probe import probe
from builds.sandbox.values import Wishes
from tests.builds.sandbox.bench import Bench
from tests.builds.sandbox.conftest import workspace

pytestmark = [pytest.mark.needs("bubblewrap"), pytest.mark.needs("curl")]
SAY = (
    "import socket; s = socket.create_connection(('127.0.0.1', 3128)); s.sendall({said!r}); print(s.recv(99).decode())"
)
LOOPBACK = ip_network("127.0.0.0/8")


@pytest.fixture
def registry() -> Iterator[int]:
    """The port of an HTTP server on loopback, which says hello."""

    class Hello(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = f"hello {self.path} {self.headers.get('Proxy-Connection')}".encode() * (
                1 + 10_000 * ("large" in self.path)
            )
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hello) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(probe(Wishes()), workspace(tmp_path))


@pytest.fixture
def open_bench(tmp_path: Path) -> Bench:
    """With loopback opened by the operator."""
    return Bench(probe(Wishes(reach=(LOOPBACK,))), workspace(tmp_path))


def test_a_request_goes_through(open_bench: Bench, registry: int) -> None:
    outcome = open_bench.sh(f"curl -s --noproxy '' http://127.0.0.1:{registry}/simple/?a=b", network=True)

    assert outcome.output == "hello /simple/?a=b None"


def test_a_tunnel_goes_through(open_bench: Bench, registry: int) -> None:
    outcome = open_bench.sh(f"curl -s --noproxy '' --proxytunnel http://127.0.0.1:{registry}/simple/", network=True)

    assert outcome.output == "hello /simple/ None"


def test_a_large_answer_comes_whole(open_bench: Bench, registry: int) -> None:
    outcome = open_bench.sh(f"curl -s --noproxy '' -p http://127.0.0.1:{registry}/large | wc -c", network=True)

    assert int(outcome.output) == len("hello /large None") * 10_001


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "0.0.0.0"])  # noqa: S104 - asked for
@pytest.mark.parametrize("way", ["", "--proxytunnel"])
def test_loopback_is_refused(host: str, way: str, bench: Bench, registry: int) -> None:
    outcome = bench.sh(
        f"curl -s -w '%{{http_code}} %{{http_connect}}' --noproxy '' {way} http://{host}:{registry}/", network=True
    )

    assert "hello" not in outcome.output
    assert "403" in outcome.output


def test_a_refusal_names_the_setting(bench: Bench, registry: int) -> None:
    outcome = bench.sh(f"curl -s --noproxy '' http://127.0.0.1:{registry}/", network=True)

    assert "build_reach" in outcome.output


def test_there_is_no_way_around_the_proxy(bench: Bench, registry: int) -> None:
    outcome = bench.sh(f"curl -s --noproxy '*' http://127.0.0.1:{registry}/", network=True)

    assert (outcome.status, outcome.output) == (7, "")  # curl: could not connect


def test_there_is_no_proxy_in_the_run_phase(open_bench: Bench, registry: int) -> None:
    outcome = open_bench.sh(f"curl -s -x http://127.0.0.1:3128 http://127.0.0.1:{registry}/")

    assert (outcome.status, outcome.output) == (7, "")


@pytest.mark.parametrize(
    "rubbish", ["GET /path HTTP/1.1", "CONNECT", "CONNECT a:b:c HTTP/1.1", "GET https://x/ HTTP/1.1", "\x00\xff"]
)
def test_rubbish_is_answered_with_400(rubbish: str, bench: Bench) -> None:
    outcome = bench.run(
        (
            "/usr/bin/python3",
            "-c",
            SAY.format(said=rubbish.encode("latin-1") + b"\r\n\r\n"),
        ),
        network=True,
    )

    assert outcome.output.startswith("HTTP/1.1 400 ")


def test_connections_left_open_do_not_hold_up_the_end(open_bench: Bench, registry: int) -> None:
    script = "import socket, os; s = [socket.create_connection(('127.0.0.1', 3128)) for _ in range(20)]; os._exit(0)"

    outcome = open_bench.run(("/usr/bin/python3", "-c", script), network=True)

    assert outcome.status == 0

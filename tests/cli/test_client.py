"""What can go wrong between the command line and a server, each as one sentence."""

import contextlib
import signal
import socket
import ssl
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import main as entry
from appliance.cli.client import Client, Event, Refused, events_of, segment
from appliance.cli.packing import parcel
from tests.authority import authority
from tests.cli.conftest import Run
from tests.cli.double import Double

PROBLEM = b'{"title":"Too large","status":413,"code":"upload_too_large","detail":"Send less."}'
TOO_LARGE = (
    b"HTTP/1.1 413 Too Large\r\nContent-Type: application/problem+json\r\nConnection: close\r\n"
    b"Content-Length: " + str(len(PROBLEM)).encode() + b"\r\n\r\n" + PROBLEM
)


Answer = Callable[[socket.socket, threading.Event], object]
"""Deals with a connection; the event is set when the test is over."""


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """A server that lets `answer` deal with each connection, until the test is over; gives its address."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_accept, args=(listening, answer, over))
        thread.start()
        port = listening.getsockname()[1]
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            over.set()
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def _accept(listening: socket.socket, answer: Answer, over: threading.Event) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return  # the test is over
        with connection:
            answer(connection, over)


def saying(reply: bytes) -> Answer:
    def answer(connection: socket.socket, _: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(reply)

    return answer


def head(status: str, *fields: str, body: str = "") -> bytes:
    lines = [f"HTTP/1.1 {status}", "Connection: close", f"Content-Length: {len(body)}", *fields]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def test_a_server_that_is_not_there_is_told_with_its_address(run: Run) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        server = f"http://127.0.0.1:{unused.getsockname()[1]}"

        outcome = run("site", "list", "--server", server)

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == (
        f"No server answers at {server} (Connection refused): "
        "start one with `dropdock serve`, or give its address with --server or DROPDOCK_SERVER.\n"
    )


def test_without_a_token_it_is_told_how_to_get_one(run: Run, double: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DROPDOCK_TOKEN")

    outcome = run("site", "list")

    assert outcome.code == 1
    assert "--token or DROPDOCK_TOKEN" in outcome.err
    assert "`dropdock token create" in outcome.err
    assert outcome.err.count("\n") == 1


def test_a_token_that_is_not_taken_is_told(run: Run, double: Double) -> None:
    outcome = run("site", "list", "--token", "dd_old")

    assert outcome.code == 1
    assert "does not take this token" in outcome.err
    assert "dd_old" not in outcome.err


@pytest.mark.parametrize(
    "reply",
    [
        head("302 Found", "Location: /login"),
        head("502 Bad Gateway", "Content-Type: text/html", body="<h1>Oops</h1>"),
        head("200 OK", "Content-Type: text/html", body="<h1>Hello</h1>"),
        head("200 OK", "Content-Type: application/json", body="{"),
        head("404 Not Found", "Content-Type: application/problem+json", body="nonsense"),
    ],
)
def test_something_other_than_dropdock_is_told(run: Run, reply: bytes) -> None:
    with answering(saying(reply)) as server:
        outcome = run("site", "list", "--server", server)

    assert outcome.code == 1
    assert outcome.err.startswith(f"{server} does not answer like a Dropdock server (")


def test_a_server_that_has_a_domain_is_not_asked_by_its_address(run: Run) -> None:
    with answering(
        saying(head("404 Not Found", "Content-Type: text/html", body="<h1>There is no site here</h1>"))
    ) as server:
        outcome = run("site", "list", "--server", server)

    assert outcome.err.startswith(
        f"{server} does not answer like a Dropdock server (404 Not Found): one answers by name. "
    )
    assert "Give the address of its admin, which it prints at start" in outcome.err


def over_tls(answer: Answer, host: str) -> Answer:
    """The same over TLS, with a certificate of the tests' authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert(host).configure_cert(context)

    def secured(connection: socket.socket, over: threading.Event) -> None:
        with contextlib.suppress(ssl.SSLError), context.wrap_socket(connection, server_side=True) as tls:
            answer(tls, over)

    return secured


def test_a_server_with_a_certificate_of_an_authority_that_is_not_known_says_how_to_know_it(run: Run) -> None:
    reply = head("200 OK", "Content-Type: application/json", body='{"items": [], "total": 0}')
    with answering(over_tls(saying(reply), "localhost")) as server:
        outcome = run("site", "list", "--server", (address := server.replace("http://127.0.0.1", "https://localhost")))

    assert outcome.err.startswith(f"{address} does not prove by its certificate that it is that server (")
    assert "name the file of the authority that signed it in SSL_CERT_FILE.\n" in outcome.err


def test_https_at_a_port_that_speaks_plain_http_is_told_with_the_address_to_use(run: Run, double: Double) -> None:
    address = double.url.replace("http://", "https://")

    outcome = run("site", "list", "--server", address)

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == f"What answers at {address} does not speak TLS: try {double.url}.\n"


def test_authorities_of_ones_own_are_those_of_ssl_cert_file_on_this_machine_too(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority().cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    reply = head("200 OK", "Content-Type: application/json", body='{"items": [], "total": 0}')
    with answering(over_tls(saying(reply), "localhost")) as server:
        outcome = run("site", "list", "--server", server.replace("http://127.0.0.1", "https://localhost"))

    assert (outcome.code, outcome.err) == (0, "")


def test_a_redirect_to_another_server_names_it(run: Run) -> None:
    reply = head("301 Moved", "Location: https://dock.example.org/api/v1/sites?page=1")

    with answering(saying(reply)) as server:
        outcome = run("site", "list", "--server", server)

    assert outcome.err == f"{server} redirects to https://dock.example.org: give that address with --server.\n"


def test_a_connection_that_breaks_is_told(run: Run) -> None:
    with answering(saying(b"")) as server:
        outcome = run("site", "list", "--server", server)

    assert outcome.code == 1
    assert outcome.err.startswith(f"The connection to {server} broke (")


def test_an_answer_that_cannot_be_read_is_told(run: Run) -> None:
    reply = head("200 OK", "Content-Encoding: gzip", "Content-Type: application/json", body="not gzip at all")

    with answering(saying(reply)) as server:
        outcome = run("site", "list", "--server", server)

    assert outcome.code == 1
    assert outcome.err.startswith(f"The connection to {server} broke (")


def test_a_server_that_says_nothing_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.cli.client.TIMEOUT", 0.1)

    with answering(lambda _, over: over.wait()) as server:
        outcome = run("site", "list", "--server", server)

    assert (outcome.code, outcome.err) == (1, f"{server} has fallen silent: look after the server, then try again.\n")


def test_an_answer_before_the_upload_ends_is_heard_and_ends_it() -> None:
    produced = 0

    def endless() -> Iterator[bytes]:
        nonlocal produced
        while True:
            produced += 1
            yield bytes(65536)

    def refuse(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(TOO_LARGE)
        over.wait()

    with answering(refuse) as server, Client(server, None) as client, pytest.raises(Refused, match="Send less"):
        client.upload("sites/x/deploys", {}, {"Content-Length": str(2**40)}, endless())

    assert produced < 2000


def test_an_answer_is_heard_though_the_server_closes_at_once() -> None:
    chunks = iter(lambda: bytes(65536), None)

    with (
        answering(saying(TOO_LARGE)) as server,
        Client(server, None) as client,
        pytest.raises(Refused, match="Send less"),
    ):
        client.upload("sites/x/deploys", {}, {}, chunks)


@pytest.mark.parametrize(
    "server", ["ftp://x", "http://", "http://x:port", "http://x/?a=b", "http://x/#a", "http://[::1", "http://a b"]
)
def test_an_address_that_cannot_be_one_is_bad_usage(run: Run, server: str) -> None:
    outcome = run("site", "list", "--server", server)

    assert outcome.code == 2
    assert "is no address" in outcome.err


@pytest.mark.parametrize("suffix", ["/", "/api/v1", "/api/v1/"])
def test_an_address_is_taken_as_people_write_it(run: Run, double: Double, suffix: str) -> None:
    outcome = run("site", "list", "--server", double.url.removeprefix("http://") + suffix)

    assert outcome.code == 0


@pytest.mark.parametrize("token", ["dd_\N{EM DASH}", "dd_a b", "dd_a\nX-Y: z"])
def test_a_token_that_cannot_be_one_is_bad_usage(run: Run, token: str) -> None:
    assert run("site", "list", "--token", token).code == 2


def test_a_proxy_in_the_environment_is_not_asked_for_this_machine(
    run: Run, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    assert run("site", "list").code == 0


@pytest.mark.parametrize(
    ("lines", "events"),
    [
        (["event: deploy", "data: {}", ""], [("deploy", "{}")]),
        (["data:{}", ""], [("message", "{}")]),
        (["data: {", "data: }", "", "", "data: 2", ""], [("message", "{\n}"), ("message", "2")]),
        ([": comment", "", "id: 7", "", "retry: 1"], []),
        (["event: log", "data: 1", "", "data: 2", ""], [("log", "1"), ("message", "2")]),
        (["data: unfinished"], []),
    ],
)
def test_events_are_read_as_the_standard_has_them(lines: list[str], events: list[tuple[str, str]]) -> None:
    assert list(events_of(iter(lines))) == [Event(*event) for event in events]


@given(st.text())
def test_a_name_is_always_one_segment(name: str) -> None:
    encoded = segment(name.encode(errors="replace").decode())

    assert not set(encoded) & set("/?#.\\ ")


def test_an_upload_is_never_held_in_memory(tmp_path: Path) -> None:
    archive = tmp_path / "site.zip"
    size = 64_000_000
    with archive.open("wb") as file:
        file.truncate(size)
    packed = parcel(archive)

    with answering(_take(size)) as server, Client(server, None) as client:
        tracemalloc.start()
        answer = client.upload("sites/x/deploys", {}, packed.headers, packed.chunks(lambda _: None))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert answer == {}
    assert peak < 5_000_000


def _take(size: int) -> Answer:
    def answer(connection: socket.socket, _: threading.Event) -> None:
        left = size
        while left > 0:
            left -= len(connection.recv(1_000_000))  # the head makes this end a little early: enough is enough
        connection.sendall(head("202 Accepted", "Content-Type: application/json", body="{}"))
        while connection.recv(1_000_000):
            pass

    return answer


def test_an_interrupt_ends_it_without_a_traceback() -> None:
    connected = threading.Event()

    def wait(_: socket.socket, over: threading.Event) -> None:
        connected.set()
        over.wait()

    with answering(wait) as server:
        command = [sys.executable, entry.__file__, "site", "list", "--server", server]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert connected.wait(20)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)

    assert (process.returncode, out, err) == (130, "", "\nInterrupted.\n")

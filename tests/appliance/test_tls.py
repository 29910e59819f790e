"""TLS at the front door: counted before hands are shaken, the same answers after, and the way to HTTPS."""

import asyncio
import os
import re
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from appliance.proxies import Proxies
from appliance.serving.limits import DoorLimits
from appliance.serving.secure import Policy
from appliance.serving.visitor import Reception
from appliance.units import networks
from tests.authority import client_context, write_pair
from tests.builders import MAIN, served
from tests.serving.lanes import ADMIN, LANES, Lane, Plane, Wiring, release, running, server_context, wait_until
from tests.serving.visitors import Http1, Port, TlsHandedOver, TlsHttp1, connect, head

BIG = bytes(range(256)) * 8_000
FILES = {"index.html": b"home", "big.bin": BIG}
SECURE = {name: lane for name, lane in LANES.items() if name.startswith("tls")}
PLAIN = {name: lane for name, lane in LANES.items() if name not in SECURE}
STRICT = "strict-transport-security"
YEAR = "max-age=31536000"


def plane_of(tmp_path: Path, wiring: Wiring) -> Iterator[Plane]:
    with running(wiring) as plane:
        plane.put("site.localhost", release(tmp_path, FILES))
        yield plane


@pytest.fixture
def plane(tmp_path: Path) -> Iterator[Plane]:
    limits = DoorLimits(head=2048, head_seconds=0.4, keep_alive_seconds=0.8, connections=4, connections_per_address=3)
    yield from plane_of(tmp_path, Wiring(limits=limits))


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Plane]:
    """A plane that sends everybody to HTTPS and wants them to stay."""
    reception = Reception(Proxies(networks("127.0.0.9/32")), Policy(8443, YEAR.encode()))
    yield from plane_of(tmp_path, Wiring(reception=reception))


def test_a_connection_changes_hands_over_tls_too(plane: Plane) -> None:
    with TlsHandedOver(plane.port) as visitor:
        assert visitor.get(b"/").body == b"home"
        assert visitor.get(b"/x", host=ADMIN.encode()).body.startswith(b"GET /x localhost ")
        assert visitor.get(b"/big.bin").body == BIG


def test_a_body_of_megabytes_gets_through(tmp_path: Path) -> None:
    for plane in plane_of(tmp_path, Wiring()):
        with TlsHttp1(plane.port) as visitor:
            visitor.send(head(b"POST", b"/x", [(b"Content-Length", b"%d" % len(BIG))], ADMIN.encode()) + BIG)

            assert visitor.read().status == 200


@pytest.mark.needs("openssl")
def test_hands_are_shaken_once(plane: Plane) -> None:
    """In TLS 1.2 a client could ask for it again and again, which costs it next to nothing."""
    ask = ["openssl", "s_client", "-connect", f"127.0.0.1:{plane.port.tls}", "-servername", "localhost", "-tls1_2"]
    said = subprocess.run(ask, input=b"R\n", capture_output=True, timeout=30, check=False)

    assert b"RENEGOTIATING" in said.stderr + said.stdout
    assert b"no renegotiation" in said.stderr


def test_tls_1_2_is_spoken_too(plane: Plane) -> None:
    older = client_context("http/1.1")
    older.maximum_version = ssl.TLSVersion.TLSv1_2
    for _ in range(3):
        with older.wrap_socket(connect(plane.port.tls), server_hostname="localhost") as visitor:
            assert visitor.version() == "TLSv1.2"
            visitor.sendall(head(b"GET", b"/", [(b"Connection", b"close")]))
            answer = b""
            while more := visitor.recv(65_536):
                answer += more

        assert answer.endswith(b"\r\n\r\nhome")


@pytest.mark.parametrize("bits", ["128", "256"])
def test_the_client_says_which_cipher_is_quick_for_it(plane: Plane, bits: str) -> None:
    context = client_context("http/1.1")
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # of 1.3's Python chooses none
    first, second = bits, "256" if bits == "128" else "128"
    context.set_ciphers(f"ECDHE+AES{first}+AESGCM:ECDHE+AES{second}+AESGCM")

    with context.wrap_socket(connect(plane.port.tls), server_hostname="localhost") as visitor:
        chosen = visitor.cipher()

    assert chosen
    assert f"AES{bits}-GCM" in chosen[0]


def test_each_connection_leaves_a_ticket_for_the_next(plane: Plane) -> None:
    context = client_context("http/1.1")
    session, reused = None, list[bool]()
    for _ in range(3):
        with context.wrap_socket(connect(plane.port.tls), server_hostname="localhost", session=session) as visitor:
            visitor.sendall(head(b"GET", b"/", [(b"Connection", b"close")]))
            while visitor.recv(65_536):
                pass
            session = visitor.session
            reused.append(bool(visitor.session_reused))

    assert reused == [False, True, True]


def test_what_is_no_request_is_refused_over_tls(plane: Plane) -> None:
    with TlsHttp1(plane.port) as visitor:
        visitor.send(b"nonsense\r\n\r\n")

        assert visitor.read().status == 400
        assert visitor.at_end()


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\nHost: site.localhost\r\n\r\n", b"\x16\x03\x01\x00\x05hello"])
def test_what_is_no_handshake_is_closed(plane: Plane, said: bytes) -> None:
    with connect(plane.port.tls) as visitor:
        visitor.sendall(said)

        assert ends(visitor)
    wait_until(lambda: not plane.counters.opened)


def test_a_handshake_has_a_time_limit(plane: Plane) -> None:
    started = time.monotonic()

    with connect(plane.port.tls) as visitor:
        assert ends(visitor)

    assert 0.3 < time.monotonic() - started < 5
    wait_until(lambda: not plane.counters.opened)


def test_who_has_not_shaken_hands_counts_as_a_connection(plane: Plane) -> None:
    waiting = [_begin(plane.port) for _ in range(3)]
    try:
        wait_until(lambda: plane.counters.opened == 3)

        with _begin(plane.port) as one_too_many:
            assert ends(one_too_many)
        with Http1(plane.port) as visitor, pytest.raises((EOFError, ConnectionError)):
            visitor.get(b"/")
    finally:
        for each in waiting:
            each.close()
    wait_until(lambda: not plane.counters.opened)
    assert plane.counters.snapshot().connections_refused == 2
    assert not plane.door.crowd.addresses


def _begin(port: Port) -> socket.socket:
    """A connection that has begun a handshake: who says nothing at all is let in later."""
    connection = connect(port.tls)
    connection.sendall(b"\x16")
    return connection


@pytest.mark.parametrize("lane", SECURE.values(), ids=SECURE)
def test_a_place_is_free_again_after_a_connection_ends(plane: Plane, lane: Lane) -> None:
    for _ in range(5):
        with lane(plane.port) as visitor:
            assert visitor.get(b"/").status == 200
        wait_until(lambda: not plane.counters.opened)


@pytest.mark.parametrize("way", ["retire", "cut"])
def test_a_handshake_under_way_does_not_hold_up_a_stop(tmp_path: Path, way: str) -> None:
    with running(Wiring()) as plane:
        silent = connect(plane.port.tls)
        wait_until(lambda: plane.counters.opened == 1)
        [lane] = plane.door._lanes

        async def act() -> None:
            lane.expire(1e12)
            lane.retire() if way == "retire" else lane.abort()

        plane.call(act())

        wait_until(lambda: not plane.counters.opened)
        silent.close()


def test_an_idle_connection_is_closed(plane: Plane) -> None:
    with TlsHttp1(plane.port) as visitor:
        assert visitor.get(b"/").status == 200
        assert visitor.at_end()


def test_a_stop_lets_what_is_asked_for_finish(tmp_path: Path) -> None:
    with running(Wiring()) as plane:
        plane.put("site.localhost", release(tmp_path, FILES))
        with TlsHttp1(plane.port) as idle, TlsHttp1(plane.port) as busy:
            assert idle.get(b"/").status == busy.get(b"/").status == 200
            busy.ask(b"GET", b"/big.bin", [])
            time.sleep(0.05)

            closing = plane.start(plane.door.close(5))

            assert busy.read().body == BIG
            assert idle.at_end()
            closing()


def test_a_stop_cuts_who_does_not_read(tmp_path: Path) -> None:
    with running(Wiring()) as plane:
        plane.put("site.localhost", release(tmp_path, {"big.bin": bytes(30_000_000)}))
        with TlsHttp1(plane.port) as slow:
            slow.ask(b"GET", b"/big.bin", [])
            time.sleep(0.05)

            plane.call(plane.door.close(0.1))

            wait_until(lambda: not plane.counters.opened)


def test_an_entrance_goes_on_after_a_failed_accept() -> None:
    with running(Wiring()) as plane:
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        listening.setblocking(False)

        async def open_tls() -> None:
            plane.door.open_tls([listening], server_context)

        plane.call(open_tls())  # which cannot accept yet
        time.sleep(0.05)
        listening.listen()
        port = Port(plane.port)
        port.tls = listening.getsockname()[1]

        with TlsHttp1(port) as visitor:
            assert visitor.get(b"/x", host=ADMIN.encode()).status == 200


def test_a_crowd_is_welcomed_one_and_all(tmp_path: Path) -> None:
    with running(Wiring()) as plane:
        crowd = [connect(plane.port.tls) for _ in range(100)]
        try:
            wait_until(lambda: plane.counters.opened == 100)
        finally:
            for each in crowd:
                each.close()
        wait_until(lambda: not plane.counters.opened)


def test_plain_asyncio_does_the_same(tmp_path: Path) -> None:
    with running(Wiring(loop=asyncio.new_event_loop, limits=DoorLimits(head_seconds=0.3))) as plane:
        plane.put("site.localhost", release(tmp_path, FILES))
        for lane in SECURE.values():
            with lane(plane.port) as visitor:
                assert visitor.get(b"/big.bin").body == BIG
                assert visitor.get(b"/zzz").status == 404
        with connect(plane.port.tls) as silent:
            assert ends(silent)
        wait_until(lambda: not plane.counters.opened)


# ── to HTTPS, and to stay there


@pytest.mark.parametrize("lane", PLAIN.values(), ids=PLAIN)
@pytest.mark.parametrize(("host", "name"), [(b"site.localhost", "site"), (b"SITE.localhost.:80", "site")])
def test_plain_http_is_sent_to_https(strict: Plane, lane: Lane, host: bytes, name: str) -> None:
    for visitor in asked_without_redirect(strict, lane):
        answer = visitor.get(b"/a//b?c=d", host=host)

        assert (answer.status, answer.headers["location"]) == (308, f"https://{name}.localhost:8443/a//b?c=d")
        assert STRICT not in answer.headers


def asked_without_redirect(plane: Plane, lane: Lane) -> Iterator[Http1]:
    """HTTP/1.1 by the lane's way, though a redirect is the answer to the request that gives a connection away."""
    if lane is PLAIN["fast"]:
        with Http1(plane.port) as visitor:
            yield visitor
    elif lane is PLAIN["hypercorn"]:
        with Http1(plane.port) as visitor:
            visitor.get(b"*", method=b"OPTIONS")
            yield visitor
    else:
        with lane(plane.port) as second:
            yield second  # type: ignore[misc]  # asks in the same way


def test_the_admin_is_sent_to_https_as_well(strict: Plane) -> None:
    with Http1(strict.port) as visitor:
        answer = visitor.get(b"/sign-in", host=ADMIN.encode())

    assert (answer.status, answer.headers["location"]) == (308, "https://localhost:8443/sign-in")


@pytest.mark.parametrize("target", [b"/healthz", b"/readyz", b"/metrics?x", b"/.well-known/acme-challenge/x"])
def test_machines_that_need_plain_http_get_it(strict: Plane, target: bytes) -> None:
    with Http1(strict.port) as visitor:
        assert visitor.get(target).status == 404
        assert visitor.get(target, host=ADMIN.encode()).status == 200


def test_what_names_no_host_is_sent_nowhere(strict: Plane) -> None:
    with Http1(strict.port) as visitor:
        assert visitor.get(b"/", host=b"-").status == 404


@pytest.mark.parametrize("lane", SECURE.values(), ids=SECURE)
@pytest.mark.parametrize("target", [b"/", b"/zzz", b"/big.bin"])
def test_over_tls_every_answer_asks_to_stay(strict: Plane, lane: Lane, target: bytes) -> None:
    with lane(strict.port) as visitor:
        assert visitor.get(target).headers[STRICT] == YEAR
        assert visitor.get(target).headers[STRICT] == YEAR


def test_the_admins_answers_ask_to_stay_too(strict: Plane) -> None:
    with TlsHandedOver(strict.port) as visitor:
        assert visitor.get(b"/", host=ADMIN.encode()).headers[STRICT] == YEAR


@pytest.mark.parametrize("lane", [*SECURE.values(), TlsHandedOver], ids=[*SECURE, "handed over"])
def test_without_a_policy_no_answer_says_anything(plane: Plane, lane: Lane) -> None:
    with lane(plane.port) as visitor:
        assert STRICT not in visitor.get(b"/").headers


# ── the whole server


def test_the_server_listens_for_tls_where_the_settings_say_so(tmp_path: Path) -> None:
    pair = write_pair(tmp_path, "localhost")
    settings = {
        "DROPDOCK_LISTEN_TLS": "127.0.0.1:0",
        "DROPDOCK_TLS_CERTIFICATE": str(pair.certificate),
        "DROPDOCK_TLS_KEY": str(pair.key),
        "DROPDOCK_PUBLIC_SCHEME": "https",
        "DROPDOCK_HTTPS_REDIRECT": "true",
        "DROPDOCK_HSTS": YEAR,
        "DROPDOCK_ACCESS_LOG": "json",
        "DROPDOCK_ACCESS_LOG_PATH": "access.log",
    }

    with served(tmp_path / "data", environment=settings) as server:
        port, plain = map(int, re.findall(r"HTTPS  on port (\d+), HTTP on port (\d+)", server.said)[0])
        with httpx.Client(verify=client_context(), http2=True) as client:
            secure = client.get(f"https://localhost:{port}/healthz")
            moved = client.get(f"http://localhost:{plain}/")

    assert f"Admin  https://localhost:{port}/" in server.said
    assert (secure.status_code, secure.http_version, secure.headers[STRICT]) == (200, "HTTP/2", YEAR)
    assert moved.headers["location"] == f"https://localhost:{port}/"
    assert (tmp_path / "data/logs/access.log").read_text().count('"status":308') == 1


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"DROPDOCK_LISTEN_TLS": "127.0.0.1:0", "DROPDOCK_TLS_CERTIFICATE": "none.pem"}, "certs/none.pem"),
        ({"DROPDOCK_LISTEN_TLS": "127.0.0.1:0"}, "tls_certificate"),
        ({"DROPDOCK_HTTPS_REDIRECT": "true"}, "listen_tls"),
        ({"DROPDOCK_HSTS": "forever"}, "hsts is a policy"),
        ({"DROPDOCK_TLS_HOSTS": "a.test"}, "tls_hosts is a list"),
        ({"DROPDOCK_TLS_HOSTS": "a.test=a,A.test=b"}, "names a host twice"),
        ({"DROPDOCK_ACCESS_LOG": "json", "DROPDOCK_ACCESS_LOG_PATH": "../secret.key/x"}, "access log"),
    ],
)
def test_a_server_that_cannot_do_as_told_says_why(tmp_path: Path, settings: dict[str, str], said: str) -> None:
    command = [sys.executable, str(MAIN), "serve", "--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0"]

    done = subprocess.run(
        command, capture_output=True, text=True, timeout=20, check=False, env={**os.environ, **settings}
    )

    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def ends(visitor: socket.socket) -> bool:
    """Whether the server closes, perhaps after a TLS alert."""
    visitor.settimeout(8)
    try:
        while visitor.recv(1000):
            pass
    except ConnectionError:
        pass
    return True

"""The front door on raw sockets: heads however they arrive, limits, and the hand-over."""

import hashlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.front_door import DoorLimits
from tests.probes import BROKEN_HEADS, SMUGGLING
from tests.serving.conftest import BIG, FILES
from tests.serving.lanes import ADMIN, Plane, Wiring, release, running, wait_until
from tests.serving.visitors import HandedOver, HandedOverHttp2, Http1, Http2, head

HOME = FILES["index.html"]


@pytest.fixture
def visitor(shared_plane: Plane) -> Iterator[Http1]:
    with Http1(shared_plane.port) as connection:
        yield connection


@pytest.mark.parametrize(
    "request_bytes",
    [
        head(b"GET", b"/", [(b"X", b"y")]),
        head(b"POST", b"/x", [(b"Content-Length", b"5")], ADMIN.encode()) + b"12345",
        head(b"GET", b"/", [(b"Expect", b"nothing")], ADMIN.encode()),
        b"GET / HTTP/1.0\r\nHost: site.localhost\r\nConnection: keep-alive\r\n\r\n",
    ],
    ids=["fast", "handed over", "handed over without a body", "old"],
)
def test_a_request_may_arrive_split_at_any_byte(shared_plane: Plane, request_bytes: bytes) -> None:
    for cut in range(1, len(request_bytes)):
        with Http1(shared_plane.port) as visitor:
            visitor.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            visitor.send(request_bytes[:cut])
            time.sleep(0.0005)
            visitor.send(request_bytes[cut:])

            assert visitor.read().status == 200


def test_a_request_may_arrive_byte_by_byte(visitor: Http1) -> None:
    for byte in head(b"GET", b"/", []):
        visitor.send(bytes([byte]))

    assert visitor.read().body == HOME


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from([b"/", b"/big.bin", b"/docs", b"/zzz", b"/medium.bin"]), min_size=1, max_size=6),
    st.lists(st.integers(1, 80), max_size=20),
)
def test_pipelined_requests_are_answered_in_order_however_they_are_cut(
    shared_plane: Plane, targets: list[bytes], cuts: list[int]
) -> None:
    stream = b"".join(head(b"GET", target, []) for target in targets)
    expected = {b"/": HOME, b"/big.bin": BIG, b"/docs": b"", b"/zzz": FILES["404.html"], b"/medium.bin": bytes(65_536)}

    with Http1(shared_plane.port) as visitor:
        for cut in cuts:
            visitor.send(stream[:cut])
            stream = stream[cut:]
        visitor.send(stream)
        bodies = [visitor.read().body for _ in targets]

    assert bodies == [expected[target] for target in targets]


def test_a_thousand_pipelined_requests_are_answered(visitor: Http1) -> None:
    visitor.send(head(b"GET", b"/", []) * 1000)

    assert all(visitor.read().body == HOME for _ in range(1000))


def test_a_pipeline_may_change_lanes_in_the_middle(visitor: Http1) -> None:
    visitor.send(
        head(b"GET", b"/", [])
        + head(b"POST", b"/x", [(b"Content-Length", b"3")], ADMIN.encode())
        + b"abc"
        + head(b"GET", b"/about", [])
    )

    first, second, third = (visitor.read() for _ in range(3))

    assert first.body == HOME
    assert second.body == b"POST /x localhost " + hashlib.sha256(b"abc").hexdigest().encode()
    assert third.body == FILES["about.html"]


def test_a_large_file_and_what_follows_it_share_a_connection(visitor: Http1) -> None:
    visitor.send(head(b"GET", b"/big.bin", []) + head(b"GET", b"/x", [(b"Expect", b"y")], ADMIN.encode()))

    assert visitor.read().body == BIG
    assert visitor.read().body.startswith(b"GET /x ")


@pytest.mark.parametrize("lane", [Http1, HandedOver])
def test_empty_lines_before_a_request_mean_nothing(shared_plane: Plane, lane: type[Http1]) -> None:
    with lane(shared_plane.port) as visitor:
        visitor.send(b"\r\n\r\n" + b"\r\n" * 3 + head(b"GET", b"/", []) + b"\r\n\r\n")
        assert visitor.read().body == HOME

        visitor.send(b"\r\n" + head(b"GET", b"/", []))
        assert visitor.read().body == HOME


@pytest.mark.parametrize("lane", [Http1, HandedOver])
@pytest.mark.parametrize(("what", "broken", "status"), BROKEN_HEADS, ids=[name for name, *_ in BROKEN_HEADS])
def test_what_is_no_request_is_refused_and_the_connection_closed(
    shared_plane: Plane, lane: type[Http1], what: str, broken: bytes, status: int
) -> None:
    with lane(shared_plane.port) as visitor:
        visitor.send(broken + head(b"GET", b"/", []))

        answer = visitor.read()

        assert (answer.status, answer.closes) == (status, True)
        assert visitor.at_end()


@pytest.mark.parametrize("lane", [Http1, HandedOver])
@pytest.mark.parametrize("host", [ADMIN, "site.localhost", "other.localhost"])
@pytest.mark.parametrize("shape", [shape for _, shape in SMUGGLING], ids=[name for name, _ in SMUGGLING])
def test_a_body_whose_end_is_in_doubt_is_refused(
    shared_plane: Plane, lane: type[Http1], shape: bytes, host: str
) -> None:
    with lane(shared_plane.port) as visitor:
        visitor.send(shape.replace(b"{h}", host.encode()) + head(b"GET", b"/smuggled", []))

        assert visitor.read().status == 400
        assert visitor.at_end()


@pytest.mark.parametrize("lane", [Http1, HandedOver])
def test_a_method_nobody_knows_is_held_to_the_same(shared_plane: Plane, lane: type[Http1]) -> None:
    with lane(shared_plane.port) as visitor:
        visitor.send(
            head(b"BREW", b"/", [(b"Transfer-Encoding", b"chunked"), (b"Content-Length", b"3")]) + b"0\r\n\r\n"
        )

        assert visitor.read().status == 400
        assert visitor.at_end()


@pytest.mark.parametrize(
    ("version", "connection", "stays"),
    [
        (b"1.1", b"", True),
        (b"1.1", b"Connection: keep-alive\r\n", True),
        (b"1.1", b"Connection: close\r\n", False),
        (b"1.1", b"connection: x, Close\r\n", False),
        (b"1.0", b"", False),
        (b"1.0", b"Connection: keep-alive\r\n", True),
        (b"1.0", b"Connection: close\r\n", False),
    ],
)
@pytest.mark.parametrize("target", [b"/", b"/big.bin", b"/zzz"])
def test_the_connection_stays_when_the_client_wants_it_to(
    visitor: Http1, version: bytes, connection: bytes, stays: bool, target: bytes
) -> None:
    request = b"GET %s HTTP/%s\r\nHost: site.localhost\r\n%s\r\n" % (target, version, connection)

    visitor.send(request)
    answer = visitor.read()

    if stays:
        assert answer.headers.get("connection") == ("keep-alive" if version == b"1.0" else None)
        assert visitor.get(b"/").body == HOME
    else:
        assert answer.headers["connection"] == "close"
        assert visitor.at_end()


@pytest.mark.parametrize("lane", [Http1, HandedOver])
@pytest.mark.parametrize("last", [b"1.0\r\nHost: site.localhost", b"1.1\r\nHost: site.localhost\r\nConnection: close"])
@pytest.mark.parametrize("target", [b"/", b"/big.bin"])
def test_what_follows_the_last_request_is_not_looked_at(
    shared_plane: Plane, lane: type[Http1], last: bytes, target: bytes
) -> None:
    with lane(shared_plane.port) as visitor:
        visitor.send(b"GET %s HTTP/%s\r\n\r\n" % (target, last) + head(b"GET", b"/about", []))

        assert visitor.read().body == {b"/": HOME, b"/big.bin": BIG}[target]
        assert visitor.at_end()


def test_http_1_0_needs_no_host_and_finds_no_site(visitor: Http1) -> None:
    visitor.send(b"GET / HTTP/1.0\r\n\r\n")

    assert visitor.read().status == 404


def test_a_target_in_absolute_form_overrides_the_host(visitor: Http1) -> None:
    for host in (b"other.localhost", b"site.localhost"):
        answer = visitor.get(b"http://SITE.localhost:80/docs?x", host=host)
        assert (answer.status, answer.headers["location"]) == (301, "/docs/?x")

    assert visitor.get(b"http://site.localhost").body == HOME
    assert visitor.get(b"http://localhost:1/x?y", host=b"site.localhost").body.startswith(b"GET /x localhost:1 ")
    assert visitor.get(b"http:///").status == 404
    assert visitor.get(b"ftp://site.localhost/").status == 400


def test_a_get_with_a_body_is_answered_and_the_body_taken_away(visitor: Http1) -> None:
    body = b"GET /evil HTTP/1.1\r\nHost: site.localhost\r\n\r\n"
    visitor.send(head(b"GET", b"/", [(b"Content-Length", b"%d" % len(body))]) + body)
    assert visitor.read().body == HOME

    assert visitor.get(b"/about").body == FILES["about.html"]


def test_a_long_body_sent_to_a_page_is_not_waited_for(visitor: Http1) -> None:
    visitor.send(head(b"POST", b"/", [(b"Content-Length", b"100000000")]) + bytes(200_000))

    assert visitor.read().status == 405
    assert visitor.at_end()


def test_an_expectation_is_met_before_the_body_comes(visitor: Http1) -> None:
    visitor.send(head(b"POST", b"/x", [(b"Content-Length", b"3"), (b"Expect", b"100-continue")], ADMIN.encode()))
    assert visitor.read().status == 100

    visitor.send(b"abc")
    assert visitor.read().status == 200


@pytest.mark.parametrize("host", [b"site.localhost", ADMIN.encode()])
def test_an_upgrade_to_http2_is_not_made(visitor: Http1, host: bytes) -> None:
    """A proxy that passes it on would look at nothing that comes after it, and we would believe its address."""
    upgrade = [(b"Upgrade", b"h2c"), (b"Connection", b"upgrade, http2-settings"), (b"HTTP2-Settings", b"AAMAAABk")]
    for _ in range(2):  # the second on a connection that was handed over
        visitor.send(head(b"GET", b"/", upgrade, host))

        assert visitor.read().status == 200


def test_a_websocket_is_refused_with_403(visitor: Http1) -> None:
    websocket = [
        (b"Upgrade", b"websocket"),
        (b"Connection", b"Upgrade"),
        (b"Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
        (b"Sec-WebSocket-Version", b"13"),
    ]

    assert visitor.get(b"/", *websocket).status == 403


def test_a_request_that_http2_cannot_carry_ends_only_its_own_connection(shared_plane: Plane) -> None:
    with HandedOverHttp2(shared_plane.port) as bad, Http2(shared_plane.port) as good:
        with pytest.raises((EOFError, ConnectionError)):
            bad.get("/é".encode())

        assert good.get(b"/").body == HOME


@pytest.fixture
def quick(blobs: Path) -> Iterator[Plane]:
    limits = DoorLimits(
        head=2048,
        head_seconds=0.4,
        keep_alive_seconds=0.8,
        stall_seconds=0.3,
        connections=4,
        connections_per_address=3,
    )
    with running(Wiring(limits=limits)) as plane:
        plane.put("site.localhost", release(blobs, FILES))
        yield plane


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /" + b"a" * 4000 + b" HTTP/1.1\r\nHost: site.localhost\r\n\r\n", 414),
        (b"GET /" + b"a" * 4000, 414),
        (head(b"GET", b"/", [(b"X", b"y" * 4000)]), 431),
        (head(b"GET", b"/", [(b"X", b"y")] * 1000), 431),
        (head(b"GET", b"/", [])[:-2] + b"X: " + b"y" * 4000, 431),
    ],
)
def test_a_head_over_the_limit_is_refused_whole_or_not(quick: Plane, request_bytes: bytes, status: int) -> None:
    with Http1(quick.port) as visitor:
        visitor.send(request_bytes)

        assert visitor.read().status == status
        assert visitor.at_end()


def test_a_refused_client_may_finish_sending_and_is_then_cut(quick: Plane) -> None:
    with Http1(quick.port) as visitor:
        visitor.send(head(b"GET", b"/", [(b"X", b"y" * 4000)]))
        for _ in range(20):
            visitor.send(bytes(10_000))

        assert visitor.read().status == 431
        wait_until(lambda: quick.counters.opened == 0)


def test_a_head_at_the_limit_is_answered(quick: Plane) -> None:
    request = head(b"GET", b"/", [(b"X", b"")])
    padded = request.replace(b"X: ", b"X: " + b"y" * (2048 - len(request)))

    with Http1(quick.port) as visitor:
        visitor.send(padded)

        assert visitor.read().status == 200


def test_a_slow_sender_gets_408_however_steadily_it_drips(quick: Plane) -> None:
    with Http1(quick.port) as visitor:
        started = time.monotonic()
        try:
            for byte in head(b"GET", b"/" + b"a" * 500, []):
                visitor.send(bytes([byte]))
                time.sleep(0.01)
        except ConnectionError:
            pass

        assert visitor.read().status == 408
        assert time.monotonic() - started < 10


def test_an_idle_connection_is_closed_without_a_word(quick: Plane) -> None:
    with Http1(quick.port) as visitor:
        assert visitor.get(b"/").status == 200
        assert visitor.at_end()

    with HandedOver(quick.port) as visitor:
        assert visitor.at_end()


def test_connections_are_limited_by_address(quick: Plane) -> None:
    visitors = [Http1(quick.port) for _ in range(4)]
    try:
        assert [v.get(b"/").status for v in visitors[:3]] == [200] * 3
        visitors[3].send(head(b"GET", b"/", []))  # who says nothing is let in later, when the others may have left
        assert visitors[3].at_end()
        assert quick.counters.snapshot().connections_refused == 1
    finally:
        for visitor in visitors:
            visitor.socket.close()


def test_connections_are_limited_in_all(quick: Plane) -> None:
    visitors = []
    try:
        for number in range(1, 6):
            visitor = Http1.__new__(Http1)
            visitor.buffer = b""
            visitor.socket = socket.create_connection(("127.0.0.1", int(quick.port)), 10, (f"127.0.0.{number}", 0))
            visitors.append(visitor)

        assert [v.get(b"/").status for v in visitors[:4]] == [200] * 4
        visitors[4].send(head(b"GET", b"/", []))
        assert visitors[4].at_end()
    finally:
        for visitor in visitors:
            visitor.socket.close()


def test_a_place_is_free_again_after_a_connection_ends(quick: Plane) -> None:
    for lane in (Http1, HandedOver, Http2):
        with lane(quick.port) as visitor:
            assert visitor.get(b"/").status == 200
        wait_until(lambda: not quick.counters.opened)

    assert not quick.door.crowd.addresses

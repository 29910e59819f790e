"""Heads that are nearly right: what the fast lane makes of them, Hypercorn's makes of them too."""

import re
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from tests.serving.lanes import Plane
from tests.serving.visitors import HandedOver, Http1

LINES = [
    b"GET / HTTP/1.1",
    b"GET /docs?a=b HTTP/1.1",
    b"HEAD /about HTTP/1.1",
    b"POST / HTTP/1.1",
    b"OPTIONS * HTTP/1.1",
    b"GET http://bare.localhost/x HTTP/1.1",
    b"GET /%zz#b HTTP/1.1",
    b"GET / HTTP/1.0",
]
FIELDS = [
    b"Host: site.localhost",
    b"Host:nobody.localhost ",
    b"X: y",
    b"X:",
    b"X-Y: a\tb",
    b"X: \xe9",
    b"Connection: close",
    b"Connection: keep-alive",
    b"Range: bytes=0-1",
    b"If-None-Match: *",
    b"Accept-Encoding: gzip;q=0",
    b"Cookie: a=b",
    b"Content-Length: 0",
    b"Transfer-Encoding: chunked",
    b"Expect: 100-continue",
    b"TE: trailers",
    b"(x): y",
]
ODD = st.sampled_from([b"\0", b"\t", b"\n", b"\r", b" ", b"#", b":", b",", b";", b"/", b"\\", b"\x7f", b"\xff", b""])
SLIPS = st.lists(st.tuples(st.floats(0, 0.999), st.booleans(), ODD), max_size=2)


@pytest.mark.parametrize("examples", [80, pytest.param(2_000, marks=pytest.mark.long)])
def test_a_head_has_the_same_outcome_on_a_connection_that_was_handed_over(shared_plane: Plane, examples: int) -> None:
    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(LINES), st.lists(st.sampled_from(FIELDS), max_size=4), SLIPS)
    def check(line: bytes, fields: list[bytes], slips: list[tuple[float, bool, bytes]]) -> None:
        sent = b"\r\n".join([line, FIELDS[0], *fields])
        for where, instead, odd in slips:
            at = int(where * len(sent))
            sent = sent[:at] + odd + sent[at + instead :]
        sent += b"\r\n\r\n"

        note(repr(sent))
        assert outcome(HandedOver, shared_plane.port, sent) == outcome(Http1, shared_plane.port, sent)

    check()


def outcome(lane: Callable[[int], Http1], port: int, sent: bytes) -> list[bytes]:
    """The status it gets; h11 keeps no connection of HTTP/1.0, so what follows may differ."""
    received = b""
    with lane(port) as visitor:
        visitor.send(sent + b"0\r\n\r\n" * (b"chunked" in sent) + b"GET /last HTTP/1.0\r\nHost: site.localhost\r\n\r\n")
        try:
            while data := visitor.socket.recv(1 << 16):
                received += data
        except ConnectionError:
            pass  # it was closed with something unread
    statuses = re.findall(rb"HTTP/1\.1 (\d{3}) ", received)
    return [status for status in statuses if status != b"100"][:1]

"""Frames that break RFC 9113: each MUST that names an error, and floods that are within the letter of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.front_door import DoorLimits
from appliance.serving.h2.limits import Http2Limits
from tests.serving.conftest import FILES
from tests.serving.h2_wire import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GET,
    GOAWAY,
    HEADERS,
    PADDED,
    PING,
    PREFACE,
    PRIORITISED,
    PRIORITY,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    Field,
    Wire,
    ask,
    block,
    frame,
    number,
    settings,
    with_path,
)
from tests.serving.lanes import Plane, Wiring, release, running
from tests.serving.visitors import SITE

PROTOCOL, FLOW, CLOSED, SIZE, REFUSED, COMPRESSION, CALM = 1, 3, 5, 6, 7, 9, 0xB
POST: list[Field] = [(b":method", b"POST"), *GET[1:]]
BIG = with_path(b"/big.bin")
OPEN = ask(1, POST, END_HEADERS)  # a stream whose body is still to come

CONNECTION_ERRORS: list[tuple[str, bytes, int]] = [
    # section and rule, what is sent after preface, settings and one good request on stream 1, the code of GOAWAY
    ("4.2 a frame over the size we take", frame(PING, payload=bytes(16_385)), SIZE),
    ("4.2 announced, and never sent", frame(DATA, 0, 3, bytes(20_000))[:9], SIZE),
    ("4.3 a block that is none", frame(HEADERS, 5, 3, b"\x80"), COMPRESSION),
    ("4.3 a block that breaks off", frame(HEADERS, 5, 3, block()[:-1] + b"\x7f"), COMPRESSION),
    ("4.3 an index beyond the table", frame(HEADERS, 5, 3, b"\xfe"), COMPRESSION),
    ("RFC 7541 4.2 a table larger than agreed", frame(HEADERS, 5, 3, b"\x3f\xe2\x1f" + block()), COMPRESSION),
    ("RFC 7541 4.2 a size update behind a field", frame(HEADERS, 5, 3, b"\x82\x20"), COMPRESSION),
    ("5.1 DATA on an idle stream", frame(DATA, 1, 3, b"x"), PROTOCOL),
    ("5.1 RST_STREAM on an idle stream", frame(RST_STREAM, 0, 3, number(8)), PROTOCOL),
    ("5.1 WINDOW_UPDATE on an idle stream", frame(WINDOW_UPDATE, 0, 3, number(1)), PROTOCOL),
    ("5.1 HEADERS on a closed stream", ask(1), CLOSED),
    ("5.1.1 HEADERS on an even stream", ask(2), PROTOCOL),
    ("5.1.1 HEADERS on a stream that was skipped", ask(5) + ask(3), PROTOCOL),
    ("6.1 DATA on stream 0", frame(DATA, 0, 0, b"x"), PROTOCOL),
    (
        "6.1 padding as long as the payload",
        OPEN.replace(number(1), number(3)) + frame(DATA, PADDED, 3, b"\x01"),
        PROTOCOL,
    ),
    ("6.1 padding that is not there", OPEN.replace(number(1), number(3)) + frame(DATA, PADDED, 3), SIZE),
    ("6.2 HEADERS on stream 0", ask(0), PROTOCOL),
    ("6.2 padding longer than the block", frame(HEADERS, 5 | PADDED, 3, b"\xff" + block()), PROTOCOL),
    ("6.2 a priority that is not there", frame(HEADERS, 5 | PRIORITISED, 3, b"\x00\x00"), SIZE),
    ("6.3 PRIORITY on stream 0", frame(PRIORITY, 0, 0, bytes(5)), PROTOCOL),
    ("6.4 RST_STREAM on stream 0", frame(RST_STREAM, 0, 0, number(8)), PROTOCOL),
    ("6.4 RST_STREAM of another length", frame(RST_STREAM, 0, 1, bytes(3)), SIZE),
    ("6.5 SETTINGS on a stream", frame(SETTINGS, 0, 1), PROTOCOL),
    ("6.5 an acknowledgement that says something", frame(SETTINGS, ACK, 0, bytes(6)), SIZE),
    ("6.5 a setting and a half", frame(SETTINGS, 0, 0, bytes(9)), SIZE),
    ("6.5.2 ENABLE_PUSH of 2", settings((2, 2)), PROTOCOL),
    ("6.5.2 a window over 2^31-1", settings((4, 2**31)), FLOW),
    ("6.5.2 frames under 16,384", settings((5, 16_383)), PROTOCOL),
    ("6.5.2 frames over 2^24-1", settings((5, 2**24)), PROTOCOL),
    ("6.6 PUSH_PROMISE", frame(PUSH_PROMISE, END_HEADERS, 1, number(2) + block()), PROTOCOL),
    ("6.7 PING on a stream", frame(PING, 0, 1, bytes(8)), PROTOCOL),
    ("6.7 PING of another length", frame(PING, 0, 0, bytes(7)), SIZE),
    ("6.8 GOAWAY on a stream", frame(GOAWAY, 0, 1, bytes(8)), PROTOCOL),
    ("6.8 GOAWAY cut short", frame(GOAWAY, 0, 0, bytes(7)), SIZE),
    ("6.9 a connection's window widened by nothing", frame(WINDOW_UPDATE, 0, 0, number(0)), PROTOCOL),
    ("6.9 WINDOW_UPDATE of another length", frame(WINDOW_UPDATE, 0, 0, bytes(3)), SIZE),
    ("6.9.1 a connection's window over 2^31-1", frame(WINDOW_UPDATE, 0, 0, number(2**31 - 1)), FLOW),
    (
        "6.9.2 a stream's window over 2^31-1 by settings",
        ask(3, BIG) + frame(WINDOW_UPDATE, 0, 3, number(2**31 - 1 - 65_535)) + settings((4, 2**31 - 1)),
        FLOW,
    ),
    ("6.10 CONTINUATION of nothing", frame(CONTINUATION, END_HEADERS, 3, block()), PROTOCOL),
    ("6.10 CONTINUATION of another stream", ask(3, flags=1) + frame(CONTINUATION, 4, 5), PROTOCOL),
    ("6.10 another frame inside a block", ask(3, flags=1) + frame(PING, payload=bytes(8)), PROTOCOL),
    ("6.10 an unknown frame inside a block", ask(3, flags=1) + frame(0x99), PROTOCOL),
    (
        "6.10 CONTINUATION after the end of a block",
        ask(3, BIG) + frame(CONTINUATION, END_HEADERS, 3, block()),
        PROTOCOL,
    ),
    ("6.10 DATA inside a block", ask(3, flags=1) + frame(DATA, 1, 3, b"x"), PROTOCOL),
    ("CVE-2024-27316 a block that never ends", ask(3, flags=1) + frame(CONTINUATION, 0, 3, b"") * 40, CALM),
    ("10.5.1 a block beyond all bounds", ask(3, flags=1) + frame(CONTINUATION, 0, 3, bytes(16_000)) * 6, CALM),
    (
        "10.5.1 a small block that becomes a large one",
        frame(HEADERS, 5, 3, b"\x40\x01a\x7f\xa1\x1e" + b"b" * 4_000 + b"\xbe" * 12_000),
        CALM,
    ),
    ("10.5 pings", frame(PING, payload=bytes(8)) * 1_000, CALM),
    ("10.5 settings", settings() * 1_000, CALM),
    ("10.5 settings that change every stream", ask(3, BIG) + (settings((4, 0)) + settings((4, 65_535))) * 500, CALM),
    ("10.5 acknowledgements", frame(SETTINGS, ACK) * 1_000, CALM),
    ("10.5 pings that are answers", frame(PING, ACK, payload=bytes(8)) * 1_000, CALM),
    ("10.5 goodbyes", frame(GOAWAY, payload=bytes(8)) * 1_000, CALM),
    (
        "10.5 empty DATA in padding",
        OPEN.replace(number(1), number(3)) + frame(DATA, PADDED, 3, b"\x03" + bytes(3)) * 1_000,
        CALM,
    ),
    ("10.5 priorities", frame(PRIORITY, 0, 1, bytes(5)) * 1_000, CALM),
    ("10.5 unknown frames", frame(0x42) * 1_000, CALM),
    ("10.5 empty DATA", OPEN.replace(number(1), number(3)) + frame(DATA, 0, 3) * 1_000, CALM),
    (
        "CVE-2023-44487 requests taken back",
        b"".join(ask(stream) + frame(RST_STREAM, 0, stream, number(8)) for stream in range(3, 1_003, 2)),
        CALM,
    ),
    (
        "CVE-2025-8671 resets made by us",
        b"".join(ask(stream) + frame(PRIORITY, 0, stream, b"") for stream in range(3, 1_003, 2)),
        CALM,
    ),
]

STREAM_ERRORS: list[tuple[str, bytes, int]] = [
    ("5.1 DATA after the end", ask(3, BIG) + frame(DATA, 0, 3, b"x"), CLOSED),
    ("5.1 HEADERS after the end", ask(3, BIG) + ask(3, [(b"x", b"y")]), CLOSED),
    ("6.3 PRIORITY of another length", frame(PRIORITY, 0, 3, bytes(4)), SIZE),
    ("6.9 a stream's window widened by nothing", ask(3, BIG) + frame(WINDOW_UPDATE, 0, 3, number(0)), PROTOCOL),
    ("6.9.1 a stream's window over 2^31-1", ask(3, BIG) + frame(WINDOW_UPDATE, 0, 3, number(2**31 - 1)), FLOW),
    ("8.1 trailers that end nothing", ask(3, POST, 4) + ask(3, [(b"x", b"y")], END_HEADERS), PROTOCOL),
    ("8.1 pseudo-fields in trailers", ask(3, POST, 4) + ask(3, [(b":path", b"/")]), PROTOCOL),
    ("8.1.1 less than announced", ask(3, [*POST, (b"content-length", b"4")], 4) + frame(DATA, 1, 3, b"abc"), PROTOCOL),
    ("8.1.1 more than announced", ask(3, [*POST, (b"content-length", b"2")], 4) + frame(DATA, 0, 3, b"abc"), PROTOCOL),
    ("8.1.1 nothing of what was announced", ask(3, [*POST, (b"content-length", b"2")]), PROTOCOL),
    (
        "8.1.1 padding is no content",
        ask(3, [*POST, (b"content-length", b"9")], 4) + frame(DATA, 9, 3, b"\x05abc" + bytes(5)),
        PROTOCOL,
    ),
    ("8.1.1 a length that is no number", ask(3, [*GET, (b"content-length", b"+1")]), PROTOCOL),
    ("8.1.1 two lengths", ask(3, [*POST, (b"content-length", b"2"), (b"content-length", b"3")]), PROTOCOL),
    ("8.2.1 a capital letter", ask(3, [*GET, (b"X-y", b"z")]), PROTOCOL),
    ("8.2.1 a space in a name", ask(3, [*GET, (b"x y", b"z")]), PROTOCOL),
    ("8.2.1 a colon in a name", ask(3, [*GET, (b"x:y", b"z")]), PROTOCOL),
    ("8.2.1 a line feed in a name", ask(3, [*GET, (b"x\ny", b"z")]), PROTOCOL),
    ("8.2.1 no name", ask(3, [*GET, (b"", b"z")]), PROTOCOL),
    ("8.2.1 a line feed in a value", ask(3, [*GET, (b"x", b"y\nz")]), PROTOCOL),
    ("8.2.1 a carriage return in a value", ask(3, [*GET, (b"x", b"y\rz")]), PROTOCOL),
    ("8.2.1 NUL in a value", ask(3, [*GET, (b"x", b"y\0z")]), PROTOCOL),
    ("8.2.1 a space before a value", ask(3, [*GET, (b"x", b" y")]), PROTOCOL),
    ("8.2.1 a tab after a value", ask(3, [*GET, (b"x", b"y\t")]), PROTOCOL),
    ("8.2.2 connection", ask(3, [*GET, (b"connection", b"close")]), PROTOCOL),
    *(
        (f"8.2.2 {name.decode()}", ask(3, [*GET, (name, b"x")]), PROTOCOL)
        for name in (b"proxy-connection", b"keep-alive", b"upgrade")
    ),
    ("8.2.2 transfer-encoding", ask(3, [*POST, (b"transfer-encoding", b"chunked")]), PROTOCOL),
    ("8.2.2 te", ask(3, [*GET, (b"te", b"gzip")]), PROTOCOL),
    ("8.3 an unknown pseudo-field", ask(3, [*GET, (b":x", b"y")]), PROTOCOL),
    ("8.3 a reply's pseudo-field", ask(3, [*GET, (b":status", b"200")]), PROTOCOL),
    ("8.3 a pseudo-field behind a field", ask(3, [*GET[:3], (b"x", b"y"), GET[3]]), PROTOCOL),
    ("8.3 the same pseudo-field twice", ask(3, [*GET, GET[3]]), PROTOCOL),
    ("8.3.1 no method", ask(3, GET[1:]), PROTOCOL),
    ("8.3.1 no path", ask(3, GET[:3]), PROTOCOL),
    ("8.3.1 an empty path", ask(3, with_path(b"")), PROTOCOL),
    ("8.3.1 a space in the path", ask(3, with_path(b"/a b")), PROTOCOL),
    ("8.3.1 an empty method", ask(3, [(b":method", b""), *GET[1:]]), PROTOCOL),
    ("8.3.1 an empty scheme", ask(3, [GET[0], (b":scheme", b""), *GET[2:]]), PROTOCOL),
    ("8.3.1 nothing but fields", ask(3, [(b"x", b"y")]), PROTOCOL),
    ("8.3.1 no scheme", ask(3, [GET[0], *GET[2:]]), PROTOCOL),
    ("8.3.1 another host than the authority", ask(3, [*GET, (b"host", b"bare.localhost")]), PROTOCOL),
    ("8.5 CONNECT with a path", ask(3, [(b":method", b"CONNECT"), *GET[2:]]), PROTOCOL),
]


@pytest.mark.parametrize(("rule", "sent", "code"), CONNECTION_ERRORS, ids=[rule for rule, *_ in CONNECTION_ERRORS])
def test_a_breach_of_the_connection_ends_it(shared_plane: Plane, rule: str, sent: bytes, code: int) -> None:
    with Wire(shared_plane.port, PREFACE + settings() + ask(1)) as wire:
        assert wire.outcome() == ("status", 200)
        wire.send(sent)

        found = wire.outcome()
        while found[0] in {"status", "reset"}:
            found = wire.outcome()

    assert found == ("goaway", code)


@pytest.mark.parametrize(("rule", "sent", "code"), STREAM_ERRORS, ids=[rule for rule, *_ in STREAM_ERRORS])
def test_a_breach_of_a_stream_ends_that_one_alone(shared_plane: Plane, rule: str, sent: bytes, code: int) -> None:
    with Wire(shared_plane.port, PREFACE + settings() + ask(1)) as wire:
        wire.send(sent)
        _, _, stream, payload = wire.until(RST_STREAM)
        wire.send(frame(WINDOW_UPDATE, 0, 0, number(1 << 20)), ask(5, with_path(b"/about")))

        assert (stream, int.from_bytes(payload, "big")) == (3, code)
        while wire.until(HEADERS)[2] != 5:
            pass
        assert wire.until(DATA)[3] == FILES["about.html"]


@pytest.mark.parametrize(
    ("rule", "sent", "outcome"),
    [
        ("3.4 no settings first", PREFACE + ask(1), ("goaway", PROTOCOL)),
        ("3.4 an acknowledgement first", PREFACE + frame(SETTINGS, ACK) + ask(1), ("goaway", PROTOCOL)),
        ("3.4 another preface", PREFACE[:-6] + b"XX\r\n\r\n" + settings() + ask(1), ("goaway", PROTOCOL)),
        ("4.2 a large frame first", PREFACE + settings() + frame(PING, payload=bytes(16_385)), ("goaway", SIZE)),
        ("6.10 a block broken into", PREFACE + settings() + ask(1, flags=1) + settings(), ("goaway", PROTOCOL)),
        ("8.3 a malformed first request", PREFACE + settings() + ask(1, GET[1:]), ("reset", PROTOCOL)),
        ("10.5 much ado first", PREFACE + settings() * 70, ("status", 0)),
        ("10.5 more than is looked at", PREFACE + settings() + frame(0x42, payload=bytes(16_000)) * 10, ("status", 0)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_no_server_would_answer_is_ours_to_refuse(
    shared_plane: Plane, rule: str, sent: bytes, outcome: tuple[str, int]
) -> None:
    with Wire(shared_plane.port, sent) as wire:
        if outcome[0] == "status":  # decided against waiting on, though nothing is wrong yet
            wire.send(ask(1))
            outcome = ("status", 200)

        assert wire.outcome() == outcome


@pytest.mark.parametrize(
    "sent",
    [
        ask(3, [*GET, (b"te", b"trailers"), (b"host", SITE)]),
        ask(3, [*GET[:2], GET[3], (b"host", SITE)]),
        frame(HEADERS, 5 | PADDED | PRIORITISED, 3, b"\x02" + bytes(5) + block() + b"\0\0"),
        frame(HEADERS, 5, 3, b"\x20\x3f\xe1\x1f" + block()),
        b"".join(
            (
                frame(HEADERS, 1, 3),
                *(frame(CONTINUATION, 0, 3, block()[n : n + 9]) for n in range(0, 90, 9)),
                frame(CONTINUATION, END_HEADERS, 3, block()[90:]),
            )
        ),
        settings((1, 0), (2, 1), (3, 0), (4, 1 << 20), (5, 1 << 20), (6, 1), (0x99, 7)) + ask(3),
        frame(PRIORITY, 0, 3, number(3) + b"\0") + frame(HEADERS, 5 | PRIORITISED, 3, number(3) + b"\xff" + block()),
        frame(PRIORITY, 0, 3, bytes(5))
        + frame(WINDOW_UPDATE, 0, 1, number(5))
        + frame(GOAWAY, payload=bytes(8))
        + ask(3),
        frame(PING, ACK, payload=bytes(8)) + frame(0x42, 255, 77, b"?") + ask(2**31 - 1),
    ],
    ids=[
        "te and host",
        "host alone",
        "padded",
        "table sizes",
        "continued",
        "settings",
        "a stream that depends on itself",
        "no-ops",
        "last stream",
    ],
)
def test_what_is_allowed_is_answered(shared_plane: Plane, sent: bytes) -> None:
    with Wire(shared_plane.port, PREFACE + settings() + ask(1)) as wire:
        assert wire.outcome() == ("status", 200)
        wire.send(sent)

        assert wire.outcome() == ("status", 200)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ([*GET[:2], (b":authority", b"localhost"), GET[3]], 421),
        ([*GET[:2], (b":authority", b"nobody.localhost"), GET[3]], 421),
        ([*GET[:2], GET[3]], 400),
        ([*GET, (b"cookie", b"c" * 40_000)], 431),
        ([(b":method", b"CONNECT"), (b":authority", SITE)], 405),
        (with_path(b"*"), 400),
    ],
    ids=["admin", "nobody", "no host", "too large", "CONNECT", "*"],
)
def test_a_later_request_that_is_not_for_a_site_is_told_so(
    shared_plane: Plane, fields: list[Field], status: int
) -> None:
    with Wire(shared_plane.port, PREFACE + settings() + ask(1)) as wire:
        assert wire.outcome() == ("status", 200)
        sent = block(fields)
        parts = [sent[at : at + 16_000] for at in range(0, len(sent), 16_000)]
        kinds = [HEADERS, *[CONTINUATION] * (len(parts) - 1)]
        last = len(parts) - 1
        wire.send(
            *(
                frame(kind, END_STREAM * (not at) | END_HEADERS * (at == last), 3, parts[at])
                for at, kind in enumerate(kinds)
            )
        )

        assert wire.outcome() == ("status", status)


@pytest.fixture
def small(blobs: Path) -> Iterator[Plane]:
    limits = DoorLimits(
        head=2048, head_seconds=0.4, keep_alive_seconds=0.6, stall_seconds=0.4, http2=Http2Limits(streams=3)
    )
    with running(Wiring(limits=limits)) as plane:
        plane.put("site.localhost", release(blobs, FILES))
        yield plane


def test_more_streams_than_agreed_are_refused(small: Plane) -> None:
    with Wire(small.port, PREFACE + settings((4, 0)) + b"".join(ask(n, BIG) for n in (1, 3, 5, 7))) as wire:
        _, _, stream, payload = wire.until(RST_STREAM)

    assert (stream, int.from_bytes(payload, "big")) == (7, REFUSED)


@pytest.mark.parametrize("begun", [PREFACE, PREFACE + settings() + ask(1, flags=1), PREFACE + settings() + ask(1)[:-2]])
def test_a_first_request_that_does_not_come_is_not_waited_for(small: Plane, begun: bytes) -> None:
    with Wire(small.port, begun) as wire:
        assert wire.outcome() == ("end", 0)


@pytest.mark.parametrize("begun", [ask(3, flags=1), ask(3)[:-2], frame(PING, payload=bytes(8))[:5]])
def test_a_later_one_has_its_time_too_however_it_drips(small: Plane, begun: bytes) -> None:
    with Wire(small.port, PREFACE + settings() + ask(1)) as wire:
        assert wire.outcome() == ("status", 200)
        wire.send(begun)

        assert wire.outcome() == ("goaway", CALM)


def test_an_idle_connection_is_sent_away(small: Plane) -> None:
    with Wire(small.port, PREFACE + settings() + ask(1)) as wire:
        assert wire.outcome() == ("status", 200)

        assert wire.outcome() == ("goaway", 0)
        assert wire.frame() is None


def test_a_window_that_never_opens_is_not_waited_for(small: Plane) -> None:
    with Wire(small.port, PREFACE + settings((4, 10)) + ask(1, BIG)) as wire:
        assert len(wire.until(DATA)[3]) == 10

        assert wire.outcome() == ("end", 0)

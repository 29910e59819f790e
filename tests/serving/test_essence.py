"""What is left of a head decides its answer: nothing else may, and what is not sound is never taken for what is."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.serving import essence as essence_module
from appliance.serving.essence import Essence
from appliance.serving.heads import BadHead, HeadReader
from tests.serving.lanes import Plane, release, running
from tests.serving.ruled import ruled
from tests.serving.visitors import SITE, Answer, Http1, head

LINE = b"GET /x HTTP/1.1"


def made(*lines: bytes, first: bytes = LINE) -> bytes:
    return b"\r\n".join([first, *lines]) + b"\r\n\r\n"


def test_what_tells_visitors_apart_is_left_out_and_what_decides_stays_as_it_was_sent() -> None:
    essence = Essence()

    for number in range(3):
        sent = made(b"Host: h", b"User-Agent: %d" % number, b"accept-ENCODING: br", b"Cookie: a=%d" % number, b"X: ")
        assert essence.of(sent) == b"\r\n".join([LINE, b"Host: h", b"accept-ENCODING: br"])


@pytest.mark.parametrize(
    "lines",
    [
        (b"Content-Length: 0",),
        (b"content-LENGTH: 5",),
        (b"Transfer-Encoding: chunked",),
        (b"Expect: 100-continue",),
        (b"Upgrade: h2c",),
        (b"Proxy-Connection: close",),
        (b"X : y",),
        (b" folded",),
        (b"X: y", b"\tfolded"),
        (b"no colon",),
        (b": y",),
        (b"X: a\x00b",),
        (b"X: a\rb",),
        (b"X: a\nHost: other",),
        (b"X\x80: y",),
        (b"GET /x HTTP/1.1",),
    ],
)
def test_what_is_not_plain_is_left_to_the_parser_every_time(lines: tuple[bytes, ...]) -> None:
    essence = Essence()

    for _ in range(2):
        assert essence.of(made(b"Host: h", *lines)) is None


def test_a_head_begins_with_its_request_line() -> None:
    essence = Essence()
    essence.of(made(b"Host: h", b"User-Agent: x"))

    assert essence.of(made(LINE, b"Host: h", first=b"User-Agent: x")) is None
    assert essence.of(b"\r\n" + made(b"Host: h")) is None
    assert essence.of(b"\r\n\r\n") is None


def test_lines_are_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(essence_module, "_LINES", 4)
    monkeypatch.setattr(essence_module, "_LONGEST", 20)
    essence = Essence()

    for number in range(50):
        sent = made(b"Host: h%d" % number, b"X-%d: y" % number, b"Long: " + b"z" * 50)
        assert essence.of(sent) == LINE + b"\r\nHost: h%d" % number

    assert len(essence._idle) <= 5
    assert len(essence._deciding) <= 4
    assert max(map(len, essence._idle)) <= 20


SOUND = [
    b"Host: h",
    b"Host: other",
    b"Accept-Encoding: br",
    b"Range: bytes=0-1",
    b"If-None-Match: *",
    b"Cookie: a",
    b"X: y",
]
MEANS_MORE = [
    b"Connection: close",
    b"Connection: keep-alive",
    b"Content-Length: 0",
    b"Content-Length: 3",
    b"TE: trailers",
]
STRANGE = [
    b"Transfer-Encoding: chunked",
    b"Upgrade: x",
    b"Expect: 100-continue",
    b"Proxy-Connection: close",
    b"X : y",
    b" y",
]
PIECES = st.one_of(
    st.sampled_from([*SOUND, *MEANS_MORE, *STRANGE]), st.binary(max_size=12).filter(lambda line: b"\r\n" not in line)
)
FIRST = st.sampled_from(
    [LINE, b"HEAD /x HTTP/1.1", b"GET /y HTTP/1.0", b"POST /x HTTP/1.1", b"GET  /x HTTP/1.1", b"X: y"]
)


def outcome(reader: HeadReader, sent: bytes) -> object:
    try:
        ours = reader.read(sent)
    except BadHead as bad:
        return bad.status
    return ours, reader.method, reader.target, reader.host, reader.headers, reader.keep_alive, reader.old


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(FIRST, st.lists(PIECES, max_size=6)), min_size=2, max_size=6))
def test_heads_of_one_essence_are_read_alike_by_the_parser(sent: list[tuple[bytes, list[bytes]]]) -> None:
    """Also when the memory of lines holds whatever came before."""
    essence, seen = Essence(), dict[bytes, object]()
    for first, lines in sent:
        one = made(*lines, first=first)
        if one.find(b"\r\n\r\n") != len(one) - 4:
            continue  # the lane would have cut it there
        key = essence.of(one)
        if key is not None:
            assert seen.setdefault(key, outcome(HeadReader(), one)) == outcome(HeadReader(), one)


# ── on the wire


def ask(visitor: Http1, *fields: tuple[bytes, bytes], target: bytes = b"/", host: bytes = SITE) -> Answer:
    visitor.send(head(b"GET", target, list(fields), host))
    return visitor.read()


def known(plane: Plane) -> int:
    return len(plane.door.known[False]._new)


def test_other_visitors_get_what_was_prepared_for_the_first(tmp_path: Path) -> None:
    with running() as plane, Http1(plane.port) as visitor:
        plane.put("site.localhost", release(tmp_path, {"index.html": b"home", "gone.html": b"x"}))
        answers = [ask(visitor, (b"User-Agent", b"%d" % n), (b"Cookie", b"a=%d" % n)) for n in range(4)]
        before = known(plane)
        answers += [ask(visitor, (b"User-Agent", b"%d" % n)) for n in range(4, 8)]
        counted = dict(plane.counters.sites())["site"].requests
        plane.put("site.localhost", release(tmp_path, {"index.html": b"new"}))
        after = ask(visitor, (b"User-Agent", b"9"))

    assert {answer.body for answer in answers} == {b"home"}
    assert known(plane) == before > 0
    assert after.body == b"new"
    assert counted == 8


@pytest.mark.parametrize(
    ("files", "options"),
    [
        ({"_redirects": "/ /fr 302! Language=fr", "fr.html": "fr"}, {}),
        ({"_redirects": "/ /fr 302! Cookie=seen", "fr.html": "fr"}, {}),
        ({}, {"spa": True}),
    ],
)
def test_where_visitors_matter_each_is_asked_for_anew(
    tmp_path: Path, files: dict[str, str], options: dict[str, Any]
) -> None:
    with running() as plane, Http1(plane.port) as visitor:
        plane.put("site.localhost", ruled(tmp_path, {"index.html": "home", **files}, **options))
        for n in range(6):
            ask(visitor, (b"X", b"%d" % n))
            ask(visitor, (b"X", b"%d" % n), (b"Sec-Fetch-Mode", b"cors"), target=b"/deep")
        asked = [ask(visitor, (b"Accept-Language", b"fr"), (b"Cookie", b"seen=1")).status]
        asked.append(ask(visitor, (b"Sec-Fetch-Mode", b"navigate"), target=b"/deep").status)

    assert asked == ([302, 404] if files else [200, 200])
    assert known(plane) == 0

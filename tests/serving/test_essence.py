"""What is left of a head decides its answer: nothing else may, and what is not sound is never taken for what is."""

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.serving import essence as essence_module
from appliance.serving.essence import Essence
from appliance.serving.heads import BadHead, HeadReader
from appliance.serving.limits import DoorLimits
from tests.serving.lanes import Plane, Wiring, release, running
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


def slimming(*names: bytes) -> Essence:
    """An essence that has learned that lines of these names change."""
    essence = Essence()
    for number in range(essence_module._LINES):
        essence.of(made(b"Host: h", *(b"%b: %d" % (name, number) for name in names)))
    return essence


def test_names_whose_values_change_are_cut_out_unseen() -> None:
    essence = slimming(b"Cookie", b"X-Request")
    left = made(b"Host: h", b"Accept-Encoding: br", b"cookie: as it was not spelled", b"X: y")

    sent = made(
        b"Host: h", b"X-Request: 7", b"Accept-Encoding: br", b"cookie: as it was not spelled", b"X: y", b"Cookie:"
    )

    assert essence.slim(sent) == left
    assert essence.slim(left) is left


@pytest.mark.parametrize(
    "sent",
    [
        made(b"Host: h", first=b"Cookie: x"),  # a request line, were it one
        b"\r\n" + made(b"Host: h", first=b"Cookie: x"),
        b"\r\nCookie: x" + made(b"Host: h"),
        made(b"Host: h") + made(first=b"Cookie: x"),  # behind the end of a head
        made(b"Host: h", b"Cookie: a\nb"),
        made(b"Host: h", b"Cookie: a\x00"),
        made(b"Host: h", b"Cookie: a\rb"),
        made(b"Host: h", b"Cookie : a"),
        made(b"Host: h", b" Cookie: a"),
        made(b"Host: h", b"XCookie: a"),
        made(b"Host: h", b"Cookie2: a"),
        made(b"Host: h")[:-4] + b"\r\nCookie: a",  # that may go on
        made(b"Host: h", b"Cookie: a")[:-3],
        made(b"Host: h", b"Cookie: " + b"a" * essence_module._LONGEST_HEAD),
    ],
)
def test_what_is_not_a_sound_line_within_a_head_is_left_in(sent: bytes) -> None:
    assert slimming(b"Cookie").slim(sent) is sent


def test_a_head_that_is_too_long_is_not_made_shorter() -> None:
    essence = Essence(limit=200)
    for number in range(essence_module._LINES):
        essence.of(made(b"X: %d" % number))
    sent = made(b"X: y", b"Y: " + b"y" * 150)

    assert len(essence.slim(sent)) < len(sent) <= 200
    assert essence.slim(sent[:-4] + made(first=b"y" * 50)).startswith(sent[:-4])


def test_few_names_are_cut_out_and_those_learned_first_make_room_for_others() -> None:
    essence, names = Essence(), [b"X-%d" % number for number in range(9)]
    for name in names:
        for number in range(essence_module._LINES):
            essence.of(made(b"%b: %d" % (name, number)))

    assert essence._changing == tuple(reversed(names[-essence_module._CHANGING :]))
    assert not essence._new


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


NAMES = [b"Cookie", b"X", b"Y"]
CUT = st.builds(
    lambda name, value: name + b":" + value, st.sampled_from(NAMES), st.sampled_from([b"", b" a", b"b\n", b"\x00"])
)
SENT = st.lists(st.one_of(st.sampled_from([*SOUND, *MEANS_MORE, b"", LINE]), CUT, PIECES), max_size=8)


@settings(max_examples=120, deadline=None)
@given(st.lists(SENT, min_size=2, max_size=6), st.data())
def test_what_is_left_of_a_head_is_left_of_those_of_its_essence_only(
    sent: list[list[bytes]], data: st.DataObject
) -> None:
    """Whatever is sent: more than a head, less, or none; with the lines that change put in anywhere."""
    essence, known = SLIMMING, dict[bytes, bytes]()
    for lines in sent:
        one = made(*lines)
        lean = essence.of(one) if one.find(b"\r\n\r\n") == len(one) - 4 else None
        if lean is not None:
            known[essence.slim(one)] = lean
    for lines in sent:
        put = data.draw(st.lists(st.tuples(st.integers(0, 9), CUT), max_size=3))
        for place, line in put:
            lines.insert(place, line)
        other = data.draw(st.sampled_from([b"", b"\r\n"])) + b"\r\n".join([LINE, *lines]) + data.draw(ENDS)
        lean = known.get(essence.slim(other))
        if lean is not None:
            assert other.find(b"\r\n\r\n") == len(other) - 4
            assert essence.of(other) == lean


ENDS = st.sampled_from([b"\r\n\r\n", b"\r\n", b"", b"\r\n\r\n\r\n", b"\r\n\r\nX: y\r\n\r\n", b"\r\n\r\nX: y"])
SLIMMING = slimming(*NAMES)


# ── on the wire


def ask(visitor: Http1, *fields: tuple[bytes, bytes], target: bytes = b"/", host: bytes = SITE) -> Answer:
    visitor.send(head(b"GET", target, list(fields), host))
    return visitor.read()


def known(plane: Plane) -> int:
    return len(plane.door.memory[False])


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


@pytest.fixture
def quick_learner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight lines of a name are enough to learn that they change."""
    monkeypatch.setattr(essence_module, "_LINES", 8)


@pytest.mark.usefixtures("quick_learner")
def test_heads_that_never_come_again_get_what_the_others_got(tmp_path: Path) -> None:
    with running() as plane, Http1(plane.port) as visitor:
        plane.put("site.localhost", release(tmp_path, {"index.html": b"home"}))
        answers = [ask(visitor, (b"X-Request", b"%d" % n)) for n in range(30)]
        heads = [ask(visitor, (b"X-Request", b"%d" % n), target=b"/none").status for n in range(30)]
        ready = plane.door.memory[False].ready
        found = ready.find(head(b"GET", b"/none", [(b"X-Request", b"new")], SITE), plane.table.version)
        counted = dict(plane.counters.sites())["site"]
        plane.put("site.localhost", release(tmp_path, {"index.html": b"new"}))
        after = ask(visitor, (b"X-Request", b"31"))

    assert {answer.body for answer in answers} == {b"home"}
    assert heads == [404] * 30
    assert found is None or found.times > 0
    assert plane.door.memory[False]._essence._changing == (b"X-Request",)
    assert (counted.requests, counted.missed) == (60, {"/none": 30})
    assert after.body == b"new"


@pytest.mark.usefixtures("quick_learner")
def test_a_head_without_what_changes_is_not_answered_as_another_site_would(tmp_path: Path) -> None:
    """What is left of one head is the whole of another, whose answer depends on what it has not."""
    rules = {"_redirects": "/ /fr 302! Cookie=seen", "index.html": "home", "fr.html": "fr"}
    with running() as plane, Http1(plane.port) as visitor:
        plane.put("site.localhost", release(tmp_path, {"index.html": b"home"}))
        plane.put("ruled.localhost", ruled(tmp_path, rules))
        for n in range(20):
            ask(visitor, (b"Cookie", b"a=%d" % n))
            assert ask(visitor, host=b"ruled.localhost").status == 200

        asked = ask(visitor, (b"Cookie", b"seen=1"), host=b"ruled.localhost")

    assert asked.status == 302


def test_a_head_that_is_cut_where_its_essence_ends_is_waited_for(tmp_path: Path) -> None:
    with running() as plane, Http1(plane.port) as visitor:
        plane.put("site.localhost", release(tmp_path, {"index.html": b"home"}))
        for n in range(4):
            ask(visitor, (b"X", b"%d" % n))
        for n in range(4):
            sent = head(b"GET", b"/", [(b"X", b"%d" % n)])
            visitor.send(sent[: sent.index(b"\r\nX")])
            time.sleep(0.05)  # long enough for the server to have read it by itself, as a rule
            visitor.send(sent[sent.index(b"\r\nX") :])

            assert visitor.read().status == 200


@pytest.mark.usefixtures("quick_learner")
def test_a_head_past_the_limit_is_refused_whatever_is_left_of_it(tmp_path: Path) -> None:
    with running(Wiring(DoorLimits(head=1_000))) as plane, Http1(plane.port) as visitor:
        plane.put("site.localhost", release(tmp_path, {"index.html": b"home"}))
        for n in range(20):
            assert ask(visitor, (b"X", b"%d" % n)).status == 200

        assert ask(visitor, (b"X", b"y" * 1_000)).status == 431


@pytest.mark.usefixtures("quick_learner")
def test_who_says_that_they_leave_is_answered_and_left(tmp_path: Path) -> None:
    with running() as plane:
        plane.put("site.localhost", release(tmp_path, {"index.html": b"home"}))
        for n in range(20):
            with Http1(plane.port) as visitor:
                assert ask(visitor, (b"X", b"%d" % (n // 2)), (b"Connection", b"close")).body == b"home"
                assert visitor.at_end()

    assert dict(plane.counters.sites())["site"].requests == 20

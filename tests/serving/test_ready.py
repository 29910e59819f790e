"""Answers that are ready: as good as any other, for a second, within bounds."""

import time
from pathlib import Path

import pytest

from appliance.serving.counters import Counters
from appliance.serving.known import Prepared
from appliance.serving.limits import DoorLimits
from appliance.serving.ready import Ready
from tests.serving.lanes import Wiring, release, running
from tests.serving.visitors import Http1, head

NOW = 784_111_777
VERSION = 7


def prepared(*, version: int = VERSION, status: int = 200) -> Prepared:
    return Prepared("site", b"/x", status, 5, b"head", b"\r\n", None, True, version, NOW + 5, b"date", b"front")


def as_it_is(head: bytes) -> bytes:
    return head


@pytest.fixture
def counters(monkeypatch: pytest.MonkeyPatch) -> Counters:
    """Those of the moment NOW, which stands still."""
    monkeypatch.setattr("appliance.serving.ready.time.time", lambda: NOW + 0.5)
    return Counters()


def test_an_answer_is_ready_for_its_second_and_its_version(counters: Counters, monkeypatch: pytest.MonkeyPatch) -> None:
    ready = Ready(counters, as_it_is)
    ready.put(b"head", prepared(), b"whole", NOW)

    found = ready.find(b"head", VERSION)
    assert found is not None
    assert found.whole == b"whole"
    assert ready.find(b"other", VERSION) is None
    assert ready.find(b"head", VERSION + 1) is None
    for moment in (NOW - 0.1, NOW + 1.0):
        monkeypatch.setattr("appliance.serving.ready.time.time", lambda moment=moment: moment)
        assert ready.find(b"head", VERSION) is None


@pytest.mark.parametrize(("second", "version"), [(NOW + 1, VERSION), (NOW, VERSION + 1)])
def test_the_answers_of_another_second_or_version_are_forgotten(counters: Counters, second: int, version: int) -> None:
    ready = Ready(counters, as_it_is)
    ready.put(b"old", prepared(), b"whole", NOW)
    ready.put(b"new", prepared(version=version), b"whole", second)
    ready.put(b"newest", prepared(), b"whole", NOW)

    assert ready.find(b"old", VERSION) is None
    assert ready.find(b"newest", VERSION) is not None


def test_what_is_ready_is_bounded(counters: Counters) -> None:
    ready = Ready(counters, as_it_is, max_bytes=10_000)
    for number in range(100):
        ready.put(b"%d" % number, prepared(), bytes(1000), NOW)

    assert 0 < sum(ready.find(b"%d" % number, VERSION) is not None for number in range(100)) <= 10


def test_what_is_ready_for_what_is_left_of_heads_is_not_ready_for_a_whole_one(counters: Counters) -> None:
    """They may be the same bytes, and the whole one another's, whose answer depends on all of it."""
    ready = Ready(counters, lambda head: head.removesuffix(b" and more"))
    ready.put(b"head", prepared(), b"whole", NOW)
    assert ready.find(b"head and more", VERSION) is None

    ready.put(b"other", prepared(), b"whole", NOW, slim=True)

    assert ready.find(b"other and more", VERSION) is not None
    ready.put(b"head", prepared(), b"whole", NOW + 1)
    assert not ready._by_slim


def test_what_went_out_is_counted_once_whoever_looks_and_however_often(counters: Counters) -> None:
    ready, known = Ready(counters, as_it_is), prepared()
    for name in (b"one", b"another"):  # visitors whose heads have the same answer
        ready.put(name, known, b"whole", NOW)

    for times in (1, 2, 3):
        known.times += 1
        assert counters.traffic("site").requests == times
        assert counters.snapshot().requests["site", "2xx"] == times
    ready.put(b"one", known, b"whole", NOW + 1)
    known.times += 1

    assert counters.state() == (4, 1)
    assert counters.kept("site") is not None
    assert counters.take().sites["site"].sent == 4 * 5
    assert counters.traffic("site").requests == 0


def test_what_one_door_forgets_leaves_what_another_counts(counters: Counters) -> None:
    plain, secure, known = Ready(counters, as_it_is), Ready(counters, as_it_is), prepared()
    plain.put(b"head", known, b"whole", NOW)
    secure.put(b"head", prepared(), b"whole", NOW)
    secure.put(b"head", prepared(version=VERSION + 1), b"whole", NOW)

    known.times += 1  # plain has it still

    assert counters.traffic("site").requests == 1


def test_a_site_that_is_forgotten_takes_what_was_not_added_up_with_it(counters: Counters) -> None:
    ready, known = Ready(counters, as_it_is), prepared(status=404)
    ready.put(b"head", known, b"whole", NOW)
    known.times += 3
    assert counters.traffic("site").missed == {"/x": 3}

    known.times += 1
    counters.forget("site")

    assert counters.names() == []


def test_a_connection_that_asks_for_the_same_again_is_not_idle(tmp_path: Path) -> None:
    with running(Wiring(DoorLimits(keep_alive_seconds=1.5))) as plane:
        plane.put("site.localhost", release(tmp_path, {"a.txt": b"a"}))
        with Http1(plane.port) as visitor:
            until = time.monotonic() + 4
            while time.monotonic() < until:
                assert visitor.get(b"/a.txt").body == b"a"
                time.sleep(0.02)
            visitor.socket.settimeout(30)

            assert visitor.at_end()  # and now it is


def test_a_head_that_is_begun_after_ready_answers_has_its_own_time(tmp_path: Path) -> None:
    with running(Wiring(DoorLimits(head_seconds=0.5, keep_alive_seconds=600))) as plane:
        plane.put("site.localhost", release(tmp_path, {"a.txt": b"a"}))
        with Http1(plane.port) as visitor:
            for _ in range(5):
                visitor.get(b"/a.txt")
            visitor.send(b"GET /a.txt HTTP/1.1\r\n")
            visitor.socket.settimeout(30)

            assert visitor.read().status == 408


def test_a_ready_answer_after_half_a_head_is_not_taken_for_the_rest_of_it(tmp_path: Path) -> None:
    again = head(b"GET", b"/a.txt", [])
    with running() as plane:
        plane.put("site.localhost", release(tmp_path, {"a.txt": b"a"}))
        with Http1(plane.port) as visitor:
            for _ in range(5):
                visitor.get(b"/a.txt")
            visitor.send(b"POST /a.txt HTTP/1.1\r\nHost: site.localhost\r\nX: ")
            time.sleep(0.05)
            visitor.send(again)

            assert visitor.read().status == 400  # one request, with two hosts

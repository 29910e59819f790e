"""Heads that come again: the same answer, for as long as nothing has changed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.serving import known as known_module
from appliance.serving.known import KnownHeads, Prepared
from tests.serving.lanes import Plane, Wiring, release, running
from tests.serving.visitors import Answer, Http1, head

FILES = {"short.txt": b"short", "small.txt": b"s" * 20_000, "medium.bin": b"m" * 500_000, "404.html": b"not here"}
TARGETS = (b"/short.txt", b"/small.txt", b"/medium.bin", b"/nothing")


@pytest.fixture
def plane(tmp_path: Path) -> Iterator[Plane]:
    with running() as plane:
        plane.put("site.localhost", release(tmp_path, FILES))
        yield plane


def prepared(front: bytes = b"front") -> Prepared:
    return Prepared("site", b"/", 200, 0, b"head", b"\r\n", None, True, 1, 0, b"date", front)


def same(answers: list[Answer]) -> bool:
    return all(answer.comparable == answers[0].comparable for answer in answers)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
def test_a_head_that_comes_again_gets_the_same_answer(plane: Plane, method: bytes, target: bytes) -> None:
    with Http1(plane.port) as visitor, Http1(plane.port) as other:
        answers = [asker.get(target, method=method) for asker in (visitor, visitor, visitor, other, other)]

    assert same(answers)


def test_a_head_that_comes_again_in_two_parts_gets_the_same_answer(plane: Plane) -> None:
    with Http1(plane.port) as visitor:
        answers = [visitor.get(b"/short.txt") for _ in range(2)]
        for part in (head(b"GET", b"/short.txt", [])[:20], head(b"GET", b"/short.txt", [])[20:]):
            visitor.send(part)
        answers.append(visitor.read())

    assert same(answers)


def test_what_is_published_is_seen_by_heads_that_came_before(plane: Plane, tmp_path: Path) -> None:
    with Http1(plane.port) as visitor:
        assert visitor.get(b"/short.txt").body == b"short"
        assert visitor.get(b"/short.txt").body == b"short"

        plane.put("site.localhost", release(tmp_path, {"short.txt": b"newer"}))

        assert visitor.get(b"/short.txt").body == b"newer"


def test_a_repeated_head_is_counted_as_any_other(plane: Plane) -> None:
    with Http1(plane.port) as visitor:
        for _ in range(5):
            visitor.get(b"/medium.bin")
            visitor.get(b"/nothing")

    traffic = plane.counters.traffic("site")
    assert (traffic.requests, traffic.statuses["2xx"], traffic.missed) == (10, 5, {"/nothing": 5})
    assert traffic.bytes_sent == 5 * (500_000 + len(b"not here"))


def test_the_wish_to_close_is_part_of_the_head(plane: Plane) -> None:
    for _ in range(3):
        with Http1(plane.port) as visitor:
            assert visitor.get(b"/short.txt", (b"Connection", b"close")).closes
            assert visitor.at_end()


@pytest.mark.parametrize("target", TARGETS)
def test_the_date_goes_on(plane: Plane, monkeypatch: pytest.MonkeyPatch, target: bytes) -> None:
    with Http1(plane.port) as visitor:
        for second in range(784_111_777, 784_111_790):
            monkeypatch.setattr("appliance.serving.http_date.time.time", lambda second=second: float(second))
            answers = [visitor.get(target) for _ in range(2)]

            assert {answer.headers["date"] for answer in answers} == {
                f"Sun, 06 Nov 1994 08:49:{second - 784_111_740:02d} GMT"
            }


def test_previews_are_looked_up_each_time(plane: Plane, tmp_path: Path) -> None:
    plane.put("preview.localhost", release(tmp_path, FILES, preview=True))

    with Http1(plane.port) as visitor:
        answers = [visitor.get(b"/short.txt", host=b"preview.localhost") for _ in range(3)]

    assert same(answers)
    assert len(plane.door.memory[False]) == 0


def test_a_body_that_has_left_the_memory_is_read_again(tmp_path: Path) -> None:
    with running(Wiring(kept_bytes=30_000)) as plane:
        files = {"a.txt": b"a" * 20_000, "b.txt": b"b" * 20_000}
        plane.put("site.localhost", release(tmp_path, files))
        with Http1(plane.port) as visitor:
            bodies = [visitor.get(target).body for target in (b"/a.txt", b"/b.txt") * 4]

    assert bodies == list(files.values()) * 4


def keep(heads: KnownHeads, head: bytes, answer: Prepared) -> None:
    for _ in range(2):
        heads.keep(head, answer)


def test_a_head_is_kept_when_it_comes_for_the_second_time() -> None:
    heads = KnownHeads()

    heads.keep(b"head", prepared())
    assert heads.find(b"head") is None

    heads.keep(b"head", prepared())
    assert heads.find(b"head") is not None


def test_what_does_not_come_again_is_forgotten() -> None:
    heads = KnownHeads(max_bytes=10_000)
    keep(heads, b"rare", prepared())
    for number in range(100):
        keep(heads, b"%d" % number, prepared())
        assert heads.find(b"0") is not None

    assert heads.find(b"rare") is None


def test_what_is_kept_is_bounded() -> None:
    heads = KnownHeads(max_bytes=10_000)

    for number in range(1000):
        keep(heads, b"%d" % number, prepared(b"x" * 100))

    assert sum(heads.find(b"%d" % number) is not None for number in range(1000)) <= 2 * 10_000 // 600


def test_an_answer_may_be_renewed_any_number_of_times() -> None:
    heads = KnownHeads(max_bytes=10_000)
    keep(heads, b"other", prepared())

    for _ in range(1000):
        heads.keep(b"head", prepared())

    assert heads.find(b"other") is not None


def test_long_heads_are_not_kept() -> None:
    heads = KnownHeads()
    long = b"x" * (known_module._LONGEST_HEAD + 1)

    keep(heads, long, prepared())

    assert heads.find(long) is None

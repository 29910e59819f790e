"""Large files, slow readers, broken storage, and the end of it all."""

import asyncio
import hashlib
import os
import resource
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import uvloop

from appliance.front_door import DoorLimits, FrontDoor
from appliance.handed_over import Hypercorn
from appliance.serving import bodies as bodies_module
from appliance.serving.bodies import PIECE, SMALL, Bodies, MissingBlob
from appliance.serving.counters import Counters
from appliance.serving.replies import FilePart
from appliance.serving.slow_lane import Receive, Scope, Send
from appliance.serving.table import Table
from tests.serving.lanes import ADMIN, LANES, Lane, Plane, Wiring, release, running, wait_until
from tests.serving.visitors import HandedOver, Http1, Http2, head

HUGE = os.urandom(1 << 20) * 24  # past every buffer between here and there
FILES = {"huge.bin": HUGE, "a.txt": b"a", "b.txt": b"b" * SMALL}


@pytest.fixture(params=[uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
def wiring(request: pytest.FixtureRequest) -> Wiring:
    return Wiring(loop=request.param, kept_bytes=SMALL)


@pytest.fixture
def plane(tmp_path: Path, wiring: Wiring) -> Iterator[Plane]:
    with running(wiring) as plane:
        plane.put("site.localhost", release(tmp_path, FILES))
        yield plane


@pytest.fixture
def impatient(tmp_path: Path, wiring: Wiring) -> Iterator[Plane]:
    limits = DoorLimits(stall_seconds=1.0, keep_alive_seconds=1.0)
    with running(replace(wiring, limits=limits, stall_seconds=1.0)) as plane:
        plane.put("site.localhost", release(tmp_path, FILES))
        yield plane


def blob_of(plane: Plane, name: str) -> Path:
    served = plane.table.find("site.localhost")
    assert served is not None
    return served.blob_path(served.entries[name].sha256)


@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
def test_a_huge_file_arrives_whole_and_others_are_served_meanwhile(plane: Plane, lane: Lane) -> None:
    with lane(plane.port) as visitor, Http1(plane.port) as other:
        got = []
        thread = threading.Thread(target=lambda: got.append(visitor.get(b"/huge.bin").body))
        thread.start()
        while thread.is_alive():
            assert other.get(b"/a.txt").body == b"a"
            time.sleep(0.005)
        thread.join()

    assert got[0] == HUGE


@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
def test_a_reader_that_never_reads_costs_little_and_is_cut(impatient: Plane, lane: Lane) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    visitors = [lane(impatient.port) for _ in range(6)]
    try:
        for visitor in visitors:
            for _ in range(3):
                visitor.ask(b"GET", b"/huge.bin", [])
        counters = impatient.counters
        wait_until(lambda: counters.accepted == len(visitors) and not counters.opened, seconds=20)

        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert grown < 60 * 1024  # KB; the files would be 432 MB
    finally:
        for visitor in visitors:
            visitor.socket.close()


def test_a_slow_reader_that_goes_on_reading_is_served_to_the_end(impatient: Plane) -> None:
    with Http1(impatient.port) as visitor:
        visitor.ask(b"GET", b"/huge.bin", [])
        visitor.ask(b"GET", b"/a.txt", [])
        started = time.monotonic()
        while time.monotonic() - started < 1.5:  # for longer than a stall may last
            visitor.buffer += visitor.socket.recv(1 << 17)
            time.sleep(0.02)

        assert visitor.read().body == HUGE
        assert visitor.read().body == b"a"


def test_many_unread_small_replies_stop_the_lane_and_not_the_loop(plane: Plane) -> None:
    with Http1(plane.port) as greedy, Http1(plane.port) as other:
        requests = head(b"GET", b"/b.txt", []) * 400
        sender = threading.Thread(target=greedy.send, args=(requests,))
        sender.start()
        assert other.get(b"/a.txt").body == b"a"

        assert all(greedy.read().body == b"b" * SMALL for _ in range(400))
        sender.join()


def test_a_visitor_who_leaves_in_the_middle_is_forgotten(plane: Plane) -> None:
    for lane in (Http1, HandedOver, Http2):
        with lane(plane.port) as visitor:
            visitor.ask(b"GET", b"/huge.bin", [])
            visitor.socket.recv(1000)

    wait_until(lambda: not plane.counters.opened)


def test_a_client_that_has_said_everything_still_gets_its_answers(plane: Plane) -> None:
    with Http1(plane.port) as visitor:
        visitor.send(head(b"GET", b"/a.txt", []) + head(b"GET", b"/huge.bin", []) + head(b"GET", b"/a.txt", []))
        visitor.socket.shutdown(socket.SHUT_WR)

        assert [len(visitor.read().body) for _ in range(3)] == [1, len(HUGE), 1]
        assert visitor.at_end()


@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
@pytest.mark.parametrize("name", ["a.txt", "huge.bin"])
def test_a_missing_blob_is_a_500_told_of_once(plane: Plane, lane: Lane, name: str) -> None:
    blob_of(plane, name).unlink()

    with lane(plane.port) as visitor:
        answers = [visitor.get(b"/" + name.encode()) for _ in range(2)]

    assert [answer.status for answer in answers] == [500, 500]
    assert answers[0].headers["cache-control"] == "no-store"
    assert b"Something broke on our side" in answers[0].body
    assert plane.lost == [str(blob_of(plane, name))]


@pytest.mark.parametrize("lane", [Http1, HandedOver])
def test_a_blob_that_breaks_off_ends_the_connection_early(plane: Plane, lane: Lane) -> None:
    blob = blob_of(plane, "huge.bin")
    os.truncate(blob, len(HUGE) // 2)

    with lane(plane.port) as visitor, pytest.raises((EOFError, ConnectionError)):
        visitor.get(b"/huge.bin")

    assert plane.lost == [str(blob)]


def test_a_small_blob_of_the_wrong_size_is_not_served(plane: Plane) -> None:
    blob_of(plane, "a.txt").write_bytes(b"aa")

    with Http1(plane.port) as visitor:
        assert visitor.get(b"/a.txt").status == 500


async def collect(bodies: Bodies, part: FilePart) -> bytes:
    return b"".join([piece async for piece in bodies.pieces(part)])


@pytest.fixture
def bodies() -> Iterator[Bodies]:
    kept = Bodies(100_000)
    yield kept
    kept.close()


async def test_small_files_are_kept_up_to_a_bound_the_oldest_go_first(tmp_path: Path, bodies: Bodies) -> None:
    parts = []
    for name in "abc":
        (tmp_path / name).write_bytes(name.encode() * 40_000)
        parts.append(FilePart(str(tmp_path / name), 0, 40_000, 40_000))
    for part in parts[:2]:
        await collect(bodies, part)
    assert bodies.get(parts[0]) is not None

    await collect(bodies, parts[2])

    assert [bodies.get(part) is not None for part in parts] == [True, False, True]
    assert bodies.kept_bytes == 80_000


async def test_a_part_of_a_small_file_is_cut_from_the_whole(tmp_path: Path, bodies: Bodies) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")
    part = FilePart(str(tmp_path / "a"), 3, 4, 10)

    assert await collect(bodies, part) == b"3456"
    assert bodies.get(part) == b"3456"


@pytest.mark.parametrize("no_wait", [True, False])
async def test_a_part_of_a_large_file_is_read_in_pieces(
    tmp_path: Path, bodies: Bodies, monkeypatch: pytest.MonkeyPatch, no_wait: bool
) -> None:
    if not no_wait:
        monkeypatch.setattr(bodies_module, "_NO_WAIT", 0)
    content = os.urandom(PIECE * 3)
    (tmp_path / "a").write_bytes(content)

    assert (
        await collect(bodies, FilePart(str(tmp_path / "a"), 5, PIECE * 2 + 7, len(content)))
        == content[5 : PIECE * 2 + 12]
    )


@pytest.mark.skipif(not hasattr(os, "RWF_NOWAIT"), reason="only Linux can read without waiting")
async def test_what_is_not_in_the_page_cache_is_waited_for_in_a_thread_alone(
    tmp_path: Path, bodies: Bodies, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, waits, flags = threading.get_ident(), list[int](), set[int]()
    pread, preadv = os.pread, os.preadv

    def may_wait(descriptor: int, length: int, offset: int) -> bytes:
        waits.append(threading.get_ident())
        return pread(descriptor, length, offset)

    def cold(descriptor: int, buffers: list[bytearray], offset: int, flag: int = 0) -> int:
        flags.add(flag)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)  # where the disk is memory, this does nothing
        return preadv(descriptor, buffers, offset, flag)

    monkeypatch.setattr(os, "pread", may_wait)
    monkeypatch.setattr(os, "preadv", cold)
    content = os.urandom(PIECE * 8)
    with (tmp_path / "a").open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())

    assert await collect(bodies, FilePart(str(tmp_path / "a"), 0, len(content), len(content))) == content
    assert here not in waits
    assert flags == {os.RWF_NOWAIT}


async def test_a_file_system_that_cannot_tell_is_read_in_threads(
    tmp_path: Path, bodies: Bodies, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(os, "preadv", refuse)
    (tmp_path / "a").write_bytes(bytes(PIECE * 2))

    assert await collect(bodies, FilePart(str(tmp_path / "a"), 0, PIECE * 2, PIECE * 2)) == bytes(PIECE * 2)


async def test_a_platform_without_pread_reads_all_the_same(
    tmp_path: Path, bodies: Bodies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "pread")
    monkeypatch.setattr(bodies_module, "_NO_WAIT", 0)
    content = os.urandom(PIECE * 2)
    (tmp_path / "a").write_bytes(content)

    assert await collect(bodies, FilePart(str(tmp_path / "a"), 9, PIECE, PIECE * 2)) == content[9 : PIECE + 9]


async def test_a_file_closed_before_it_was_read_is_missing(tmp_path: Path) -> None:
    file = bodies_module._OpenFile(str(tmp_path / "a"))
    file.close()

    with pytest.raises(OSError, match="closed"):
        file.read(0, 1)


async def test_a_blob_with_other_bytes_than_its_name_says_is_missing(tmp_path: Path, bodies: Bodies) -> None:
    right, wrong = (tmp_path / hashlib.sha256(content).hexdigest() for content in (b"right", b"wrong"))
    right.write_bytes(b"right")
    wrong.write_bytes(b"right")

    assert await collect(bodies, FilePart(str(right), 0, 5, 5)) == b"right"
    with pytest.raises(MissingBlob):
        await collect(bodies, FilePart(str(wrong), 0, 5, 5))


async def test_lost_blobs_are_told_of_within_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies_module, "_REPORTED", 2)
    lost = []
    bodies = Bodies(lost=lambda path, _: lost.append(path))
    for name in "aabbcc":
        with pytest.raises(MissingBlob):
            await collect(bodies, FilePart(str(tmp_path / name), 0, 1, 1))
    bodies.close()

    assert [path[-1] for path in lost] == ["a", "b"]


# --- the end


async def slow_admin(scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.sleep(float(scope["query_string"]))
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


def test_closing_finishes_what_is_asked_for_and_drops_what_is_idle(tmp_path: Path) -> None:
    with running(Wiring(admin=slow_admin)) as plane:
        plane.put("site.localhost", release(tmp_path, {"huge.bin": HUGE, "a.txt": b"a"}))
        reading, asking, halfway = (Http1(plane.port) for _ in range(3))
        idle, idle_slow, idle_two = Http1(plane.port), HandedOver(plane.port), Http2(plane.port)
        for visitor in (idle, idle_slow, idle_two, halfway):
            assert visitor.get(b"/a.txt").status == 200
        reading.send(head(b"GET", b"/huge.bin", []))
        assert reading.socket.recv(1, socket.MSG_PEEK)
        asking.send(head(b"GET", b"/?0.3", [], ADMIN.encode()))
        halfway.send(head(b"GET", b"/a.txt", [])[:10])
        time.sleep(0.1)

        closed = plane.start(plane.door.close(5))
        assert idle.at_end()
        assert idle_slow.at_end()
        halfway.send(head(b"GET", b"/a.txt", [])[10:])
        last = halfway.read()
        assert (last.body, last.closes) == (b"a", True)
        assert asking.read().body == b"ok"
        assert reading.read().body == HUGE
        closed()

        with pytest.raises(ConnectionError):
            Http1(plane.port)
        assert plane.counters.opened == 0
        for visitor in (reading, asking, halfway, idle, idle_slow, idle_two):
            visitor.socket.close()


def test_closing_cuts_what_takes_longer_than_the_grace(tmp_path: Path) -> None:
    with running(Wiring(admin=slow_admin)) as plane:
        plane.put("site.localhost", release(tmp_path, {"huge.bin": HUGE}))
        reading, asking = Http1(plane.port), Http1(plane.port)
        reading.send(head(b"GET", b"/huge.bin", []))
        asking.send(head(b"GET", b"/?60", [], ADMIN.encode()))
        assert reading.socket.recv(1)
        time.sleep(0.1)

        started = time.monotonic()
        plane.call(plane.door.close(0.2))

        assert time.monotonic() - started < 2
        assert plane.counters.opened == 0
        for visitor in (reading, asking):
            visitor.socket.close()


async def test_closing_a_door_that_never_opened_is_nothing(bodies: Bodies) -> None:
    door = FrontDoor(table=Table(), behind=Hypercorn(slow_admin, DoorLimits()), bodies=bodies, counters=Counters())

    await door.close(1)

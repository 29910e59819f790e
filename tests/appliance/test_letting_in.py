"""Letting connections in: whoever is answered at the door gets, counts and waits for the same as those inside."""

import os
import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from appliance.front_door import DoorLimits
from appliance.letting_in import Leaving
from appliance.proxies import Proxies
from appliance.serving.door import Door
from appliance.serving.fast_lane import FastLane
from appliance.serving.visitor import Asked, Reception
from appliance.units import networks
from tests.serving.lanes import Plane, Wiring, release, running, wait_until
from tests.serving.visitors import Http1, connect, head

BODY = os.urandom(16 * 1024)
CLOSE = (b"Connection", b"close")
ASK = head(b"GET", b"/a", [CLOSE])


@pytest.fixture
def lanes(monkeypatch: pytest.MonkeyPatch) -> list[FastLane]:
    """Those that were made."""
    made = list[FastLane]()

    class Noted(FastLane):
        __slots__ = ()

        def __init__(self, door: Door) -> None:
            super().__init__(door)
            made.append(self)

    monkeypatch.setattr("appliance.letting_in.FastLane", Noted)
    return made


@pytest.fixture
def plane(tmp_path: Path) -> Iterator[Plane]:
    yield from plane_of(tmp_path, Wiring())


def plane_of(folder: Path, wiring: Wiring) -> Iterator[Plane]:
    with running(wiring) as plane:
        plane.put("site.localhost", release(folder, {"a": BODY}))
        yield plane


def ask(plane: Plane, *headers: tuple[bytes, bytes]) -> bytes:
    with Http1(plane.port) as visitor:
        body = visitor.get(b"/a", *(headers or (CLOSE,))).body
        assert visitor.at_end()
    return body


def test_who_leaves_with_what_is_ready_needs_no_lane_and_is_counted(plane: Plane, lanes: list[FastLane]) -> None:
    for number in range(100):
        assert ask(plane) == BODY
        assert dict(plane.counters.sites())["site"].requests == number + 1

    assert len(lanes) < 100
    seen = plane.counters.snapshot()
    assert (seen.connections_accepted, seen.connections_open, seen.bytes_sent) == (100, 0, 100 * len(BODY))
    wait_until(lambda: not plane.door.crowd.addresses)


def test_another_deploy_is_seen_at_the_door(plane: Plane, tmp_path: Path) -> None:
    for number in range(10):
        body = b"%d" % number
        plane.put("site.localhost", release(tmp_path, {"a": body}))
        assert [ask(plane) for _ in range(6)] == [body] * 6


def test_what_a_client_does_not_take_at_once_is_sent_on(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
    write, left = os.write, list[int]()

    def take_little(descriptor: int, data: bytes) -> int:
        return write(descriptor, data[:1000] if len(data) > len(BODY) else data)

    class Noted(Leaving):
        __slots__ = ()

        def __init__(self, door: Door, rest: bytes) -> None:
            super().__init__(door, rest)
            left.append(len(rest))

    for _ in range(4):
        ask(plane)
    monkeypatch.setattr("os.write", take_little)
    monkeypatch.setattr("appliance.letting_in.Leaving", Noted)
    bodies = [ask(plane) for _ in range(20)]
    monkeypatch.undo()

    assert bodies == [BODY] * 20
    assert left
    wait_until(lambda: not plane.counters.opened)
    assert plane.counters.snapshot().connections_accepted == 24
    assert dict(plane.counters.sites())["site"].requests == 24


def test_the_crowd_is_counted_at_the_door_too(tmp_path: Path) -> None:
    for plane in plane_of(tmp_path, Wiring(DoorLimits(connections_per_address=1))):
        for _ in range(10):
            ask(plane)
            wait_until(partial(_is_empty, plane))
        with Http1(plane.port) as inside:
            assert inside.get(b"/a").status == 200
            for _ in range(3):
                with Http1(plane.port) as one_too_many:
                    one_too_many.send(ASK)
                    assert one_too_many.at_end()

        assert plane.counters.snapshot().connections_refused == 3


def _is_empty(plane: Plane) -> bool:
    return not plane.counters.opened


def test_who_has_gone_before_the_answer_costs_nobody_anything(plane: Plane) -> None:
    for _ in range(6):
        ask(plane)
    for _ in range(20):
        visitor = connect(plane.port)
        visitor.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        visitor.sendall(ASK)
        visitor.close()

    assert ask(plane) == BODY
    wait_until(lambda: not plane.counters.opened)


class Scribe:
    def __init__(self) -> None:
        self.notes = list[Asked]()

    def note(self, asked: Asked, status: int, sent: int) -> None:  # noqa: ARG002  (the protocol's signature)
        self.notes.append(asked)


def test_what_is_written_down_and_who_speaks_for_others_take_a_lane(tmp_path: Path, lanes: list[FastLane]) -> None:
    scribe = Scribe()
    for reception in (Reception(log=scribe), Reception(Proxies(networks("127.0.0.0/8")))):
        for plane in plane_of(tmp_path, Wiring(reception=reception)):
            assert [ask(plane) for _ in range(8)] == [BODY] * 8

    assert len(scribe.notes) == 8
    assert len(lanes) == 16

"""Long answers: what the socket takes goes at once, and what it does not take is not held in memory."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvloop

from appliance import front_door
from appliance.serving.bodies import MEDIUM, SMALL, Bodies
from appliance.serving.outlet import Outlet
from appliance.serving.replies import FilePart
from appliance.socket_transport import SocketTransport
from tests.serving.lanes import Plane, Wiring, release, running, wait_until
from tests.serving.visitors import Http1, head

FILES = {"medium.bin": b"m" * (SMALL + 1), "larger.bin": bytes(range(256)) * (MEDIUM // 256), "a.txt": b"a"}
Loop = Callable[[], asyncio.AbstractEventLoop]


@pytest.fixture(
    params=[(uvloop.new_event_loop, True), (asyncio.new_event_loop, True), (asyncio.new_event_loop, False)],
    ids=["uvloop", "asyncio", "through asyncio's transport"],
)
def plane(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plane]:
    loop, direct = request.param
    monkeypatch.setattr(front_door, "_DIRECT", direct)
    with running(Wiring(loop=loop)) as plane:
        plane.put("site.localhost", release(tmp_path, FILES))
        yield plane


@pytest.mark.parametrize("name", FILES)
def test_files_of_any_size_arrive_whole_each_time(plane: Plane, name: str) -> None:
    with Http1(plane.port) as visitor:
        for _ in range(4):
            assert visitor.get(b"/" + name.encode()).body == FILES[name]
        visitor.send(head(b"GET", b"/" + name.encode(), []) * 8 + head(b"GET", b"/a.txt", []))

        assert all(visitor.read().body == FILES[name] for _ in range(8))
        assert visitor.read().body == b"a"


def test_a_slow_reader_of_what_is_in_memory_gets_all_of_it(plane: Plane) -> None:
    with Http1(plane.port) as quick, Http1(plane.port) as slow:
        for _ in range(3):
            quick.get(b"/larger.bin")
        slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        slow.send(head(b"GET", b"/larger.bin", []) * 6)

        for _ in range(6):
            assert quick.get(b"/larger.bin").body == FILES["larger.bin"]
            assert slow.read().body == FILES["larger.bin"]


def test_a_reader_who_leaves_in_the_middle_is_forgotten(plane: Plane) -> None:
    for _ in range(6):
        with Http1(plane.port) as visitor:
            visitor.send(head(b"GET", b"/larger.bin", []) * 4)
            visitor.socket.recv(1000)

    wait_until(lambda: not plane.counters.opened)


class Wire(asyncio.Protocol):
    """A server's side of a connection that notes when it has to pause."""

    transport: asyncio.Transport
    paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def pause_writing(self) -> None:
        self.paused = True


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    listening = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listening.getsockname())
    server, _ = listening.accept()
    listening.close()
    yield client, server
    client.close()
    server.close()


def wired(end: socket.socket) -> Wire:
    end.setblocking(False)
    wire = Wire()
    SocketTransport(end.detach(), ("peer", 1), wire).begin()
    return wire


async def test_a_full_socket_leaves_a_little_with_the_transport(ends: tuple[socket.socket, socket.socket]) -> None:
    wire = wired(ends[1])
    outlet = Outlet(wire.transport)
    content = bytes(range(256)) * 65_536  # 16 MB, more than the kernel holds

    pushed = outlet.push(b"front", content)

    assert pushed < len(content)
    assert wire.transport.get_write_buffer_size() <= 16 * 1024
    assert wire.paused
    assert 32 * 1024 <= outlet.piece <= 256 * 1024
    received = b""
    while len(received) < pushed:
        received += await asyncio.to_thread(ends[0].recv, 1 << 20)
    assert received == (b"front" + content)[:pushed]
    wire.transport.abort()


async def test_what_the_transport_holds_goes_first(ends: tuple[socket.socket, socket.socket]) -> None:
    wire = wired(ends[1])
    outlet = Outlet(wire.transport)
    pushed = 0
    while not wire.paused:
        pushed += outlet.push(b"1" * 1_000_000)

    pushed += outlet.push(b"2" * 10, b"3" * 100_000)

    assert wire.transport.get_write_buffer_size() > 0
    received = b""
    while len(received) < pushed:
        received += await asyncio.to_thread(ends[0].recv, 1 << 20)
    assert received.lstrip(b"1").lstrip(b"2").strip(b"3") == b""
    assert received.count(b"2") == 10
    wire.transport.abort()


async def test_a_connection_that_is_closing_takes_nothing_more(ends: tuple[socket.socket, socket.socket]) -> None:
    wire = wired(ends[1])
    outlet = Outlet(wire.transport)
    wire.transport.close()

    assert outlet.push(b"x" * 100) == 100

    assert await asyncio.to_thread(ends[0].recv, 1000) == b""


async def test_a_connection_that_has_broken_is_cut(ends: tuple[socket.socket, socket.socket]) -> None:
    wire = wired(ends[1])
    outlet = Outlet(wire.transport)
    wire.transport.get_extra_info("socket").shutdown(socket.SHUT_WR)

    outlet.push(b"x" * 100)

    assert wire.transport.is_closing()


@pytest.fixture
def bodies() -> Iterator[Bodies]:
    kept = Bodies()
    yield kept
    kept.close()


def part_of(folder: Path, name: str, size: int) -> FilePart:
    (folder / name).write_bytes(b"x" * size)
    return FilePart(str(folder / name), 0, size, size)


async def read(bodies: Bodies, part: FilePart) -> None:
    assert sum([len(piece) async for piece in bodies.pieces(part)]) == part.length


@pytest.mark.parametrize(("size", "kept_after"), [(SMALL, 1), (SMALL + 1, 2), (MEDIUM, 2), (MEDIUM + 1, None)])
async def test_medium_files_are_kept_when_they_are_asked_for_again(
    tmp_path: Path, bodies: Bodies, size: int, kept_after: int | None
) -> None:
    part = part_of(tmp_path, "a", size)
    kept = []

    for _ in range(3):
        await read(bodies, part)
        kept.append(bodies.get(part) is not None)

    assert kept == [kept_after is not None and number >= kept_after for number in (1, 2, 3)]


async def test_many_who_ask_for_the_same_file_cause_one_read(tmp_path: Path, bodies: Bodies) -> None:
    part = part_of(tmp_path, "a", SMALL)

    await asyncio.gather(*(read(bodies, part) for _ in range(20)))

    assert bodies.kept_bytes == SMALL


async def test_what_was_asked_for_once_is_remembered_within_bounds(
    tmp_path: Path, bodies: Bodies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.serving.bodies._NOTICED", 3)
    for number in range(10):
        await read(bodies, part_of(tmp_path, str(number), SMALL + 1))

    assert len(bodies._noticed) <= 3

"""Bare sockets: what a transport promises, and how connections are taken off a queue."""

import asyncio
import errno
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from appliance.accepting import Accepting, Peer
from appliance.socket_transport import SocketTransport
from tests.appliance.wire import BIG, Wire, on_every_loop


@asynccontextmanager
async def connected(wire: Wire) -> AsyncIterator[socket.socket]:
    """A wire, and the client at its other end, which blocks."""
    listening = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listening.getsockname())
    client.settimeout(30)
    ours, peer = listening.accept()
    listening.close()
    ours.setblocking(False)
    SocketTransport(ours.detach(), peer, wire).begin()
    try:
        yield client
    finally:
        wire.transport.abort()
        client.close()
        await wire.until(lambda: wire.events[-1] in {"lost", "broken"})


@on_every_loop
async def test_what_is_sent_arrives_both_ways() -> None:
    wire = Wire()
    async with connected(wire) as client:
        wire.transport.write(b"he")
        wire.transport.writelines([b"l", b"lo"])
        wire.transport.writelines([b"!"] * 1500)
        answer = await asyncio.to_thread(client.recv, 1505, socket.MSG_WAITALL)
        await asyncio.to_thread(client.sendall, BIG)
        await wire.until(lambda: len(wire.received) == len(BIG))
        names = [wire.transport.get_extra_info(name) for name in ("peername", "sockname")]

    assert answer == b"hello" + b"!" * 1500
    assert wire.received == BIG
    assert names == [client.getsockname() if client.fileno() >= 0 else names[0], names[1]]


@on_every_loop
async def test_a_slow_reader_pauses_the_protocol_until_it_has_caught_up() -> None:
    wire = Wire()
    async with connected(wire) as client:
        while "paused" not in wire.events:
            wire.transport.writelines([BIG, BIG])
        held = wire.transport.get_write_buffer_size()
        wire.transport.close()
        received = await asyncio.to_thread(_read_all, client)
        await wire.until(lambda: wire.events[-1] == "lost")

    assert held > 64 * 1024
    assert len(received) % len(BIG) == 0
    assert received == BIG * (len(received) // len(BIG))
    assert wire.events == ["made", "paused", "resumed", "lost"]


@on_every_loop
async def test_the_last_word_goes_out_after_what_is_unsent() -> None:
    wire = Wire()
    wire.stays = True
    async with connected(wire) as client:
        wire.transport.write(BIG * 8)
        wire.transport.write_eof()
        wire.transport.write(b"too late")
        received = await asyncio.to_thread(_read_all, client)
        client.sendall(b"still here")
        await wire.until(lambda: wire.received)
        client.shutdown(socket.SHUT_WR)
        await wire.until(lambda: "eof" in wire.events)
        open_still = not wire.transport.is_closing()

    assert received == BIG * 8
    assert wire.received == b"still here"
    assert open_still


@on_every_loop
async def test_what_is_paused_is_not_read() -> None:
    wire = Wire()
    async with connected(wire) as client:
        wire.transport.pause_reading()
        client.sendall(b"hello")
        await asyncio.sleep(0.05)
        before = wire.received, wire.transport.is_reading()
        wire.transport.resume_reading()
        await wire.until(lambda: wire.received)

    assert before == (b"", False)
    assert wire.received == b"hello"


@on_every_loop
async def test_a_connection_that_breaks_is_lost_with_the_reason() -> None:
    wire = Wire()
    async with connected(wire) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        client.close()
        await wire.until(lambda: wire.events[-1] == "broken")


@on_every_loop
async def test_a_protocol_that_fails_loses_its_connection_and_nobody_elses() -> None:
    class Failing(Wire):
        def data_received(self, data: bytes) -> None:  # noqa: ARG002  (asyncio's signature)
            raise RuntimeError("on purpose")

    told = list[str]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(str(context["exception"])))
    failing, wire = Failing(), Wire()
    async with connected(failing) as first, connected(wire) as second:
        first.sendall(b"hello")
        second.sendall(b"hello")
        await failing.until(lambda: failing.events[-1] == "broken")
        await wire.until(lambda: wire.received)

    assert told == ["on purpose"]


@on_every_loop
async def test_every_connection_of_a_crowd_is_taken_until_the_end() -> None:
    welcomed, all_here = list[tuple[int, Peer]](), asyncio.Event()

    def welcome(descriptor: int, peer: Peer) -> None:
        welcomed.append((descriptor, peer))
        if len(welcomed) == 100:
            all_here.set()

    listening = socket.create_server(("127.0.0.1", 0), backlog=200)
    where = listening.getsockname()
    accepting = Accepting(listening, welcome)
    clients = [await asyncio.to_thread(socket.create_connection, where, 30) for _ in range(100)]
    await all_here.wait()
    accepting.close()
    accepting.close()

    with pytest.raises(OSError, match="refused"):
        await asyncio.to_thread(socket.create_connection, where, 30)
    assert {peer for _, peer in welcomed} == {client.getsockname() for client in clients}
    assert not any(os.get_blocking(descriptor) for descriptor, _ in welcomed)
    for client in clients:
        client.close()
    for descriptor, _ in welcomed:
        os.close(descriptor)


async def test_accepting_goes_on_when_there_are_descriptors_again(monkeypatch: pytest.MonkeyPatch) -> None:
    welcomed = asyncio.get_running_loop().create_future()

    class Exhausted(socket.socket):
        left = 1

        def _accept(self) -> tuple[int, Peer]:
            if self.left:
                self.left -= 1
                raise OSError(errno.EMFILE, "Too many open files")
            return super()._accept()  # type: ignore[misc, no-any-return]  # the socket module's own

    listening = Exhausted(socket.AF_INET, socket.SOCK_STREAM)
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    monkeypatch.setattr("appliance.accepting.NO_SOCKETS_SECONDS", 0.01)
    accepting = Accepting(listening, lambda descriptor, _: welcomed.set_result(descriptor))
    with socket.create_connection(listening.getsockname(), 30):
        os.close(await asyncio.wait_for(welcomed, 30))
    accepting.close()

    assert listening.left == 0


def _read_all(client: socket.socket) -> bytes:
    received = bytearray()
    while data := client.recv(1 << 20):
        received += data
    return bytes(received)

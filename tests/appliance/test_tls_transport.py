"""TLS straight on the socket: what a transport promises, against Python's own client."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from appliance import front_door
from appliance.tls_transport import SecureTransport
from tests.appliance.wire import BIG, Wire, manner, on_every_loop
from tests.authority import client_context
from tests.serving.lanes import release, running, wait_until
from tests.serving.visitors import TlsHttp1, TlsHttp2


@asynccontextmanager
async def connected(farewell: float = 5.0) -> AsyncIterator[tuple[Wire, ssl.SSLSocket]]:
    """A wire, and the client at its other end, which blocks."""
    ours, theirs = socket.socketpair()
    for one in (ours, theirs):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
    ours.setblocking(False)
    theirs.settimeout(30)
    wire = Wire()
    SecureTransport(ours.detach(), ("peer", 1), wire, manner(farewell)).begin()
    client = await asyncio.to_thread(client_context("http/1.1").wrap_socket, theirs, server_hostname="localhost")
    await wire.until(lambda: wire.events)
    try:
        yield wire, client
    finally:
        wire.transport.abort()
        client.close()
        await wire.until(lambda: wire.events[-1] in {"lost", "broken"})


@on_every_loop
async def test_what_is_sent_arrives_both_ways() -> None:
    async with connected() as (wire, client):
        wire.transport.write(b"hel")
        wire.transport.writelines([b"l", b"o"])
        answer = await asyncio.to_thread(client.recv, 3) + await asyncio.to_thread(client.recv, 3)
        await asyncio.to_thread(client.sendall, b"x" * 100_000)
        await wire.until(lambda: len(wire.received) == 100_000)

    assert answer == b"hello"


@on_every_loop
async def test_a_slow_reader_pauses_the_protocol_until_it_has_caught_up() -> None:
    async with connected() as (wire, client):
        wire.transport.write(BIG)
        wire.transport.write(b"end")
        held = wire.transport.get_write_buffer_size()
        received = await asyncio.to_thread(_read, client, len(BIG) + 3)
        await wire.until(lambda: "resumed" in wire.events)
        left = wire.transport.get_write_buffer_size()

    assert received == BIG + b"end"
    assert wire.events[:3] == ["made", "paused", "resumed"]
    assert 0 < held <= len(BIG) + 3
    assert left == 0


@on_every_loop
async def test_what_the_socket_does_not_take_is_left_to_the_sender() -> None:
    async with connected() as (wire, client):
        taken = wire.transport.take([b"head", BIG])
        rest = (b"head" + BIG)[taken:]
        held = wire.transport.get_write_buffer_size()
        again = wire.transport.take([rest])
        wire.transport.write(rest)
        received = await asyncio.to_thread(_read, client, len(BIG) + 4)

    assert 0 < taken < len(BIG)
    assert again == 0
    assert 0 < held <= 65 * 1024
    assert received == b"head" + BIG


@on_every_loop
async def test_an_answer_begins_with_more_while_the_last_was_taken_at_once() -> None:
    async with connected() as (wire, client):
        wire.transport.take([b"head", BIG[:30_000]])
        await asyncio.to_thread(_read, client, 30_004)
        wire.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        held = list[int]()
        for _ in range(2):
            taken = wire.transport.take([b"head", BIG])
            held.append(wire.transport.get_write_buffer_size())
            await asyncio.to_thread(_read, client, taken)
            await wire.until(lambda: not wire.transport.get_write_buffer_size())

    assert 65 * 1024 < held[0] < 113 * 1024
    assert 0 < held[1] < 65 * 1024


@on_every_loop
async def test_closing_sends_what_is_unsent_and_says_good_bye() -> None:
    async with connected() as (wire, client):
        wire.transport.write(BIG)
        wire.transport.close()
        wire.transport.write(b"too late")
        received = await asyncio.to_thread(_read_all, client)
        client.close()
        await wire.until(lambda: wire.events[-1] == "lost")

    assert received == BIG


@on_every_loop
async def test_a_client_that_never_says_good_bye_is_waited_for_so_long() -> None:
    async with connected(farewell=0.05) as (wire, client):
        wire.transport.close()
        await asyncio.to_thread(client.sendall, b"still talking")
        await wire.until(lambda: wire.events[-1] == "lost")

    assert wire.received == b""


@on_every_loop
async def test_what_is_paused_is_not_read() -> None:
    async with connected() as (wire, client):
        wire.transport.pause_reading()
        await asyncio.to_thread(client.sendall, b"hello")
        await asyncio.sleep(0.05)
        before = wire.received, wire.transport.is_reading()
        wire.transport.resume_reading()
        await wire.until(lambda: wire.received)

    assert before == (b"", False)
    assert wire.received == b"hello"


@pytest.mark.parametrize("stays", [True, False])
async def test_the_end_of_what_a_client_says_is_told_and_the_protocol_decides(stays: bool) -> None:
    async with connected() as (wire, client):
        wire.stays = stays
        client.setblocking(False)
        with pytest.raises(ssl.SSLWantReadError):
            client.unwrap()  # says good-bye, and does not wait for the answer
        await wire.until(lambda: "eof" in wire.events)
        closing = wire.transport.is_closing()

    assert closing is not stays


async def test_a_connection_that_breaks_is_lost_with_the_reason() -> None:
    async with connected() as (wire, client):
        raw = client.detach()
        with socket.socket(fileno=raw) as broken:
            broken.sendall(b"this is no record at all")
            await wire.until(lambda: wire.events[-1] == "broken")


@pytest.mark.parametrize(
    ("said", "reason"), [(b"GET / HTTP/1.1\r\n\r\n", "HTTP_REQUEST"), (b"", "EOF"), (None, "it was given up")]
)
async def test_a_handshake_that_fails_is_the_end_of_what_was_never_made(said: bytes | None, reason: str) -> None:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    wire = Wire()
    transport = SecureTransport(ours.detach(), ("peer", 1), wire, manner())
    transport.begin()
    with theirs:
        if said is None:
            transport.cancel()
        elif said:
            theirs.sendall(said)
        else:
            theirs.shutdown(socket.SHUT_WR)
        await wire.until(lambda: wire.events)
    transport.cancel()

    assert wire.events == ["broken"]
    assert reason in str(wire.reason)


async def test_a_handshake_is_not_given_up_once_it_is_done() -> None:
    async with connected() as (wire, client):
        wire.transport.cancel()
        await asyncio.to_thread(client.sendall, b"hello")
        await wire.until(lambda: wire.received)

    assert wire.received == b"hello"


@pytest.mark.parametrize("direct", [True, False])
def test_answers_are_the_same_where_a_loop_cannot_watch_sockets(
    direct: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front_door, "_DIRECT", direct)
    with running() as plane:
        plane.put("site.localhost", release(tmp_path, {"index.html": b"home", "big.bin": BIG}))
        with TlsHttp1(plane.port) as visitor:
            bodies = [visitor.get(path).body for path in (b"/", b"/big.bin", b"/")]
            visitor.ask(b"GET", b"/big.bin", [(b"Connection", b"close")])
            bodies.append(visitor.read().body)
            assert visitor.at_end()
        with TlsHttp2(plane.port) as visitor:
            bodies.append(visitor.get(b"/big.bin").body)
        wait_until(lambda: plane.counters.opened == 0, 30)

    assert bodies == [b"home", BIG, b"home", BIG, BIG]


def _read(client: ssl.SSLSocket, size: int) -> bytes:
    received = b""
    while len(received) < size and (data := client.recv(65_536)):
        received += data
    return received


def _read_all(client: ssl.SSLSocket) -> bytes:
    received = b""
    while data := client.recv(65_536):
        received += data
    return received

"""TLS straight on the socket: what a transport promises, against Python's own client."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import uvloop

from appliance import front_door
from appliance.socket_transport import HIGH
from appliance.tls_transport import Manner, SecureTransport
from tests.authority import client_context
from tests.serving.lanes import release, running, server_context, wait_until
from tests.serving.visitors import TlsHttp1, TlsHttp2

BIG = bytes(range(256)) * 8_000  # 2 MB, more than sockets hold


class Wire(asyncio.Protocol):
    """Remembers what happens to it."""

    def __init__(self) -> None:
        self.received = b""
        self.events: list[str] = []
        self.transport: SecureTransport
        self.changed = asyncio.Event()
        self.stays = False
        self.reason: Exception | None = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self._note("made")

    def data_received(self, data: bytes) -> None:
        self.received += data
        self.changed.set()

    def eof_received(self) -> bool:
        self._note("eof")
        return self.stays

    def pause_writing(self) -> None:
        self._note("paused")

    def resume_writing(self) -> None:
        self._note("resumed")

    def connection_lost(self, exc: Exception | None) -> None:
        self.reason = exc
        self._note("lost" if exc is None else "broken")

    def _note(self, event: str) -> None:
        self.events.append(event)
        self.changed.set()

    async def until(self, true: Callable[[], object]) -> None:
        async with asyncio.timeout(30):
            while not true():
                self.changed.clear()
                await self.changed.wait()


def manner(farewell: float = 5.0) -> Manner:
    return Manner(server_context, ssl.MemoryBIO(), farewell)


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


def on_every_loop(test: Callable[[], Awaitable[None]]) -> Callable[[Any], None]:
    @pytest.mark.parametrize("loop", [uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
    def run(loop: Any) -> None:
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(test())  # type: ignore[arg-type]

    run.__name__ = test.__name__
    marked: Callable[[Any], None] = run
    return marked


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


class Client:
    """A client whose every message to the server, and every one of the server's, is looked at (TLS in memory)."""

    def __init__(self, protocol: asyncio.BaseProtocol, shared: Manner) -> None:
        # What is written at once is read at once: nothing is put together on the way, as TCP may.
        ours, self.socket = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        self.socket.setblocking(False)
        self.heard, self.said = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = client_context("http/1.1").wrap_bio(self.heard, self.said, server_hostname="localhost")
        self.transport = SecureTransport(ours.detach(), ("peer", 1), protocol, shared)
        self.transport.begin()

    def shake(self) -> None:
        """A step of the handshake, which leaves what is to be sent in `said`."""
        with suppress(ssl.SSLWantReadError):
            self.tls.do_handshake()

    async def send(self, size: int = 1 << 20) -> None:
        """Send what is to be sent, in messages of so many bytes."""
        while self.said.pending:
            await asyncio.get_running_loop().sock_sendall(self.socket, self.said.read(size))

    async def hear(self) -> bytes:
        """The server's next message."""
        message = await asyncio.get_running_loop().sock_recv(self.socket, 1 << 20)
        self.heard.write(message)
        return message


class Answering(Wire):
    """Answers each word, and after `last` says good-bye."""

    last = b"bye"

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self.transport.write(b"<" + data + b">")
        if data == self.last:
            self.transport.hurry()
            self.transport.close()


async def test_tickets_the_answer_and_the_good_bye_are_one_message() -> None:
    wire = Answering()
    client = Client(wire, manner())
    client.shake()
    await client.send()
    messages = [await client.hear()]
    client.shake()
    client.tls.write(b"bye")  # together with the last word of the handshake
    await client.send()
    messages.append(await client.hear())
    answer = client.tls.read(100)
    end = await client.hear()
    client.socket.close()
    await wire.until(lambda: wire.events[-1] == "lost")

    assert answer == b"<bye>"
    assert client.tls.read(100) == b""  # TLS's good-bye, not only the socket's end
    assert client.tls.session is not None
    assert client.tls.session.has_ticket
    assert end == b""
    assert wire.events == ["made", "lost"]


@pytest.mark.parametrize("size", [1, 5, 97])
async def test_hands_are_shaken_and_words_understood_however_they_are_cut(size: int) -> None:
    wire = Answering()
    client = Client(wire, manner())
    client.shake()
    await client.send(size)
    await client.hear()
    client.shake()
    for word in (b"one", b"two", b"bye"):
        client.tls.write(word)
    await client.send(size)
    answers = list[bytes]()
    while len(answers) < 3:
        await client.hear()
        with suppress(ssl.SSLWantReadError):
            while len(answers) < 3:
                answers.append(client.tls.read(100))
    client.socket.close()
    await wire.until(lambda: wire.events[-1] == "lost")

    assert answers == [b"<one>", b"<two>", b"<bye>"]


async def test_what_has_come_and_is_paused_is_delivered_when_reading_goes_on() -> None:
    class Pausing(Wire):
        def data_received(self, data: bytes) -> None:
            super().data_received(data + b",")
            self.transport.pause_reading()

    wire = Pausing()
    client = Client(wire, manner())
    client.shake()
    await client.send()
    await client.hear()
    client.shake()
    for word in (b"one", b"two", b"three"):
        client.tls.write(word)
    await client.send()  # at once: the socket has nothing more to say afterwards
    seen = list[bytes]()
    for count in (1, 2, 3):
        await wire.until(lambda count=count: wire.received.count(b",") == count)  # type: ignore[misc]
        await asyncio.sleep(0)
        seen.append(wire.received)
        wire.transport.resume_reading()
    wire.transport.abort()
    client.socket.close()

    assert seen == [b"one,", b"one,two,", b"one,two,three,"]


async def test_many_who_answer_at_once_do_not_take_the_words_of_each_other() -> None:
    """They say them through the same memory; some fail half-way, or are given up, at every step."""
    shared = manner()
    wires = [Answering() for _ in range(24)]
    clients = [Client(wire, shared) for wire in wires]
    for client in clients:
        client.shake()
        await client.send()
    for number, client in enumerate(clients):
        await client.hear()
        client.shake()
        client.tls.write(b"word %d" % number)
        if number % 4 == 1:
            client.said.read()
            client.said.write(b"this is no record at all")
        elif number % 4 == 3:
            client.transport.cancel()
    for client in clients:
        with suppress(OSError):
            await client.send()
    for number, client in enumerate(clients[::2]):
        await client.hear()
        assert client.tls.read(100) == b"<word %d>" % (2 * number)
    for client in clients:
        client.transport.abort()
        client.socket.close()
    for wire in wires:
        await wire.until(lambda wire=wire: wire.events[-1] in {"lost", "broken"})  # type: ignore[misc]

    assert [wire.events[0] for wire in wires] == ["made", "broken"] * 12
    assert shared.said.pending == 0


async def test_words_that_are_many_do_not_wait_for_the_turn_to_end() -> None:
    """Or who asks for much in one message would have all of it held in memory."""

    class Generous(Wire):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            for _ in range(200):
                if "paused" not in self.events:
                    self.transport.write(bytes(16_000))

    wire = Generous()
    client = Client(wire, manner())
    client.shake()
    await client.send()
    await client.hear()
    client.shake()
    client.tls.write(b"all of it")
    await client.send()
    await wire.until(lambda: wire.received)
    held = client.transport.get_write_buffer_size()
    wire.transport.abort()
    client.socket.close()

    assert wire.events[:2] == ["made", "paused"]
    assert held < HIGH + 5 * 16 * 1024


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

"""TLS message by message: handshakes that are cut and interleaved, and what leaves together."""

import asyncio
import socket
import ssl
from contextlib import suppress

import pytest

from appliance.socket_transport import HIGH
from appliance.tls_transport import Manner, SecureTransport
from tests.appliance.wire import Wire, manner
from tests.authority import client_context


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

    async def shake_hands(self, size: int = 1 << 20) -> None:
        """The whole handshake, in messages of so many bytes, but for our last word: it is left in `said`."""
        self.shake()
        await self.send(size)
        await self.hear()
        self.shake()

    async def send(self, size: int = 1 << 20) -> None:
        """Send what is to be sent, in messages of so many bytes."""
        while self.said.pending:
            await asyncio.get_running_loop().sock_sendall(self.socket, self.said.read(size))

    async def hear(self) -> bytes:
        """The server's next message."""
        async with asyncio.timeout(30):
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
    await client.shake_hands(size)
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
    await client.shake_hands()
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
    await client.shake_hands()
    client.tls.write(b"all of it")
    await client.send()
    await wire.until(lambda: wire.received)
    held = client.transport.get_write_buffer_size()
    wire.transport.abort()
    client.socket.close()

    assert wire.events[:2] == ["made", "paused"]
    assert held < HIGH + 5 * 16 * 1024


@pytest.mark.parametrize(("words", "answers"), [((b"hush",), 0), ((b"speak",), 1), ((b"speak", b"hush"), 1)])
async def test_what_openssl_says_by_itself_in_a_turn_leaves_with_it(words: tuple[bytes, ...], answers: int) -> None:
    """It is in the memory that all share: the next to speak would send it to somebody else."""
    shared = manner()

    class Remarked(Wire):
        def data_received(self, data: bytes) -> None:
            shared.said.write(b"a remark")  # as when it is asked to change its keys
            super().data_received(data)
            if data == b"speak":
                self.transport.write(b"answer")

    wire = Remarked()
    client = Client(wire, shared)
    await client.shake_hands()
    await client.send()
    await client.hear()  # the tickets
    for word in words:
        client.tls.write(word)
    await client.send()
    message = await client.hear()
    wire.transport.abort()
    client.socket.close()

    assert wire.received == b"".join(words)
    assert message.count(b"a remark") == len(words)
    assert (len(message) > len(b"a remark") * len(words)) == (answers > 0)
    assert shared.said.pending == 0

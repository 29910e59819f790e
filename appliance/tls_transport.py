"""TLS on a bare socket: OpenSSL works in memory, and a turn's words leave together.

What a handshake, a request and a good-bye come to are few reads and few writes: the client's last word of the handshake
and its first request are read at once, the tickets, the answer and the good-bye are written at once. asyncio and uvloop
take a turn of the loop and a write for each. Needs a loop that can watch sockets, which Windows' cannot.
"""

import asyncio
import socket
import ssl
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from os import read, write
from typing import Any, Final

from appliance.socket_transport import HIGH, Bytes, SocketTransport

_RECORD: Final = 16 * 1024  # bytes, the most that a record holds (RFC 8446, 5.1)
_GROUP: Final = 2 * _RECORD  # bytes written at a time
_BEGINNING: Final = 4 * _RECORD  # the same at the beginning of an answer
_WELCOME: Final = 7 * _RECORD  # the same when the last beginning was taken at once: 100 KB cost 5 % less in one write
_NOTHING: Final = b""
_NOT_NOW = (ssl.SSLWantReadError, ssl.SSLWantWriteError)

Contexts = Callable[[], ssl.SSLContext]
"""What the next connection is to begin with."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How the connections of one event loop speak TLS.

    `first` may return another one once certificates have changed. `said` holds what OpenSSL has made of a connection's
    words until they are taken out, which is before any other may speak: so it takes no room for each of them. For
    `farewell` seconds the other side may say good-bye.
    """

    first: Contexts
    said: ssl.MemoryBIO
    farewell: float


class SecureTransport(SocketTransport):
    """A connection over which hands are shaken, before its protocol hears of it.

    When that fails the protocol hears of the end of what was never made, with the reason: `cancel` is one.
    """

    __slots__ = (
        "_beginning",
        "_farewell",
        "_heard",
        "_held",
        "_inside",
        "_listens",
        "_parted",
        "_said",
        "_secure",
        "_shaken",
        "_timer",
    )

    def __init__(self, descriptor: int, peer: object, protocol: asyncio.BaseProtocol, manner: Manner) -> None:
        super().__init__(descriptor, peer, protocol)
        self._heard = ssl.MemoryBIO()
        self._said = manner.said
        self._secure = manner.first().wrap_bio(self._heard, manner.said, server_side=True)
        # What it asks itself, straight: its own `read` and `write` cost as much again as the rest of a call.
        self._inside: ssl.SSLObject = getattr(self._secure, "_sslobj", self._secure)
        self._farewell = manner.farewell
        self._beginning = _BEGINNING
        self._high = sys.maxsize  # until hands are shaken nobody is there to pause
        self._shaken = False
        self._listens = False  # hands are shaken, and good-bye is not said
        self._held: bytes | None = None  # said in this turn, and sent when it ends; None: sent at once
        self._parted = False  # good-bye is said
        self._timer: asyncio.TimerHandle | None = None  # while the other side may say it

    def begin(self, received: bytes = b"") -> None:
        """Shake hands, beginning with what was `received`, or else with what is there to be read by now."""
        self._reads = True
        if received:
            self._heard.write(received)
            self._go_on()
        else:
            self._read()
        self._settle()

    def cancel(self) -> None:
        """Give the handshake up; nothing when hands are shaken."""
        if not self._shaken:
            self._lose(ConnectionAbortedError("it was given up"))

    def hurry(self) -> None:
        """Let closing not wait for the other side, which has nothing more to send."""
        self._farewell = 0.0

    # ── what asyncio's transports do

    def can_write_eof(self) -> bool:
        """No: only closing ends what we send."""
        return False

    def write_eof(self) -> None:
        """See can_write_eof."""
        raise NotImplementedError

    def resume_reading(self) -> None:
        """Read what comes in, and what has come already."""
        super().resume_reading()
        if self._reads and self._heard.pending:
            self._loop.call_soon(self._go_on)

    def write(self, data: Bytes) -> None:
        """Send; what the socket does not take now waits."""
        if self._closing or not data:
            return
        if len(data) <= _RECORD and self._held is _NOTHING:  # the first that is said in a turn: nearly always
            try:
                self._inside.write(data)
            except OSError as error:
                self._fall_silent(error)
            else:
                self._held = self._said.read()
            return
        view = memoryview(data)
        for start in range(0, len(view), _GROUP):
            self._say(view[start : start + _GROUP])

    def writelines(self, list_of_data: Iterable[Bytes]) -> None:
        """Send all of it, in as few records as may be."""
        self.write(b"".join(list_of_data))

    def take(self, chunks: Sequence[Bytes]) -> int:
        """Send what the socket takes now, and some more, which waits; how many of the bytes, from the first on.

        What waits is 32 KB at most: an answer begins with more at a time, but then there is room for it, as far as
        can be known from the last one.
        """
        self._let_go()
        first, rest = _first_record(chunks)
        taken, more = 0, self._beginning - len(first) if first else _GROUP
        while (first or rest) and not (self._size or self._closing):
            group = rest[:more]
            self._put(self._seal(group, first))
            taken += len(first) + len(group)
            if first:
                self._beginning = _BEGINNING if self.get_write_buffer_size() else _WELCOME
            first, rest, more = b"", rest[more:], _GROUP
        return taken

    def abort(self) -> None:
        """Close now; what was said in this turn has been said."""
        self._let_go()
        self._end_timer()
        super().abort()

    # ── reading

    def _read(self) -> None:  # noqa: C901  (in one piece: calls of its own would be 2 % of a request)
        """A turn: hand over what was heard, nearly always one record, and send together what is said to it."""
        try:
            data = read(self._descriptor, _RECORD)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(error)
            return
        heard = self._heard
        if data:
            heard.write(data)
        else:
            heard.write_eof()
        if not (self._listens and self._reads):
            self._go_on()
            return
        self._held = _NOTHING
        try:
            data = self._inside.read(_RECORD)
        except OSError as error:
            self._end_turn(error)
            return
        try:
            if data:
                self._protocol.data_received(data)
            else:
                self._end()
        except Exception as error:  # noqa: BLE001  (the protocol's, told to the loop as asyncio's transports do)
            self._failed(error)
        if heard.pending:
            self._hear()
            return
        held, self._held = self._held, None
        if held:
            self._put(held)
        elif self._said.pending:
            self._tell()

    def _go_on(self) -> None:
        """Make something of what has been heard, whatever it is."""
        if self._listens:
            if self._reads and self._heard.pending:
                self._hear()
        elif self._parted:
            self._ignore()
        elif not self._lost and self._shake_hands():
            if self._reads and self._heard.pending:
                self._hear()
            self._let_go()
            self._held = None

    def _shake_hands(self) -> bool:
        """Go on with it; true when it is done, and the protocol has the connection."""
        try:
            self._inside.do_handshake()
        except ssl.SSLWantReadError:
            self._tell()
            return False
        except OSError as error:  # ssl.SSLError is one; what OpenSSL has to say of it is for the client
            self._tell()
            self._lose(error)
            return False
        self._shaken = self._listens = True
        self._high = HIGH
        self._held = self._said.read()  # the tickets go with the first answer
        try:
            self._protocol.connection_made(self)
        except Exception as error:  # noqa: BLE001  (the protocol's, told to the loop as asyncio's transports do)
            self._failed(error)
        return True

    def _hear(self) -> None:
        """Go on with a turn, record by record, and end it. What is paused stays where it is."""
        self._held = self._held or _NOTHING
        while self._heard.pending and self._reads and self._listens:
            try:
                data = self._inside.read(_RECORD)
            except OSError as error:
                self._end_turn(error)
                return
            if self._said.pending:
                self._tell()
            try:
                if data:
                    self._protocol.data_received(data)
                else:
                    self._end()
            except Exception as error:  # noqa: BLE001  (as above)
                self._failed(error)
        self._end_turn()

    def _end_turn(self, error: OSError | None = None) -> None:
        """Send what was said in it. The `error` ends the connection, unless it is that no record is whole yet."""
        if self._said.pending:
            self._tell()
        held, self._held = self._held, None
        if held:
            self._put(held)
        if error is not None and not isinstance(error, _NOT_NOW):
            self._lose(error)

    # ── writing

    def _say(self, data: Bytes) -> None:
        """Have some bytes put into records and sent, in this turn or when it ends."""
        sealed, held = self._seal(data), self._held
        if held is None:
            self._put(sealed)
        elif len(held) + len(sealed) <= _RECORD:
            self._held = held + sealed
        else:
            self._held = b""
            self._put(held + sealed if held else sealed)

    def _seal(self, data: Bytes, first: Bytes = b"") -> bytes:
        """The records of these bytes, of which the `first` fill one; none when the connection is lost by it."""
        write = self._inside.write  # takes a record at a time
        try:
            if first:
                write(first)
            for start in range(0, len(data), _RECORD):
                write(data[start : start + _RECORD])
        except OSError as error:
            self._fall_silent(error)
        return self._said.read()

    def _fall_silent(self, error: OSError) -> None:
        self._said.read()  # for nobody: the next to speak must not find it there
        self._lose(error)

    def _tell(self) -> None:
        """Send, or hold, what OpenSSL has to say by itself; who makes it talk and does not listen is left."""
        sealed = self._said.read()
        if sealed and self._size > HIGH:
            self._lose(ConnectionAbortedError("it asks without reading"))
        elif self._held is None:
            self._put(sealed)
        else:
            self._held += sealed

    def _let_go(self) -> None:
        if self._held:
            held, self._held = self._held, b""
            self._put(held)

    def _put(self, sealed: bytes) -> None:
        """Send; what the socket does not take now waits, as what was sealed after it must."""
        if self._lost or not sealed:
            return
        sent = 0
        if not self._size:
            try:
                sent = write(self._descriptor, sealed)
            except BlockingIOError:
                pass
            except OSError as error:
                self._lose(error)
                return
        if sent != len(sealed):
            self._keep(memoryview(sealed[sent:]))  # a slow reader must not keep what is sent, too

    # ── parting

    def _part(self) -> None:
        """Say good-bye; then nothing that comes is looked at, until the other side has closed, or its time is up."""
        if not self._parted:
            self._parted = True
            self._listens = False
            self._say_good_bye()
            if self._size:  # this comes again when all is sent
                return
        if not self._farewell:
            self._lose(None)
        elif self._timer is None and not self._lost:
            self._await_good_bye()

    def _say_good_bye(self) -> None:
        with suppress(OSError):  # the other side has not said it, or has more to say: we do not listen any more
            self._secure.unwrap()
        sealed, held = self._said.read(), self._held
        self._held = None
        self._put(held + sealed if held else sealed)

    def _await_good_bye(self) -> None:
        try:
            self._as_socket().shutdown(socket.SHUT_WR)
        except OSError:
            self._lose(None)
            return
        self._timer = self._loop.call_later(self._farewell, self._lose, None)
        self._reads = True
        self._follow()

    def _ignore(self) -> None:
        """Drop what comes after the good-bye; the end of it is the end."""
        self._heard.read()
        if self._heard.eof:
            self._end_timer()
            self._lose(None)

    def _end_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _know(self, name: str, default: Any) -> Any:  # noqa: ANN401  (asyncio's signature)
        if name == "ssl_object":  # that knows what was agreed on
            return self._secure
        if name == "sslcontext":
            return self._secure.context
        return super()._know(name, default)


def _first_record(chunks: Sequence[Bytes]) -> tuple[Bytes, memoryview]:
    """Where an answer begins: its short front with so much of what follows that it fills a record, and the rest.

    A record of its own costs. Of what goes on, all is the rest.
    """
    if len(chunks) != 2 or len(chunks[0]) >= _RECORD:
        return b"", memoryview(chunks[0] if len(chunks) == 1 else b"".join(chunks))
    front, body = chunks[0], memoryview(chunks[1])
    more = _RECORD - len(front)
    return b"".join((front, body[:more])), body[more:]

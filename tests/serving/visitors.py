"""The visitors of these tests: HTTP/1.1 by hand, and HTTP/2, each over TLS as well, and as Hypercorn speaks them."""

import socket
import ssl
from dataclasses import dataclass
from typing import Any, Self

import h2.config
import h2.connection
import h2.events

from tests.authority import client_context

Header = tuple[bytes, bytes]
Comparable = tuple[int, list[tuple[str, str]], bytes]
SITE = b"site.localhost"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    closes: bool = False

    @property
    def comparable(self) -> Comparable:
        """What must not depend on the lane: all but the hop's own headers and the second it was answered in."""
        own = {"date", "connection"}
        return self.status, sorted((k, v) for k, v in self.headers.items() if k not in own), self.body


class Port(int):
    """Where a plane listens, and where it does so for TLS."""

    tls: int


def shake_hands(port: int, protocol: str) -> ssl.SSLSocket:
    """A TLS connection to the plane at `port`, agreed to speak this protocol."""
    assert isinstance(port, Port)
    connection = client_context(protocol).wrap_socket(connect(port.tls), server_hostname="site.localhost")
    assert connection.selected_alpn_protocol() == protocol
    return connection


def connect(port: int, own_address: str = "127.0.0.1") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", int(port)), 10, (own_address, 0))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


# --- HTTP/1.1 by hand


def head(method: bytes, target: bytes, headers: list[Header], host: bytes | None = SITE) -> bytes:
    fields = [*([(b"Host", host)] if host is not None else []), *headers]
    return b"%s %s HTTP/1.1\r\n" % (method, target) + b"".join(b"%s: %s\r\n" % pair for pair in fields) + b"\r\n"


class Http1:
    """One connection, raw."""

    opening = b"\r\n"  # may be said before anything is asked: an empty line means nothing

    def __init__(self, port: int) -> None:
        self.socket = self.connect(port)
        self.buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def connect(self, port: int) -> socket.socket:
        return connect(port)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def ask(self, method: bytes, target: bytes, headers: list[Header], host: bytes | None = SITE) -> None:
        self.send(head(method, target, headers, host))

    def get(self, target: bytes, *headers: Header, method: bytes = b"GET", host: bytes | None = SITE) -> Answer:
        self.ask(method, target, list(headers), host)
        return self.read(method)

    def read(self, method: bytes = b"GET") -> Answer:
        """Read one answer."""
        raw = self._until(b"\r\n\r\n")
        line, *lines = raw[:-4].split(b"\r\n")
        headers = _fold((name, value.strip()) for name, _, value in (line.partition(b":") for line in lines))
        status = int(line.split()[1])
        bodiless = method == b"HEAD" or status in {204, 304} or status < 200
        body = b"" if bodiless else self._take(int(headers["content-length"]))
        return Answer(status, headers, body, headers.get("connection") == "close")

    def at_end(self) -> bool:
        """True when the server has closed and everything was read."""
        try:
            return not self.buffer and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def _until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            self._more()
        end = self.buffer.index(mark) + len(mark)
        return self._take(end)

    def _take(self, size: int) -> bytes:
        while len(self.buffer) < size:
            self._more()
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def _more(self) -> None:
        data = self.socket.recv(1 << 18)
        if not data:
            raise EOFError(f"closed after {self.buffer[:200]!r}")
        self.buffer += data


# --- HTTP/2 with prior knowledge


class Http2:
    """One HTTP/2 connection; one request at a time."""

    opening = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

    def __init__(self, port: int) -> None:
        self.socket = self.connect(port)
        config = h2.config.H2Configuration(validate_outbound_headers=False, normalize_outbound_headers=False)
        self.h2 = h2.connection.H2Connection(config)
        self.h2.initiate_connection()
        self._flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def connect(self, port: int) -> socket.socket:
        return connect(port)

    def ask(self, method: bytes, target: bytes, headers: list[Header], host: bytes | None = SITE) -> int:
        stream = self.h2.get_next_available_stream_id()
        pseudo = [(b":method", method), (b":scheme", b"http"), (b":path", target)]
        authority = [] if host is None else [(b":authority", host)]
        lower = [(name.lower(), value) for name, value in headers]
        self.h2.send_headers(stream, [*pseudo, *authority, *lower], end_stream=True)
        self._flush()
        return stream

    def get(self, target: bytes, *headers: Header, method: bytes = b"GET", host: bytes | None = SITE) -> Answer:
        stream = self.ask(method, target, list(headers), host)
        status, body, ended = 0, b"", False
        fields: dict[str, str] = {}
        while not ended:
            for event in self._events():
                if isinstance(event, h2.events.ResponseReceived):
                    fields = _fold(_bytes(pair) for pair in event.headers)
                    status = int(fields.pop(":status"))
                elif isinstance(event, h2.events.DataReceived):
                    body += event.data
                    self.h2.acknowledge_received_data(event.flow_controlled_length or 0, stream)
                elif isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset, h2.events.ConnectionTerminated)):
                    ended = True
            self._flush()
        return Answer(status, fields, body)

    def _events(self) -> list[h2.events.Event]:
        data = self.socket.recv(1 << 16)
        if not data:
            raise EOFError("the HTTP/2 connection was closed")
        return list(self.h2.receive_data(data))

    def _flush(self) -> None:
        self.socket.sendall(self.h2.data_to_send())


class HandedOver(Http1):
    """HTTP/1.1 that Hypercorn speaks: a first request made the fast lane give the connection away."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        assert self.get(b"*", method=b"OPTIONS").status in {204, 404}


class TlsHttp1(Http1):
    """The fast lane over TLS."""

    def connect(self, port: int) -> socket.socket:
        return shake_hands(port, "http/1.1")


class TlsHandedOver(HandedOver, TlsHttp1):
    """HTTP/1.1 over TLS that Hypercorn speaks."""


class HandedOverHttp2(Http2):
    """HTTP/2 that Hypercorn speaks, for the same reason."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        assert self.get(b"*", method=b"OPTIONS").status in {204, 404}


class TlsHttp2(Http2):
    """HTTP/2 as browsers speak it."""

    def connect(self, port: int) -> socket.socket:
        return shake_hands(port, "h2")


Visitor = Http1 | Http2


def _fold(pairs: Any) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in pairs:
        key = name.decode().lower()
        assert key not in headers, f"{key} was sent twice"
        headers[key] = value.decode("latin-1")
    return headers


def _bytes(pair: Any) -> tuple[bytes, bytes]:
    name, value = pair
    return (name if isinstance(name, bytes) else name.encode(), value if isinstance(value, bytes) else value.encode())

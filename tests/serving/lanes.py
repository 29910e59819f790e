"""A whole data plane on a real socket, and the three ways a visitor can reach it."""

import asyncio
import hashlib
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Self, TypeVar

import h2.config
import h2.connection
import h2.events
import uvloop

from appliance.forwarding import Forwarder, ForwardLimits
from appliance.front_door import DoorLimits, FrontDoor
from appliance.gatekeeper import Gatekeeper
from appliance.handed_over import Hypercorn
from appliance.serving.bodies import Bodies
from appliance.serving.counters import Counters
from appliance.serving.release import Release, compile_release
from appliance.serving.slow_lane import Receive, Scope, Send, no_forward
from appliance.serving.table import Table
from appliance.serving.visitor import Reception
from appliance.storage.manifest import Entry, Manifest, Options
from appliance.storage.media_types import media_type
from appliance.switch import Switch
from tests.authority import client_context, served_by

T = TypeVar("T")
Header = tuple[bytes, bytes]
Comparable = tuple[int, list[tuple[str, str]], bytes]

SITE = b"site.localhost"
ADMIN = "localhost"
MODIFIED = 784_111_777  # Sun, 06 Nov 1994 08:49:37 GMT, the date of the RFCs


def etag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def entry(content: bytes, path: str = "x", modified: int = MODIFIED) -> Entry:
    return Entry(hashlib.sha256(content).hexdigest(), len(content), media_type(path), modified)


def release(folder: Path, files: dict[str, bytes], *, html: str = "natural", preview: bool = False) -> Release:
    for content in files.values():
        (folder / hashlib.sha256(content).hexdigest()).write_bytes(content)
    manifest = Manifest(Options(html=html), {path: entry(content, path) for path, content in files.items()})
    return compile_release(site="site", deploy="d1", preview=preview, manifest=manifest, blob_path=folder.joinpath)


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """The admin of these tests: says what it was sent."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body += message["body"]
        more = message["more_body"]
        scope["extensions"]["dropdock.window"].consumed(len(message["body"]))
    host = dict(scope["headers"])[b"host"]
    said = b"%s %s %s %s" % (
        scope["method"].encode(),
        scope["raw_path"],
        host,
        hashlib.sha256(body).hexdigest().encode(),
    )
    headers = [(b"content-length", b"%d" % len(said)), (b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": said})


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


@cache
def server_context() -> ssl.SSLContext:
    """What every plane serves TLS with; its certificate is for `localhost` and `site.localhost`."""
    with tempfile.TemporaryDirectory() as folder:
        return served_by(Path(folder), "localhost", "site.localhost").listening


@dataclass
class Plane:
    """A data plane that runs on a loop of its own, in a thread."""

    port: Port
    table: Table
    door: FrontDoor
    counters: Counters
    bodies: Bodies
    lost: list[str]
    found: dict[str, Release]
    _loop: asyncio.AbstractEventLoop

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def start(self, work: Coroutine[Any, Any, T]) -> Callable[[], T]:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        return lambda: future.result(10)

    def put(self, host: str, value: Release) -> None:
        async def put() -> None:
            self.table.put(host, value)

        self.call(put())


@dataclass
class Wiring:
    """How a plane is put together; the defaults do for most tests."""

    limits: DoorLimits = field(default_factory=DoorLimits)
    admin: Callable[[Scope, Receive, Send], Awaitable[None]] = echo
    kept_bytes: int = 64 * 1024 * 1024
    stall_seconds: float = 60.0
    reception: Reception = field(default_factory=Reception)
    loop: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    keeper: Gatekeeper | None = None
    forward: ForwardLimits | None = None


@contextmanager
def running(wiring: Wiring | None = None) -> Iterator[Plane]:
    wiring = wiring or Wiring()
    loop = wiring.loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    listening, secure = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    secure.setblocking(False)
    lost: list[str] = []
    found: dict[str, Release] = {}
    counters = Counters()
    bodies = Bodies(wiring.kept_bytes, lost=lambda path, _: lost.append(path))
    table = Table(previews=4, reserved=ADMIN.__eq__)

    async def find(host: str) -> Release | None:
        return found.get(host)

    async def make_forwarder(limits: ForwardLimits) -> Forwarder:
        return Forwarder(limits)

    forward: Forwarder | None = None
    if wiring.forward is not None:
        forward = asyncio.run_coroutine_threadsafe(make_forwarder(wiring.forward), loop).result(10)
    switch = Switch(
        table=table,
        admin_hosts=ADMIN.__eq__,
        find=find,
        admin_app=wiring.admin,
        bodies=bodies,
        counters=counters,
        stall_seconds=wiring.stall_seconds,
        reception=wiring.reception,
        keeper=wiring.keeper,
        forward=forward or no_forward,
    )

    async def open_door() -> FrontDoor:
        door = FrontDoor(
            table=table,
            behind=Hypercorn(switch, wiring.limits),
            bodies=bodies,
            counters=counters,
            limits=wiring.limits,
            reception=wiring.reception,
        )
        await door.open([listening])
        door.open_tls([secure], server_context())
        return door

    port = Port(listening.getsockname()[1])
    port.tls = secure.getsockname()[1]
    door = asyncio.run_coroutine_threadsafe(open_door(), loop).result(10)
    plane = Plane(port, table, door, counters, bodies, lost, found, loop)
    try:
        yield plane
    finally:
        plane.call(door.close(0.2))
        if forward is not None:
            plane.call(forward.close())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        bodies.close()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
        listening.close()
        secure.close()


def wait_until(true: Callable[[], object], seconds: float = 8.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)


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
Lane = Callable[[int], Visitor]
LANES: dict[str, Lane] = {
    "fast": Http1,
    "hypercorn": HandedOver,
    "http2": Http2,
    "hypercorn http2": HandedOverHttp2,
    "tls": TlsHttp1,
    "tls http2": TlsHttp2,
}


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

"""A whole data plane on a real socket, and the ways a visitor can reach it."""

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
from typing import Any, TypeVar

import uvloop

from appliance.forwarding import ForwardLimits
from appliance.forwarding_on_demand import ForwardsOnDemand
from appliance.front_door import DoorLimits, FrontDoor
from appliance.gatekeeper import Gatekeeper
from appliance.handed_over import Hypercorn
from appliance.serving.bodies import Bodies
from appliance.serving.counters import Counters
from appliance.serving.release import Release, compile_release
from appliance.serving.slow_lane import Receive, Scope, Send, no_forward
from appliance.serving.table import Table
from appliance.serving.visitor import Reception
from appliance.settings import Settings
from appliance.storage.manifest import Entry, Manifest, Options
from appliance.storage.media_types import media_type
from appliance.switch import Switch
from tests.authority import served_by
from tests.serving.visitors import (
    HandedOver,
    HandedOverHttp2,
    Http1,
    Http2,
    Port,
    TlsHttp1,
    TlsHttp2,
    Visitor,
)

T = TypeVar("T")

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


@cache
def server_context() -> ssl.SSLContext:
    """What every plane serves TLS with; its certificate is for `localhost` and `site.localhost`."""
    with tempfile.TemporaryDirectory() as folder:
        return served_by(Path(folder), "localhost", "site.localhost").first()


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
    shared = _Shared.of(wiring.kept_bytes)
    forward = asyncio.run_coroutine_threadsafe(_forwarder(wiring.forward), loop).result(10)
    opening = _open_door(wiring, shared, _switch(wiring, shared, forward), listening, secure)
    door = asyncio.run_coroutine_threadsafe(opening, loop).result(10)
    port = Port(listening.getsockname()[1])
    port.tls = secure.getsockname()[1]
    plane = Plane(port, shared.table, door, shared.counters, shared.bodies, shared.lost, shared.found, loop)
    try:
        yield plane
    finally:
        plane.call(door.close(0.2))
        if forward is not None:
            plane.call(forward.close())
        _end(loop, thread)
        shared.bodies.close()
        listening.close()
        secure.close()


@dataclass(frozen=True)
class _Shared:
    """What the lanes of a plane have in common."""

    table: Table
    bodies: Bodies
    counters: Counters
    lost: list[str]
    found: dict[str, Release]

    @classmethod
    def of(cls, kept_bytes: int) -> "_Shared":
        lost: list[str] = []
        bodies = Bodies(kept_bytes, lost=lambda path, _: lost.append(path))
        return cls(Table(previews=4, reserved=ADMIN.__eq__), bodies, Counters(), lost, {})

    async def find(self, host: str) -> Release | None:
        return self.found.get(host)


def _switch(wiring: Wiring, shared: _Shared, forward: ForwardsOnDemand | None) -> Switch:
    return Switch(
        table=shared.table,
        admin_hosts=ADMIN.__eq__,
        find=shared.find,
        admin_app=wiring.admin,
        bodies=shared.bodies,
        counters=shared.counters,
        stall_seconds=wiring.stall_seconds,
        reception=wiring.reception,
        keeper=wiring.keeper,
        forward=forward or no_forward,
    )


async def _open_door(
    wiring: Wiring, shared: _Shared, switch: Switch, listening: socket.socket, secure: socket.socket
) -> FrontDoor:
    door = FrontDoor(
        table=shared.table,
        behind=Hypercorn(switch, wiring.limits),
        bodies=shared.bodies,
        counters=shared.counters,
        limits=wiring.limits,
        reception=wiring.reception,
    )
    await door.open([listening])
    door.open_tls([secure], server_context)
    return door


async def _forwarder(limits: ForwardLimits | None) -> ForwardsOnDemand | None:
    if limits is None:
        return None
    size, seconds, at_once, private = limits.size, limits.seconds, limits.at_once, limits.private
    values = {"proxy_size": size, "proxy_timeout": seconds, "proxy_connections": at_once, "proxy_private": private}
    return ForwardsOnDemand(Settings(data=Path(), **values))  # type: ignore[arg-type]  # a value of its own kind each


def _end(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


def wait_until(true: Callable[[], object], seconds: float = 8.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)


Lane = Callable[[int], Visitor]
LANES: dict[str, Lane] = {
    "fast": Http1,
    "hypercorn": HandedOver,
    "http2": Http2,
    "hypercorn http2": HandedOverHttp2,
    "tls": TlsHttp1,
    "tls http2": TlsHttp2,
}

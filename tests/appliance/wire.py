"""A protocol that remembers, for tests of what transports promise it."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvloop

from appliance.tls_transport import Manner, SecureTransport
from tests.serving.lanes import server_context

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


def on_every_loop(test: Callable[[], Awaitable[None]]) -> Callable[[Any], None]:
    @pytest.mark.parametrize("loop", [uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
    def run(loop: Any) -> None:
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(test())  # type: ignore[arg-type]

    run.__name__ = test.__name__
    marked: Callable[[Any], None] = run
    return marked

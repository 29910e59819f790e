"""Back-pressure for request bodies: no more is taken from the client than its reader is behind by."""

import asyncio
import sys
from collections import deque
from typing import Any, Final

from appliance.serving.slow_lane import Message, Receive

EXTENSION: Final = "dropdock.window"
"""Where `scope["extensions"]` holds the request's Window."""

_AHEAD = 256 * 1024  # bytes looked ahead for a disconnect while the window is shut


class Window:
    """How far a request's body may run ahead of the code that consumes it, in bytes.

    Whoever consumes a body larger than `limit` must say so with `consumed`, or it stops coming.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._behind = 0
        self._open = asyncio.Event()
        self._open.set()

    @property
    def is_open(self) -> bool:
        """May more be delivered?"""
        return self._open.is_set()

    async def opened(self) -> None:
        """Return once more may be delivered."""
        await self._open.wait()

    def open_for_good(self) -> None:
        """Nobody consumes any more; deliver whatever comes."""
        self.limit = sys.maxsize
        self._open.set()

    def delivered(self, size: int) -> None:
        """So many bytes have gone to the application."""
        self._move(size)

    def consumed(self, size: int) -> None:
        """So many bytes are dealt with: written, parsed or dropped."""
        self._move(-size)

    def _move(self, size: int) -> None:
        self._behind += size
        if self._behind <= self.limit:
            self._open.set()
        else:
            self._open.clear()


class Inflow:
    """An ASGI `receive` that keeps to a window and does not wait for ever.

    A disconnect is delivered even while the window is shut. When nothing can be delivered for `stall` seconds, the
    application is told that the client has gone and `stalled` is true; call `close` when the request is over.
    """

    def __init__(self, receive: Receive, window: Window, stall: float) -> None:
        self.stalled = False
        self._receive = receive
        self._window = window
        self._stall = stall
        self._complete = False
        self._dropping = False
        self._over = asyncio.Event()
        self._gone: Message | None = None
        self._ahead: deque[Message] = deque()
        self._ahead_bytes = 0
        self._next: asyncio.Future[Message] | None = None

    async def __call__(self) -> Message:
        """The next ASGI message of the request."""
        if self._complete:  # only the disconnect is left, and that may come at any time
            return await self._receive()
        message = await self._deliver()
        while self._dropping and not self._is_over():
            message = await self._deliver()
        return {**message, "body": b""} if self._dropping else message

    async def drop_rest(self, seconds: float) -> None:
        """Drop what is left of the body as it comes, until it ends, the client has gone or `seconds` have passed.

        A connection closed while its client is still sending is reset, and the answer lost (RFC 9112, 9.6). Somebody
        else must go on calling for messages meanwhile, as Quart does.
        """
        if self._is_over():
            return
        self._dropping = True
        self._window.open_for_good()
        try:
            async with asyncio.timeout(seconds):
                await self._over.wait()
        except TimeoutError:
            pass  # it is sending for longer than an answer is worth waiting for

    async def _deliver(self) -> Message:
        try:
            async with asyncio.timeout(self._stall):
                message = await self._take()
        except TimeoutError:
            self.stalled = True
            self._gone = {"type": "http.disconnect"}
            self._over.set()
            return self._gone
        self._window.delivered(len(message.get("body", b"")))
        self._complete = message["type"] == "http.request" and not message.get("more_body", False)
        self._gone = message if message["type"] == "http.disconnect" else None
        if self._is_over():
            self._over.set()
        return message

    def _is_over(self) -> bool:
        return self._complete or self._gone is not None

    def close(self) -> None:
        """Stop looking ahead."""
        if self._next is not None:
            self._next.cancel()

    async def _take(self) -> Message:
        while self._gone is None and not self._window.is_open:
            await self._wait_shut()
        if self._gone is not None:
            return self._gone
        if self._ahead:
            message = self._ahead.popleft()
            self._ahead_bytes -= len(message.get("body", b""))
            return message
        return await (self._receive() if self._next is None else self._fetched(self._next))

    async def _wait_shut(self) -> None:
        """Wait for the window to open, or for one more message while some may be held."""
        opened = asyncio.ensure_future(self._window.opened())
        waiting: set[asyncio.Future[Any]] = {opened}
        if self._ahead_bytes < _AHEAD and not self._all_here():
            self._next = self._next or asyncio.ensure_future(self._receive())
            waiting.add(self._next)
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            opened.cancel()
        if self._next is not None and self._next.done():
            self._hold(await self._fetched(self._next))

    def _hold(self, message: Message) -> None:
        if message["type"] == "http.disconnect":
            self._gone = message
            return
        self._ahead.append(message)
        self._ahead_bytes += len(message.get("body", b""))

    def _all_here(self) -> bool:
        return bool(self._ahead) and not self._ahead[-1].get("more_body", False)

    async def _fetched(self, coming: asyncio.Future[Message]) -> Message:
        message = await asyncio.shield(coming)
        self._next = None
        return message

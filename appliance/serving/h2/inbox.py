"""The body of a request on its way in, held to our own flow-control window and to the length it announced."""

import asyncio
from collections import deque

from appliance.serving.h2.frames import WINDOW, Code, StreamFault


class Inbox:
    """A request's body on its way to the application, never more of it than a flow-control window.

    `length` is what the request announced, in bytes.
    """

    def __init__(self, length: int | None) -> None:
        self._length = length
        self._received = 0
        self._window = WINDOW
        self._parts: deque[bytes] = deque()
        self._held = 0  # of the window, by what is in `_parts`
        self._complete = False
        self._arrived = asyncio.Event()

    def add(self, data: bytes, size: int, *, final: bool) -> None:
        """Take in data that came in a frame of `size` bytes; raises StreamFault."""
        self._window -= size
        self._received += len(data)
        if self._window < 0:
            raise StreamFault(Code.FLOW_CONTROL_ERROR)
        if self._length is not None and (
            self._received > self._length or (final and self._received < self._length)
        ):  # RFC 9113, 8.1.1
            raise StreamFault(Code.PROTOCOL_ERROR)
        self._parts.append(data)
        self._held += size
        self._complete = self._complete or final
        self._arrived.set()

    async def take(self) -> tuple[bytes, bool, int]:
        """What has come in, whether that is the end of it, and by how much the window may open again."""
        await self._arrived.wait()
        data, size = b"".join(self._parts), self._held
        self._parts.clear()
        self._held = 0
        if not self._complete:
            self._window += size
            self._arrived.clear()
        return data, self._complete, size

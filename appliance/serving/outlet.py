"""The way out of a connection for what is long: straight from where it is kept, and no more than the socket takes."""

import asyncio
from collections.abc import Awaitable, Callable

from appliance.serving.bodies import PIECE, MissingBlob, Reading

KB = 1024
_LITTLE = 16 * KB  # left with the transport when the socket is full; when that has gone, there is room again
_PIECE_KEPT = 64 * KB  # the same where the transport keeps what it is given


class Outlet:
    """Writes what a transport's socket takes now, where the transport has a `take` that says how much that was.

    What the socket does not take at once, the transport would have to hold: here, for each slow reader, it holds
    16 KB. From the first `push` on, the transport tells its protocol to pause as soon as it holds anything.
    """

    __slots__ = ("_take", "_transport", "piece")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._take: Callable[[tuple[bytes | memoryview, ...]], int] | None = getattr(transport, "take", None)
        if self._take is not None:
            transport.set_write_buffer_limits(high=0)
        self.piece = PIECE if self._take is not None else _PIECE_KEPT
        """Bytes that are worth reading for the next `push`: more for a fast reader, fewer for a slow one."""

    def push(self, *chunks: bytes | memoryview) -> int:
        """Send what can be sent at once; how many of the bytes, from the first on, are on their way."""
        total = sum(map(len, chunks))
        if self._transport.is_closing():  # its descriptor may be somebody else's by now
            return total
        if self._take is None:
            self._transport.writelines(chunks)
            return total
        taken = self._take(chunks)
        self.piece = max(2 * _LITTLE, min(PIECE, 2 * taken))
        if taken and self._transport.get_write_buffer_size():
            return taken  # over TLS, where a transport keeps what it has sealed and the socket did not take
        if taken < total and not self._transport.is_closing():
            little = _cut(chunks, taken)
            self._transport.write(little)
            taken += len(little)
        return taken

    def abort(self) -> None:
        """Cut the connection."""
        self._transport.abort()


async def send_rest(
    outlet: Outlet, front: bytes, reading: Reading, room: Callable[[], Awaitable[None]], *, begun: bool
) -> bool:
    """Send what is unsent of an answer's `front`, then all that is read, after each piece waiting for `room`.

    False when the file cannot be read; if the answer has `begun` by then, the connection is cut.
    """
    while reading.left:
        if begun:
            await room()
        try:
            piece = await reading.read(outlet.piece)
        except MissingBlob:
            if begun:  # too late to say so: only an early end tells the client that this is not all
                outlet.abort()
            return False
        pushed = outlet.push(front, piece) if front else outlet.push(piece)
        del piece  # a slow reader must not keep it while there is no room
        reading.move_on(max(0, pushed - len(front)))
        front, begun = front[pushed:], True
    return True


def _cut(chunks: tuple[bytes | memoryview, ...], start: int) -> bytes:
    """The next little bit from byte `start` of the chunks on, as a value of its own."""
    cut = b""
    for chunk in chunks:
        if start < len(chunk):
            cut += chunk[start : start + _LITTLE - len(cut)]
        start = max(0, start - len(chunk))
    return cut

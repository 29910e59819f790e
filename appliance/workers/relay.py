"""A connection that stays in this process while another speaks for it: its bytes go to and fro through a socket."""

import asyncio
import socket
from collections.abc import Callable

from appliance.front_door import Handed
from appliance.stalling import Stalling


class Relay:
    """Carries what the client says to the far end of `through`, and back what is answered there.

    Neither side is read faster than the other takes. When one ends, so does the other, once it has taken what was
    said; the far end is the one that decides when.
    """

    def __init__(self, client: asyncio.Transport, through: socket.socket, ended: Callable[[Handed], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._client = client
        self._far: asyncio.Transport | None = None
        self._ended = ended
        self._open = 2
        self._gone = asyncio.Event()
        self._stalling = Stalling(client)
        # A client that has said its last word may still be answered; where TLS is used, that ends it at once.
        self._near_end = _End(self._lost, waits=client.can_write_eof())
        self._far_end = _End(self._lost, waits=False)
        self._far_end.other = client  # it may say something as soon as it is connected
        client.pause_reading()  # until there is somewhere to put it
        client.set_protocol(self._near_end)
        self._connecting = self._loop.create_task(self._connect(through))

    async def retire(self) -> None:
        """The far end is told by its own process."""

    def cut(self) -> None:
        """Close both sides now."""
        self._client.abort()
        if self._far is not None:
            self._far.abort()

    def expire(self, now: float, stall_seconds: float) -> None:
        """Close when the client has taken nothing for so long."""
        if self._stalling.is_over(now, stall_seconds):
            self.cut()

    async def gone(self) -> None:
        """Return once both sides are closed."""
        await self._gone.wait()

    async def _connect(self, through: socket.socket) -> None:
        transport, _ = await self._loop.connect_accepted_socket(lambda: self._far_end, through)
        self._far = self._near_end.other = transport
        if self._client.is_closing():
            transport.close()
        else:
            self._client.resume_reading()

    def _lost(self) -> None:
        self._open -= 1
        if not self._open:
            self._gone.set()
            self._ended(self)


class _End(asyncio.Protocol):
    """One side of a relay; `other` is the opposite one, once there is one. `waits`: for an answer to its last word."""

    def __init__(self, lost: Callable[[], None], *, waits: bool) -> None:
        self.other: asyncio.Transport | None = None
        self._lost = lost
        self._waits = waits

    def data_received(self, data: bytes) -> None:
        if self.other is None:
            raise RuntimeError("nothing is read before there is somewhere to put it")
        if not self.other.is_closing():
            self.other.write(data)

    def eof_received(self) -> bool:
        """Note that this side has said its last word; false closes it, and then the other."""
        if not self._waits or self.other is None or self.other.is_closing():
            return False
        self.other.write_eof()
        return True

    def pause_writing(self) -> None:
        if self.other is not None and not self.other.is_closing():
            self.other.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and not self.other.is_closing():
            self.other.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  (asyncio's signature)
        if self.other is not None:
            self.other.close()
        self._lost()

"""What stands behind a worker's door: the control plane's process, which gets whatever the lanes do not answer."""

import asyncio
import os
import socket
from collections.abc import Callable, Sequence
from typing import cast

from appliance.front_door import Handed
from appliance.serving.slow_lane import AsgiApp
from appliance.workers.far_app import FarApp
from appliance.workers.messages import Message, Plain, Through
from appliance.workers.relay import Relay

Send = Callable[[Message, Sequence[int]], None]
"""Sends a message with descriptors, which are closed once they are on their way."""


class FarSide:
    """Gives connections away: by their descriptor where that is all there is to them, else through a socket."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.app: AsgiApp = FarApp(send)

    def take(self, transport: asyncio.Transport, received: bytes, ended: Callable[[Handed], None]) -> Handed:
        """See `front_door.Behind`."""
        tls = transport.get_extra_info("ssl_object")
        if tls is None and not transport.get_write_buffer_size():
            return Passed(self._send, transport, received, ended)
        message = Through(
            received=received,
            peer=_end(transport.get_extra_info("peername")),
            own=_end(transport.get_extra_info("sockname")),
            tls=tls is not None,
            protocol=tls.selected_alpn_protocol() if tls is not None else None,
        )
        ours, theirs = socket.socketpair()
        self._send(message, [theirs.detach()])
        return Relay(transport, ours, ended)


class Passed(asyncio.Protocol):
    """A connection whose descriptor has been given away; what is left of it here ends at once."""

    def __init__(
        self, send: Send, transport: asyncio.Transport, received: bytes, ended: Callable[[Handed], None]
    ) -> None:
        self._ended = ended
        self._gone = asyncio.Event()
        transport.pause_reading()  # what comes now is for the other process to read
        descriptor = os.dup(transport.get_extra_info("socket").fileno())
        transport.set_protocol(self)
        transport.abort()  # closes our descriptor; the connection stays, as the other one is open
        send(Plain(received), [descriptor])

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  (asyncio's signature)
        """Our descriptor is closed."""
        self._gone.set()
        self._ended(self)

    async def retire(self) -> None:
        """It is on its way."""

    def cut(self) -> None:
        """It is on its way."""

    def expire(self, now: float, stall_seconds: float) -> None:
        """It is on its way."""

    async def gone(self) -> None:
        """Return once nothing of it is left here."""
        await self._gone.wait()


def _end(name: object) -> tuple[str, int]:
    """The address and port of one end, of whatever family."""
    if not isinstance(name, tuple):
        return "", 0
    return str(name[0]), int(cast("int", name[1]))

"""Connections that a worker has accepted and could not answer, on their way to Hypercorn in this process."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from appliance.workers.messages import Through

Adopt = Callable[[asyncio.Transport, bytes, str | None], None]
"""Takes a connection, what was received on it, and the address it counts for; None when a worker counts it."""


async def adopt_plain(adopt: Adopt, descriptor: int, received: bytes) -> None:
    """Take over a TCP connection by its descriptor."""
    connected = socket.socket(fileno=descriptor)
    try:
        address = str(connected.getpeername()[0])
    except OSError:  # the client has left
        connected.close()
        return
    loop = asyncio.get_running_loop()
    await loop.connect_accepted_socket(lambda: _Arrival(lambda found: adopt(found, received, address)), connected)


async def adopt_through(adopt: Adopt, descriptor: int, said: Through) -> None:
    """Take over a connection that a worker holds, through a socket."""
    loop = asyncio.get_running_loop()

    def arrived(transport: asyncio.Transport) -> None:
        adopt(Distant(transport, said), said.received, None)

    await loop.connect_accepted_socket(lambda: _Arrival(arrived), socket.socket(fileno=descriptor))


class Distant(asyncio.Transport):
    """A connection in another process, as if it were here: with the addresses and the TLS that it has there."""

    def __init__(self, through: asyncio.Transport, said: Through) -> None:
        extra: dict[str, Any] = {"peername": said.peer, "sockname": said.own, "socket": _Ends(said.peer, said.own)}
        if said.tls:
            extra["ssl_object"] = _Agreed(said.protocol)
        super().__init__(extra)
        self._through = through
        self._tls = said.tls

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send."""
        self._through.write(data)

    def write_eof(self) -> None:
        """Say our last word; TLS has none (NotImplementedError)."""
        if self._tls:
            raise NotImplementedError
        self._through.write_eof()

    def can_write_eof(self) -> bool:
        """Whether a side can be closed alone."""
        return not self._tls

    def close(self) -> None:
        """Close, once everything is sent."""
        self._through.close()

    def abort(self) -> None:
        """Close now."""
        self._through.abort()

    def is_closing(self) -> bool:
        """Whether it is closed, or about to be."""
        return self._through.is_closing()

    def pause_reading(self) -> None:
        """Read no more for now."""
        self._through.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        self._through.resume_reading()

    def get_write_buffer_size(self) -> int:
        """Bytes that were not taken yet."""
        return self._through.get_write_buffer_size()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Have another protocol told what happens."""
        self._through.set_protocol(protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Who is told what happens."""
        return self._through.get_protocol()


class _Arrival(asyncio.Protocol):
    """Hands a connection on as soon as it has a transport."""

    def __init__(self, arrived: Callable[[asyncio.Transport], None]) -> None:
        self._arrived = arrived

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._arrived(cast("asyncio.Transport", transport))  # uvloop's say no class, yet a socket has both directions


@dataclass(frozen=True, slots=True)
class _Ends:
    """What Hypercorn asks of a socket: where it leads."""

    peer: tuple[str, int]
    own: tuple[str, int]

    @property
    def family(self) -> socket.AddressFamily:
        return socket.AF_INET6 if ":" in self.own[0] else socket.AF_INET

    def getpeername(self) -> tuple[str, int]:
        return self.peer

    def getsockname(self) -> tuple[str, int]:
        return self.own


@dataclass(frozen=True, slots=True)
class _Agreed:
    """What Hypercorn asks of a TLS connection: the protocol that was agreed on."""

    protocol: str | None

    def selected_alpn_protocol(self) -> str | None:
        return self.protocol

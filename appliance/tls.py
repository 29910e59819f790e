"""The TLS entrance: connections are counted before they may shake hands, then go the same ways as plain ones."""

import asyncio
import logging
import os
import socket
import ssl
from typing import Protocol

from appliance.accepting import AT_ONCE, NO_SOCKETS_SECONDS, Accepting, Peer
from appliance.serving.door import Door
from appliance.serving.fast_lane import FastLane
from appliance.tls_transport import Contexts, Manner, SecureTransport

log = logging.getLogger(__name__)
log.addHandler(logging.NullHandler())  # silent until the program sets up logging

_FAREWELL_SECONDS = 2.0  # for a client to say good-bye in its turn (RFC 8446, 6.1)


class SecureDoor(Door, Protocol):
    """What the entrance needs of the front door."""

    def expect(self, lane: FastLane, address: str) -> bool:
        """A connection has come in that is not a lane's yet; false when it is one too many. `leave` ends it."""
        ...


class Greeting(Protocol):
    """A handshake under way."""

    def cancel(self) -> object:
        """Give it up."""
        ...


class SecureLane(FastLane):
    """A lane over TLS. Until hands are shaken it has no transport, only a task that may be cancelled."""

    __slots__ = ("_handshake",)
    secure = True

    def __init__(self, door: Door) -> None:
        super().__init__(door)
        self._handshake: Greeting | None = None

    def begin(self, handshake: "Greeting") -> None:
        """Hands are being shaken, for as long as a head may take."""
        self._handshake = handshake
        self._allow(self._door.limits.head_seconds)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hands are shaken: HTTP/2, where the client agreed to it, is Hypercorn's."""
        self._handshake = None
        super().connection_made(transport)
        agreed = transport.get_extra_info("ssl_object").selected_alpn_protocol()
        if agreed == "h2" and not self._refused:
            self._refused = True  # by this lane
            self._ready = None
            self._door.hand_over(self, self._transport, b"")

    def connection_lost(self, exc: Exception | None) -> None:
        """As a plain lane, also when hands have not been shaken."""
        if self._handshake is not None:
            _say_refused(self, str(exc))
        super().connection_lost(exc)

    def retire(self) -> None:
        """As a plain lane; who is shaking hands has asked for nothing yet."""
        if not self._cut():
            super().retire()

    def abort(self) -> None:
        """Close now."""
        if not self._cut():
            super().abort()

    def expire(self, now: float) -> None:
        """As a plain lane; a handshake that takes too long is given up."""
        if self._handshake is None:
            super().expire(now)
        elif now >= self._deadline:
            self._handshake.cancel()

    def _finish(self) -> None:
        """As a plain lane: a client that has asked for the end sends nothing that would have to be waited for."""
        if isinstance(self._transport, SecureTransport):
            self._transport.hurry()
        super()._finish()

    def _cut(self) -> bool:
        if self._handshake is None:
            return False
        self._loop.call_soon(self._handshake.cancel)  # not before its first step, in which the socket finds its owner
        return True


class Entrance:
    """Accepts on one listening socket, on the running loop, until `close`."""

    def __init__(self, door: SecureDoor, listening: socket.socket, first: Contexts) -> None:
        self._door = door
        self._manner = Manner(first, ssl.MemoryBIO(), _FAREWELL_SECONDS)
        self._accepting = Accepting(listening, self._welcome)

    def close(self) -> None:
        """Accept no more; the socket is closed."""
        self._accepting.close()

    def _welcome(self, descriptor: int, peer: Peer) -> None:
        """Shake hands on the socket itself."""
        lane = SecureLane(self._door)
        lane.address = str(peer[0])
        if not self._door.expect(lane, lane.address):
            os.close(descriptor)
            return
        transport = SecureTransport(descriptor, peer, lane, self._manner)
        lane.begin(transport)
        transport.begin()


class LoopEntrance:
    """The same where the loop cannot watch sockets: asyncio speaks TLS."""

    def __init__(self, door: SecureDoor, listening: socket.socket, first: Contexts) -> None:
        self._door = door
        self._listening = listening
        self._first = first
        self._loop = asyncio.get_running_loop()
        self._handshakes: set[asyncio.Task[None]] = set()
        self._accepting = self._loop.create_task(self._accept())

    def close(self) -> None:
        """Accept no more; the socket is closed."""
        self._accepting.cancel()
        self._accepting.add_done_callback(lambda _: self._listening.close())

    async def _accept(self) -> None:
        welcomed = 0
        while True:
            try:
                connection, where = await self._loop.sock_accept(self._listening)
            except OSError as error:  # no descriptors left, or the client has gone already
                log.warning("accept_failed", extra={"reason": str(error)})
                await asyncio.sleep(NO_SOCKETS_SECONDS)
                continue
            self._welcome(connection, str(where[0]))
            welcomed += 1
            if welcomed % AT_ONCE == 0:
                await asyncio.sleep(0)

    def _welcome(self, connection: socket.socket, address: str) -> None:
        lane = SecureLane(self._door)
        lane.address = address
        if not self._door.expect(lane, address):
            connection.close()
            return
        handshake = self._loop.create_task(self._shake_hands(lane, connection))
        self._handshakes.add(handshake)
        handshake.add_done_callback(self._handshakes.discard)
        lane.begin(handshake)

    async def _shake_hands(self, lane: SecureLane, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(
                lambda: lane,
                connection,
                ssl=self._first(),
                ssl_handshake_timeout=self._door.limits.head_seconds,
                ssl_shutdown_timeout=_FAREWELL_SECONDS,
            )
        except (OSError, asyncio.CancelledError) as error:  # no TLS, no certificate for them, or no time left
            _say_refused(lane, str(error))
            self._door.leave(lane)


def _say_refused(lane: SecureLane, reason: str) -> None:
    log.debug("handshake_failed", extra={"address": lane.address, "reason": reason})

"""The listening sockets: every connection starts in the fast lane, and what that cannot answer goes behind."""

import asyncio
import socket
import sys
from collections.abc import Callable
from functools import partial
from typing import Protocol

from appliance.accepting import Accepting, Peer, attune
from appliance.letting_in import welcome
from appliance.serving.bodies import Bodies
from appliance.serving.counters import Counters
from appliance.serving.crowd import Crowd
from appliance.serving.essence import Essence
from appliance.serving.fast_lane import FastLane
from appliance.serving.h2.lane import Http2Lane, is_preface
from appliance.serving.h2.replies import Blocks
from appliance.serving.heads import HeadReader
from appliance.serving.http_date import DateLine
from appliance.serving.limits import DoorLimits
from appliance.serving.memory import Memory
from appliance.serving.slow_lane import AsgiApp
from appliance.serving.table import Table
from appliance.serving.visitor import Reception
from appliance.tls import Entrance, LoopEntrance
from appliance.tls_transport import Contexts

__all__ = ["DoorLimits", "FrontDoor"]

Lane = FastLane | Http2Lane
Server = asyncio.Server | Accepting | Entrance | LoopEntrance

_DIRECT = sys.platform != "win32"  # whose loop cannot watch sockets

_SHORTEST_LOOK, _LONGEST_LOOK = 0.02, 1.0  # seconds between looks for connections whose time is up


class Handed(Protocol):
    """A connection that is no lane's any more."""

    async def retire(self) -> None:
        """Finish the requests under way and close; at once when there are none."""
        ...

    def cut(self) -> None:
        """Close now, whatever is under way."""
        ...

    def expire(self, now: float, stall_seconds: float) -> None:
        """Close when its reader has taken nothing for `stall_seconds`. Called every now and then."""
        ...

    async def gone(self) -> None:
        """Return once nothing of it is left running, however it ended."""
        ...


class Behind(Protocol):
    """What stands behind the door and answers all that the lanes do not."""

    app: AsgiApp
    """The same for single requests, of connections that a lane goes on with."""

    def take(self, transport: asyncio.Transport, received: bytes, ended: Callable[[Handed], None]) -> Handed:
        """Take a connection for good, from the first byte of a request that was not answered.

        `ended` is called once, later, when nothing of it is left here.
        """
        ...


class FrontDoor:
    """Accepts connections and owns them until they end.

    All values are shared with the rest of the program and used on the event loop that `open` runs on.
    """

    def __init__(  # noqa: PLR0913  (what it is wired to, each by name)
        self,
        *,
        table: Table,
        behind: Behind,
        bodies: Bodies,
        counters: Counters,
        limits: DoorLimits | None = None,
        reception: Reception | None = None,
        crowd: Crowd | None = None,
    ) -> None:
        self.table = table
        self.bodies = bodies
        self.counters = counters
        self.limits = limits or DoorLimits()
        self.reception = reception or Reception()
        self.strict = self.reception.policy.line
        self.heads = HeadReader()
        self.date = DateLine()
        essence = Essence(self.limits.head)
        self.memory = {secure: Memory(table, bodies, counters, self.date, essence) for secure in (False, True)}
        self.blocks = Blocks(self.date, self.strict)
        self.app = behind.app
        self._behind = behind
        self._servers: list[Server] = []
        self._lanes: set[Lane] = set()
        self._handed: dict[Handed, str | None] = {}  # to the address each was counted under, None for elsewhere
        self.crowd = crowd or Crowd(self.limits.connections, self.limits.connections_per_address)
        self._empty = asyncio.Event()
        self._clock: asyncio.Task[None] | None = None  # looks for those whose time is up
        self._closing = False

    async def open(self, sockets: list[socket.socket]) -> list[Server]:
        """Listen on bound TCP sockets, which then belong to the door; raises OSError when one cannot listen."""
        loop = asyncio.get_running_loop()
        if self._clock is None:
            self._clock = loop.create_task(self._watch_times())
        opened: list[Server] = []
        for listening in sockets:
            attune(listening)
            if _DIRECT:
                listening.listen(self.limits.backlog)
                opened.append(Accepting(listening, self._welcome))
            else:
                make = partial(FastLane, self)
                opened.append(await loop.create_server(make, sock=listening, backlog=self.limits.backlog))
        self._servers += opened
        return opened

    def open_tls(self, sockets: list[socket.socket], first: Contexts) -> list[Server]:
        """Listen on bound TCP sockets for TLS; after `open`. They belong to the door."""
        opened: list[Server] = []
        for listening in sockets:
            attune(listening)
            if _DIRECT:
                opened.append(Entrance(self, listening, first))
            else:
                opened.append(LoopEntrance(self, listening, first))
        self._servers += opened
        return opened

    def shut(self, servers: list[Server]) -> None:
        """Accept no more where these listen; what they have accepted goes on."""
        for server in servers:
            server.close()
            self._servers.remove(server)

    def adopt(self, transport: asyncio.Transport, received: bytes, address: str | None) -> None:
        """Hand over a connection that another process has accepted; `address` is None when that one counts it."""
        if address is not None:
            self.counters.opened += 1
            self.crowd.enter(address)
        handed = self._behind.take(transport, received, self._handed_ended)
        self._handed[handed] = address
        if self._closing:
            handed.cut()

    async def close(self, grace: float) -> None:
        """Stop accepting and close idle connections at once; cut what is not answered after `grace` seconds."""
        self._closing = True
        for server in self._servers:
            server.close()
        for lane in list(self._lanes):
            lane.retire()
        for handed in list(self._handed):
            await handed.retire()
        try:
            async with asyncio.timeout(grace):
                await self._all_gone()
        except TimeoutError:
            await self._cut()
        if self._clock is not None:
            self._clock.cancel()

    def _welcome(self, descriptor: int, peer: Peer) -> None:
        welcome(self, descriptor, peer)

    # What follows is for the lanes (serving.fast_lane.Door).

    def admit(self, lane: FastLane, address: str) -> bool:
        """Count a connection in; false when the door is closing, full, or has enough of this address."""
        return lane in self._lanes or self.expect(lane, address)

    def expect(self, lane: FastLane, address: str) -> bool:
        """Count a connection in before it is made, which `admit` will be asked for again."""
        if self._closing or not self.crowd.has_room(address):
            self.counters.refused += 1
            return False
        self._lanes.add(lane)
        self.crowd.enter(address)
        self.counters.accepted += 1
        self.counters.opened += 1
        return True

    def leave(self, lane: Lane) -> None:
        """Count a connection out; those that were never admitted are not counted."""
        if lane in self._lanes:
            self._lanes.discard(lane)
            self._left(lane.address)

    def hand_over(self, lane: FastLane, transport: asyncio.Transport, received: bytes) -> None:
        """Give the connection to HTTP/2's lane, or away, beginning with the bytes of the unanswered request."""
        if received and not is_preface(received):
            self.give_away(lane, transport, received)
            return
        second = Http2Lane(self, transport, lane.address)
        self._lanes.discard(lane)
        self._lanes.add(second)
        second.start(received)

    def give_away(self, lane: Lane, transport: asyncio.Transport, received: bytes) -> None:
        """Give the connection to what stands behind the door, for good."""
        self._lanes.discard(lane)
        self.counters.handed_over += 1
        self._handed[self._behind.take(transport, received, self._handed_ended)] = lane.address

    def _handed_ended(self, handed: Handed) -> None:
        self._left(self._handed.pop(handed))

    def _left(self, address: str | None) -> None:
        if address is not None:
            self.counters.opened -= 1
            self.crowd.leave(address)
        if not self._lanes and not self._handed:
            self._empty.set()

    async def _all_gone(self) -> None:
        while self._lanes or self._handed:
            self._empty.clear()
            await self._empty.wait()

    async def _cut(self) -> None:
        for lane in list(self._lanes):
            lane.abort()
        handed = list(self._handed)
        for each in handed:
            each.cut()
        await asyncio.gather(*(each.gone() for each in handed))
        await asyncio.sleep(0)  # the lanes hear of their end in the loop's next round

    async def _watch_times(self) -> None:
        """Look at every connection now and then: cheaper than a timer for each request."""
        limits, loop = self.limits, asyncio.get_running_loop()
        shortest = min(limits.head_seconds, limits.keep_alive_seconds, limits.stall_seconds)
        while True:
            await asyncio.sleep(max(_SHORTEST_LOOK, min(_LONGEST_LOOK, shortest / 4)))
            now = loop.time()
            for lane in list(self._lanes):
                lane.expire(now)
            for handed in list(self._handed):
                handed.expire(now, limits.stall_seconds)

"""What the lanes need of the front door."""

import asyncio
from typing import TYPE_CHECKING, Protocol

from appliance.serving.bodies import Bodies
from appliance.serving.counters import Counters
from appliance.serving.heads import HeadReader
from appliance.serving.http_date import DateLine
from appliance.serving.limits import DoorLimits
from appliance.serving.memory import Memory
from appliance.serving.table import Table
from appliance.serving.visitor import Reception

if TYPE_CHECKING:  # the lane in turn needs this
    from appliance.serving.fast_lane import FastLane


class Door(Protocol):
    """What a lane needs; the values are shared by all its connections."""

    table: Table
    bodies: Bodies
    counters: Counters
    limits: DoorLimits
    heads: HeadReader
    memory: dict[bool, Memory]  # by whether the visitor's connection is TLS
    date: DateLine
    reception: Reception
    strict: bytes  # the Strict-Transport-Security line, or nothing

    def admit(self, lane: "FastLane", address: str) -> bool:
        """A connection has come in; false when it is one too many."""
        ...

    def leave(self, lane: "FastLane") -> None:
        """The connection has ended."""
        ...

    def hand_over(self, lane: "FastLane", transport: asyncio.Transport, received: bytes) -> None:
        """Take the connection for good; `received` begins at the first byte of an unanswered request."""
        ...

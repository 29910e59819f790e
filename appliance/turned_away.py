"""Tells operators of connections that the door refused: visitors who find it closed tell nobody."""

import structlog

from appliance.serving.counters import Counters
from appliance.serving.limits import DoorLimits

EVERY = 60.0  # seconds between two looks, and at least between two lines

log = structlog.get_logger(__name__)


class TurnedAway:
    """Knows how many were refused when it last looked; `counters` are those of all processes together."""

    def __init__(self, counters: Counters, limits: DoorLimits) -> None:
        self._counters = counters
        self._limits = limits
        self._told = counters.refused

    async def tell(self) -> None:
        """A line where there were more since, with how many connections there may be at a time."""
        refused = self._counters.refused - self._told
        if refused:
            self._told += refused
            most, of_one = self._limits.connections, self._limits.connections_per_address
            log.warning("connections_refused", refused=refused, connections=most, connections_per_address=of_one)

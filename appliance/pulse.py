"""How late the event loop comes to what is due: for so long every visitor of this process waits."""

import asyncio
import time
from collections.abc import Callable

from appliance.beside import Beside

EVERY = 0.05  # seconds between two looks: 20 wake-ups a second, which an idle processor hardly notices


class Pulse(Beside):
    """Looks at the time again and again between `start` and `stop`, and tells by how many seconds it was late."""

    def __init__(self, tell: Callable[[float], None]) -> None:
        self._tell = tell

    async def _go_on(self) -> None:
        while True:
            due = time.monotonic() + EVERY  # the loop's own time is that at which this turn of it began
            await asyncio.sleep(EVERY)
            self._tell(max(0.0, time.monotonic() - due))

"""Housekeeping that is done when the server starts, and now and then after that."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from appliance.beside import Beside

log = structlog.get_logger(__name__)


class NowAndThen(Beside):
    """Does `work` every so many seconds between `start` and `stop`; where it fails, the log says so, and it goes on."""

    def __init__(self, name: str, work: Callable[[], Awaitable[object]], seconds: float) -> None:
        self._name = name
        self._work = work
        self._seconds = seconds

    async def _go_on(self) -> None:
        while True:
            try:
                await self._work()
            except Exception:
                log.exception("housekeeping_failed", work=self._name)
            await asyncio.sleep(self._seconds)

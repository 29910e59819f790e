"""Housekeeping that is done when the server starts, and now and then after that."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger(__name__)


class NowAndThen:
    """Does `work` every so many seconds between `start` and `stop`; where it fails, the log says so, and it goes on."""

    def __init__(self, name: str, work: Callable[[], Awaitable[object]], seconds: float) -> None:
        self._name = name
        self._work = work
        self._seconds = seconds
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Do it now, and now and then."""
        self._task = asyncio.create_task(self._go_on())

    async def stop(self) -> None:
        """Do it no more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _go_on(self) -> None:
        while True:
            try:
                await self._work()
            except Exception:
                log.exception("housekeeping_failed", work=self._name)
            await asyncio.sleep(self._seconds)

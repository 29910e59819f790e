"""Forgets entries of the audit log that are older than the operator wants them."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime

import structlog
from tortoise.exceptions import BaseORMException

from appliance import audit

log = structlog.get_logger(__name__)

EVERY = 86_400.0  # seconds: an age is counted in days


class AuditKeeping:
    """Looks after the audit log; `start` and `stop` are the server's. With an `age` of 0 s nothing is forgotten."""

    def __init__(self, age: float, now: Callable[[], datetime]) -> None:
        self._age = age
        self._now = now
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Forget now, and once a day."""
        if self._age:
            self._task = asyncio.create_task(self._go_on())

    async def stop(self) -> None:
        """Forget no more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _go_on(self) -> None:
        while True:
            try:
                gone = await audit.prune(self._now(), self._age)
                if gone:
                    log.info("audit_entries_forgotten", entries=gone)
            except BaseORMException:
                log.exception("audit_log_not_pruned")
            await asyncio.sleep(EVERY)

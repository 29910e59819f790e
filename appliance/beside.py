"""What goes on beside requests for as long as the server runs: begun once, ended with it."""

import asyncio
import contextlib
from abc import ABC, abstractmethod


class Beside(ABC):
    """Work of the event loop between `start` and `stop`, which are the server's."""

    _task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._go_on())

    async def stop(self) -> None:
        """End it, whatever it is at; returns when it has ended."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    @abstractmethod
    async def _go_on(self) -> None:
        """The work; it has no end of its own."""

"""The build children of a server that runs in a test's own process."""

import asyncio
from collections.abc import Callable

import psutil

from tests.presses import presses


def build_children() -> list[psutil.Process]:
    """Those that run now."""
    return [child for child in psutil.Process().children() if child.pid not in presses().pids]


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what has no event."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - the condition has no event
            await asyncio.sleep(0.01)

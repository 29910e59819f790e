"""Waiting for something to be so."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def until(look: Callable[[], Awaitable[T | None]], seconds: float = 60) -> T:
    """What `look` finds in the end; TimeoutError when it never does."""
    async with asyncio.timeout(seconds):
        while (found := await look()) is None:  # noqa: ASYNC110 - another program's doing: there is no event to wait for
            await asyncio.sleep(0.02)
    return found

"""The event loop that servers run on: uvloop where it exists, plain asyncio elsewhere."""

import asyncio
import sys
from collections.abc import Callable

if sys.platform != "win32":  # there the same code runs on plain asyncio
    import uvloop


def factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """What makes a loop, for `asyncio.Runner`."""
    return asyncio.new_event_loop if sys.platform == "win32" else uvloop.new_event_loop

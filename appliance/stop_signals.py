"""What ends the server from outside: SIGTERM and SIGINT."""

import asyncio
import signal


def heard() -> asyncio.Event:
    """Set once one of them has come; to be called on the running loop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    return stop

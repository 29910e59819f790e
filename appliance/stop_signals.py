"""What ends the server from outside: SIGTERM, SIGINT, and SIGHUP, which comes when a terminal or a login ends."""

import asyncio
import signal
import sys


def heard() -> asyncio.Event:
    """Set once one of them has come; to be called on the running loop. What `nohup` has us ignore stays ignored."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _heard():
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    return stop


def _heard() -> list[signal.Signals]:
    numbers = [signal.SIGTERM, signal.SIGINT]
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    return numbers

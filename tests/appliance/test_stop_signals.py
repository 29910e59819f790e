"""What ends a server from outside, and what is not to."""

import asyncio
import signal
import subprocess
import sys

import pytest

from appliance.stop_signals import heard

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")

WAITS = """
import asyncio, os, signal
from appliance.stop_signals import heard

async def main():
    stop = heard()
    os.kill(os.getpid(), signal.SIGHUP)
    await asyncio.wait_for(stop.wait(), 30)

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # as where no `nohup` is
asyncio.run(main())
print("ended well")
"""


def test_a_terminal_that_is_closed_stops_it_as_others_do() -> None:
    done = subprocess.run([sys.executable, "-c", WAITS], capture_output=True, text=True, check=False, timeout=60)

    assert (done.returncode, done.stdout) == (0, "ended well\n"), done.stderr


async def test_what_nohup_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    loop = asyncio.get_running_loop()
    try:
        heard()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
        signal.signal(signal.SIGHUP, before)

"""What the sandbox costs a build: a command that does nothing, in the sandbox and as it is; milliseconds.

python -m tests.benchmarks.sandbox
"""

import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from builds.sandbox.probe import probe
from builds.sandbox.values import Bounds, Command, Wishes

TIMES = 30


def overhead() -> tuple[float, float]:
    """Median milliseconds of a command in the best sandbox that works here, and of the same without; taken in turn."""
    sandbox = probe(Wishes())
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place).resolve()
        command = Command(("/bin/true",), folder, {}, (folder,))

        def confined() -> None:
            sandbox.run(command, Bounds(), lambda _: None, threading.Event())

        def plain() -> None:
            subprocess.run(["/bin/true"], check=True)

        pairs = [(milliseconds(confined), milliseconds(plain)) for _ in range(TIMES)]
    return statistics.median(one for one, _ in pairs), statistics.median(other for _, other in pairs)


def milliseconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    inside, outside = overhead()
    print(f"sandbox {inside:.1f} ms, without {outside:.1f} ms: {inside - outside:.1f} ms a command (target: under 50)")

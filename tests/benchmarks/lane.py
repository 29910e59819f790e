"""What answering costs in the interpreter alone: the fast lane without a network, and a head's essence.

Run by hand: `python -m tests.benchmarks.lane`. CPU time of this process, so that others on the machine count for less
than in `tests.benchmarks.serve`; the best of several rounds. Judges nothing.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import uvloop

from appliance.front_door import FrontDoor
from appliance.handed_over import Hypercorn
from appliance.serving.bodies import Bodies
from appliance.serving.counters import Counters
from appliance.serving.essence import Essence
from appliance.serving.fast_lane import FastLane
from appliance.serving.limits import DoorLimits
from appliance.serving.table import Table
from tests.benchmarks.load import BROWSER
from tests.benchmarks.servers import SIZES
from tests.serving.lanes import echo, release

TIMES, ROUNDS = 20_000, 7

_FIELDS = "".join(f"{name}: {value}\r\n" for name, value in BROWSER.items())


class Nowhere(asyncio.Transport):
    """Takes everything at once, as a fast reader's socket does."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 1) if name == "peername" else default

    def is_closing(self) -> bool:
        return False

    def write(self, data: object) -> None:
        """Drop it."""

    def writelines(self, list_of_data: Iterable[object]) -> None:
        """Drop all of it."""

    def take(self, chunks: Iterable[bytes]) -> int:
        return sum(map(len, chunks))

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        """Nobody sends."""

    def resume_reading(self) -> None:
        """Nobody sends."""

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """There is no buffer."""


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="dropdock-bench-") as folder:
        door = _door(Path(folder))
        lane = FastLane(door)
        lane.connection_made(Nowhere())
        for name, size in SIZES.items():
            for _ in range(4):  # until it is known, in memory, and ready
                lane.data_received(_head(size))
                await asyncio.sleep(0.1)
            show(f"{name}, again", partial(_ask, lane, memoryview(_head(size))))
        numbers, small = count(), SIZES["1 KB"]
        show("1 KB, no head twice", lambda: lane.data_received(_head(small, next(numbers))))
        essence = Essence()
        show("the essence of a head", lambda: essence.of(_head(small, next(numbers))))
        show("what is left of it by its names", lambda: essence.slim(_head(small, next(numbers))))
        show("making up a head, which is in both", lambda: _head(small, next(numbers)))
        door.bodies.close()


def _door(folder: Path) -> FrontDoor:
    table = Table()
    table.put("site.localhost", release(folder, {f"{size}.html": os.urandom(size) for size in SIZES.values()}))
    behind = Hypercorn(echo, DoorLimits())
    return FrontDoor(table=table, behind=behind, bodies=Bodies(), counters=Counters())


def _ask(lane: FastLane, head: memoryview) -> None:
    lane.data_received(bytes(head))  # anew, for what a value's hash is would be known the second time


def _head(size: int, number: int | None = None) -> bytes:
    more = "" if number is None else f"X-Request: {number}\r\n"
    return f"GET /{size}.html HTTP/1.1\r\nHost: site.localhost\r\n{_FIELDS}{more}\r\n".encode()


def show(what: str, work: Callable[[], object]) -> None:
    rounds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(TIMES):
            work()
        rounds.append((time.process_time() - began) / TIMES)
    print(f"{what:<36} {min(rounds) * 1e6:6.2f} µs", flush=True)


if __name__ == "__main__":
    uvloop.run(main())

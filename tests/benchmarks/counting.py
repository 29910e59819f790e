"""What counting and the access log cost a request on the event loop, and a line in the thread that writes it.

Run by hand: `python -m tests.benchmarks.counting`.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from timeit import repeat

from appliance.access_log import AccessLog, Line, as_json, common
from appliance.serving.counters import Counters
from appliance.serving.visitor import Asked

TIMES = 100_000
ASKED = Asked("203.0.113.9", b"shop.localhost", b"GET", b"/assets/app.js?v=1", "1.1")


def main() -> None:
    counters = Counters()
    for number in range(10_000):
        counters.visited(f"site-{number}", 200, 1, b"/")
    show("count a visit", lambda: counters.visited("site-77", 200, 1200, b"/"))
    show("count a visit that found nothing", lambda: counters.visited("site-77", 404, 1200, b"/missing?x"))
    with tempfile.TemporaryDirectory() as folder:
        log = AccessLog(common, Path(folder) / "access.log")

        def note() -> None:
            log.note(ASKED, 200, 1200)
            log._waiting.clear()

        show("note a visit for the access log", note)
        show("say what was asked, for the log", lambda: Asked("203.0.113.9", b"shop", b"GET", b"/", "1.1"))
    line = Line(time.time(), ASKED, 200, 1200)
    show("write a common line, in the thread", lambda: common(line))
    show("write a JSON line, in the thread", lambda: as_json(line))


def show(what: str, work: Callable[[], object]) -> None:
    best = min(repeat(work, number=TIMES, repeat=5)) / TIMES
    print(f"{what:<36} {best * 1e6:6.2f} µs")


if __name__ == "__main__":
    main()

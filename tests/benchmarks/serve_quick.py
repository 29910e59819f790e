"""What one request costs the fast lane: CPU time of the serving thread, for a page of 1.2 KB and a file of 1 MB.

Run by hand: `python -m tests.benchmarks.serve_quick [requests]`. Clients share the machine, so wall-clock time would
say little; the CPU time of the server's own thread is what a core can be filled with.
"""

import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.serving.lanes import SITE, HandedOver, Http1, Plane, release, running

PAGE = b"<!doctype html><title>page</title>" + b"<p>text</p>" * 106  # 1.2 KB
LARGE = os.urandom(1 << 20)
CONNECTIONS = 16  # ask at the same time
BROWSER = b"".join(
    b"%s: %s\r\n" % pair
    for pair in [
        (b"User-Agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
        (b"Accept", b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
        (b"Accept-Language", b"en-US,en;q=0.5"),
        (b"Accept-Encoding", b"gzip, deflate, br, zstd"),
        (b"Sec-Fetch-Dest", b"document"),
        (b"Sec-Fetch-Mode", b"navigate"),
        (b"Sec-Fetch-Site", b"none"),
    ]
)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory() as folder, running() as plane:
        files = {"index.html": PAGE, "large.bin": LARGE}
        for number in range(1000):
            plane.put(f"site-{number}.localhost", release(Path(folder), files))
        plane.put(SITE.decode(), release(Path(folder), files))
        small, browser = request(b"/"), request(b"/", BROWSER)
        report("fast lane, 1.2 KB, few headers", plane, Http1, small, count)
        report("fast lane, 1.2 KB, a browser's headers", plane, Http1, browser, count)
        report("fast lane, 1 MB", plane, Http1, request(b"/large.bin"), count // 50)
        report("Hypercorn, 1.2 KB, few headers", plane, HandedOver, small, count // 20)


def request(target: bytes, headers: bytes = b"") -> bytes:
    return b"GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n" % (target, SITE, headers)


def report(what: str, plane: Plane, lane: type[Http1], asked: bytes, count: int) -> None:
    before = plane.call(cpu())
    client = multiprocessing.get_context("spawn").Process(target=ask, args=(plane.port, lane, asked, count))
    client.start()
    client.join()
    spent = plane.call(cpu()) - before
    print(f"{what:42} {spent / count * 1e6:8.1f} µs of CPU a request")


def ask(port: int, lane: type[Http1], asked: bytes, count: int) -> None:
    """The client: a process of its own, so that it does not share the server's interpreter lock."""
    visitors = [lane(port) for _ in range(CONNECTIONS)]
    for _ in range(count // CONNECTIONS):
        for visitor in visitors:
            visitor.send(asked)
        for visitor in visitors:
            visitor.read()
    for visitor in visitors:
        visitor.socket.close()


async def cpu() -> float:
    return time.clock_gettime(time.CLOCK_THREAD_CPUTIME_ID)


if __name__ == "__main__":
    main()

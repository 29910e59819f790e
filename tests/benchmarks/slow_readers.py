"""By how much the server grows when many visitors ask for a large file and hardly read.

    python -m tests.benchmarks.slow_readers [--readers N] [--size MB] [--seconds S]

Every visitor asks for the whole file, takes a few kilobytes now and then, and so keeps the answer under way. Prints
the growth of the server's resident memory at its peak; the sockets' own buffers are the kernel's. Judges nothing.
"""

import argparse
import resource
import selectors
import socket
import tempfile
import time
from pathlib import Path

import psutil

from tests.benchmarks.servers import dropdock, make_sites

FILES_OPEN_BESIDES = 100
SIP = 4_096  # bytes that a slow reader takes at a time


def main() -> None:
    """Let them read, and look at the memory."""
    options = _options()
    _allow_open_files(options.readers + FILES_OPEN_BESIDES)
    with tempfile.TemporaryDirectory(prefix="dropdock-bench-") as scratch:
        sites = make_sites(Path(scratch), 1, {"large.bin": options.size * 1_000_000})
        with dropdock(sites) as server:
            process = psutil.Process(server.pids[0])
            _ask(server.port).close()  # the site is loaded by its first request
            time.sleep(1)
            before = process.memory_info().rss
            readers = [_ask(server.port) for _ in range(options.readers)]
            peak = _sip(readers, process, options.seconds)
            for reader in readers:
                reader.close()
    grown = (peak - before) / 1e6
    each = grown * 1e3 / options.readers
    print(f"{options.readers} slow readers of {options.size} MB: the server grew by {grown:.1f} MB, {each:.0f} KB each")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=1_000)
    parser.add_argument("--size", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=10)
    return parser.parse_args()


def _allow_open_files(number: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < number:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(number, hard), hard))


def _ask(port: int) -> socket.socket:
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    reader.connect(("127.0.0.1", port))
    reader.sendall(b"GET /large.bin HTTP/1.1\r\nHost: site-0.localhost\r\n\r\n")
    return reader


def _sip(readers: list[socket.socket], process: psutil.Process, seconds: float) -> int:
    """Take a little from everybody, again and again; the server's memory at its peak."""
    peak, end = 0, time.monotonic() + seconds
    with selectors.DefaultSelector() as ready:
        for reader in readers:
            ready.register(reader, selectors.EVENT_READ)
        while time.monotonic() < end:
            for key, _ in ready.select(0.2):
                assert isinstance(key.fileobj, socket.socket)
                if not key.fileobj.recv(SIP):
                    raise SystemExit("the server closed a connection that was being read")
            peak = max(peak, process.memory_info().rss)
    return peak


if __name__ == "__main__":
    main()

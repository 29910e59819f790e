"""A real server in a process of its own, a wire to it that counts and can cut, and the real clients run against it."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.builders import Served, served
from tests.clients.node import Package, command, node
from tests.fresh import lay_operator

CLIENT_SECONDS = 300  # a client starts for seconds, and retries what a cut connection took from it


class Cut(Exception):
    """Raised by what is done on the way: both ends of the connection are lost there and then."""


class Wire:
    """A TCP relay before the server, on a port that outlives it: counts what clients send, and can act on the way."""

    def __init__(self) -> None:
        self.port_behind = 0
        self.sent = 0  # bytes, by clients
        self._at = -1
        self._then: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def when_sent(self, more: int, then: Callable[[], None]) -> None:
        """Do this once, when clients have sent so many bytes more."""
        with self._lock:
            self._at, self._then = self.sent + more, then

    def close(self) -> None:
        """Accept no more. The thread ends first: else it may go on, at a descriptor that is the next wire's by then."""
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listening.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError), self._reach() as server:
            server.settimeout(None)
            back = threading.Thread(target=self._pump, args=(server, client, lambda _: None), daemon=True)
            back.start()
            try:
                self._pump(client, server, self._count)
            except Cut:
                for end in (client, server):
                    end.shutdown(socket.SHUT_RDWR)  # which ends the way back, too
            back.join()

    def _reach(self) -> socket.socket:
        """A connection to the server. Where there is none, a client sees a reset: that this was no server's is told."""
        try:
            return socket.create_connection(("127.0.0.1", self.port_behind), timeout=30)
        except OSError as error:
            print(f"No server is behind the wire, at port {self.port_behind}: {error}", file=sys.stderr)
            raise

    def _pump(self, source: socket.socket, target: socket.socket, note: Callable[[int], None]) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                note(len(piece))
                target.sendall(piece)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def _count(self, size: int) -> None:
        with self._lock:
            self.sent += size
            due = 0 <= self._at <= self.sent
            if due:
                self._at = -1
        if due:
            self._then()


@dataclass
class Host:
    """A server behind a wire, one that can be killed and started again, with a personal token."""

    data: Path
    token: str
    wire: Wire
    stack: contextlib.ExitStack
    server: Served = field(init=False)

    def start(self) -> None:
        self.server = self.stack.enter_context(served(self.data))
        self.wire.port_behind = self.server.port

    def page(self, site: str, path: str = "/") -> httpx.Response:
        """What a visitor gets; `site` is the label before the base: a site, or `alias--site`."""
        url = f"http://127.0.0.1:{self.server.port}{path}"
        return httpx.get(url, headers={"host": f"{site}.localhost:{self.server.port}"}, timeout=60)

    def client(self) -> httpx.Client:
        """A client of our API."""
        headers = {"authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=f"http://localhost:{self.server.port}", headers=headers, timeout=60)


@contextlib.contextmanager
def host(data: Path) -> Iterator[Host]:
    """A server with one account, until the block ends."""
    token = lay_operator(data)
    with contextlib.ExitStack() as stack:
        wire = Wire()
        stack.callback(wire.close)
        made = Host(data, token, wire, stack)
        made.start()
        yield made


@dataclass(frozen=True)
class Said:
    """How a client's run ended, and what it sent."""

    status: int
    output: str
    sent: int


@dataclass(frozen=True)
class Terminal:
    """Where a client is run: a home of its own, and none of this machine's environment."""

    home: Path
    folder: Path
    wire: Wire
    environment: Mapping[str, str]

    def run(self, package: Package, *arguments: str) -> Said:
        """Run a client to its end."""
        before = self.wire.sent
        finished = subprocess.run(
            [*command(package), *arguments],
            cwd=self.folder,
            env={**QUIET, "HOME": str(self.home), "PATH": f"{node().parent}:{os.environ['PATH']}", **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=CLIENT_SECONDS,
            check=False,
        )
        return Said(finished.returncode, finished.stdout, self.wire.sent - before)


QUIET = {"CI": "true", "NO_COLOR": "1", "LANG": "C.UTF-8", "NO_UPDATE_NOTIFIER": "1"}

"""Visitors who never stop asking, and remember what they should not have got."""

import contextlib
import http.client
import random
import threading
import time
from collections.abc import Sequence

from tests.builders import Served
from tests.faults.model import PATHS, SiteModel

DYING = 20.0  # seconds a server gets to have ended after a connection of its was cut


class Visitors:
    """Threads that fetch every file of every site from the server `at` hand, while there is one."""

    def __init__(self, sites: Sequence[SiteModel], count: int, seed: int) -> None:
        self.wrong: list[str] = []
        self.answers = 0
        self._sites = sites
        self._server: Served | None = None
        self._is_here = threading.Event()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._visit, args=(random.Random(seed + n),)) for n in range(count)]
        for thread in self._threads:
            thread.start()

    def come_to(self, server: Served) -> None:
        """A server is there."""
        self._server = server
        self._is_here.set()

    def leave(self) -> None:
        """It is not any more."""
        self._is_here.clear()

    def end(self) -> None:
        """Let every visitor go home."""
        self._over.set()
        self._is_here.set()
        for thread in self._threads:
            thread.join(60)

    def _visit(self, chance: random.Random) -> None:
        while not self._over.is_set():
            self._is_here.wait()
            server = self._server
            if server is not None and server.process.poll() is None and not self._over.is_set():
                self._stay(server, chance)
            time.sleep(0.01)

    def _stay(self, server: Served, chance: random.Random) -> None:
        """Ask over one connection, until it or the server ends."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
            try:
                for _ in range(50):
                    if self._over.is_set():
                        return
                    self._ask(connection, server, chance)
                    time.sleep(0.01)  # two cores are for the server too
            except (OSError, http.client.HTTPException) as error:
                if not _has_ended(server):
                    self.wrong.append(f"a visitor's connection failed while the server lived: {error!r}")

    def _ask(self, connection: http.client.HTTPConnection, server: Served, chance: random.Random) -> None:
        site, path = chance.choice(self._sites), chance.choice(PATHS)
        address = "/" if path == "index.html" else f"/{path}"
        connection.request("GET", address, headers={"Host": f"{site.name}.localhost:{server.port}"})
        answer = connection.getresponse()
        body = answer.read()
        self.answers += 1
        if answer.status != 200:
            self.wrong.append(f"a visitor of {site.name}{address} got {answer.status}: {body[:120]!r}")
        elif not site.may_show(path, body):
            self.wrong.append(f"a visitor of {site.name}{address} got what no version has: {body[:80]!r}")


def _has_ended(server: Served) -> bool:
    with contextlib.suppress(Exception):
        server.process.wait(DYING)
    return server.process.poll() is not None

"""A server of two processes, and visitors of whom is known which of the two they met."""

import asyncio
import json
import re
import shutil
import ssl
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import httpx
import psutil

from appliance.data_folder import DataFolder
from tests.authority import write_pair
from tests.builders import Served, appliance, served, zip_of
from tests.cast import ALICE, OLGA
from tests.serving.lanes import wait_until
from tests.serving.visitors import Answer, Http1, Http2, Port

V = TypeVar("V", Http1, Http2)

TOKEN = "alices-token"
CONTROL, WORKER = "control", "worker"
BOTH = (CONTROL, WORKER)
TLS = {
    "DROPDOCK_LISTEN_TLS": "127.0.0.1:0",
    "DROPDOCK_TLS_CERTIFICATE": "site.pem",
    "DROPDOCK_TLS_KEY": "site.key",
}


@dataclass
class Duo:
    """The server; `api` is Alice's client, `port` where visitors come, with `port.tls` for TLS where that is on."""

    server: Served
    api: httpx.Client
    port: Port
    data: Path

    @property
    def control(self) -> psutil.Process:
        return psutil.Process(self.server.process.pid)

    @property
    def workers(self) -> list[psutil.Process]:
        return [child for child in self.control.children() if is_worker(child)]

    @property
    def worker(self) -> psutil.Process:
        wait_until(lambda: len(self.workers) == 1, 60)  # it may just be replaced
        return self.workers[0]

    def process(self, where: str) -> psutil.Process:
        return self.control if where == CONTROL else self.worker

    def meet(self, lane: type[V], where: str) -> V:
        """A visitor on this lane whose connection was accepted by one of the two."""
        wanted = self.process(where)
        processes = dict.fromkeys((wanted, self.control, *self.workers))

        class Chosen(lane):  # type: ignore[valid-type, misc]  # the lane is a parameter
            said: bytes = b""

            def connect(self, port: int) -> Any:
                for _ in range(200):
                    connection = super().connect(port)
                    if not isinstance(connection, ssl.SSLSocket):  # who says nothing is let in a second later
                        self.said = lane.opening
                        connection.sendall(self.said)
                    if holder_of(connection, processes) == wanted:
                        return connection
                    connection.close()
                raise AssertionError(f"nobody met the {where}")

            def _flush(self) -> None:
                self.socket.sendall(self.h2.data_to_send().removeprefix(self.said))

        return cast("V", Chosen(self.port))

    def holds(self, where: str, visitor: Http1 | Http2) -> bool:
        """Whether a visitor's connection is one of these processes' now."""
        return visitor.socket.getsockname()[1] in peers_of(self.process(where))

    def publish(self, site: str, files: Mapping[str, str | bytes]) -> dict[str, Any]:
        """Deploy files, and wait until that is done; the site is made where it is missing."""
        if self.api.get(f"/api/v1/sites/{site}").status_code == 404:
            self.api.post("/api/v1/sites", json={"name": site}).raise_for_status()
        headers = {"content-type": "application/zip"}
        sent = self.api.post(f"/api/v1/sites/{site}/deploys", content=zip_of(dict(files)), headers=headers)
        deploy = sent.raise_for_status().json()["id"]
        with self.api.stream("GET", f"/api/v1/deploys/{deploy}/events") as events:
            for _ in events.iter_lines():
                pass
        facts: dict[str, Any] = self.api.get(f"/api/v1/deploys/{deploy}").raise_for_status().json()
        assert facts["state"] == "ready", facts
        return facts


def is_worker(process: psutil.Process) -> bool:
    """Whether a process is a worker, and alive."""
    try:
        return "worker" in process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False


def known(made: Duo, host: bytes) -> None:
    """Have the worker know a host: it has somebody ask for it, and soon goes on by itself."""

    def stays() -> bool:
        with made.meet(Http1, WORKER) as visitor:
            visitor.get(b"/", host=host)
            return made.holds(WORKER, visitor)

    wait_until(stays, 30)


def holder_of(connection: Any, processes: Iterable[psutil.Process]) -> psutil.Process:
    """Which of the processes has the server's end of a connection; waits until one has accepted it."""
    port = connection.getsockname()[1]
    found: psutil.Process | None = None

    def find() -> bool:
        nonlocal found
        found = next((process for process in processes if port in peers_of(process)), None)
        return found is not None

    wait_until(find, 30)
    assert found is not None
    return found


def peers_of(process: psutil.Process) -> set[int]:
    """The ports of those who are connected to a process, none to one of the programs a server runs that has ended.

    Over IPv4, as all of them are: each look reads the whole machine's connections, and there are hundreds of looks.
    """
    try:
        return {found.raddr.port for found in process.net_connections("tcp4") if found.raddr}
    except psutil.NoSuchProcess:
        return set()


@contextmanager
def duo(data: Path, **environment: str) -> Iterator[Duo]:
    """A server with `workers = 2`, on what one before it left in the folder, else on Alice's and Olga's accounts."""
    if not data.exists():
        shutil.copytree(_before().name, data)
    if "DROPDOCK_LISTEN_TLS" in environment:
        write_pair(DataFolder(data).certs, "localhost", "site.localhost", "*.localhost")
    with served(data, environment={"DROPDOCK_WORKERS": "2", **environment}) as server:
        port = Port(server.port)
        tls = re.search(r"HTTPS +on port (\d+)", server.said)
        port.tls = int(tls[1]) if tls else 0
        headers = {"authorization": f"Bearer {(data / TOKEN).read_text()}"}
        with httpx.Client(base_url=f"http://localhost:{server.port}", headers=headers, timeout=60) as api:
            yield Duo(server, api, port, data)


@cache
def _before() -> tempfile.TemporaryDirectory[str]:
    """Data with the accounts, and Alice's token in a file; made once."""

    async def make(data: Path) -> None:
        async with appliance(data, (OLGA, ALICE)) as made:
            (data / TOKEN).write_text(made.tokens[ALICE.email])

    folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    asyncio.run(make(Path(folder.name)))
    return folder


def traffic(pair: Duo, site: str) -> Any:
    """What the API says a site was asked for."""
    return pair.api.get(f"/api/v1/sites/{site}/traffic").raise_for_status().json()


def log_of(data: Path) -> list[dict[str, Any]]:
    """What a server has logged."""
    return [json.loads(line) for line in Path(f"{data}.log").read_text().splitlines() if line.startswith("{")]


def post(visitor: Http1, target: bytes, body: bytes, *headers: tuple[bytes, bytes], host: bytes) -> Answer:
    """Send a request with a body."""
    visitor.ask(b"POST", target, [(b"Content-Length", b"%d" % len(body)), *headers], host)
    visitor.send(body)
    return visitor.read()

"""Workers start, are replaced, and end with their server; a visitor meets nothing of that, and nothing stale."""

import random
import signal
import socket
import threading
import time
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import Self

import httpx
import psutil
import pytest

from appliance.data_folder import DataFolder
from appliance.storage.blobs import Blobs
from appliance.workers.crew import CannotBegin
from tests.admin_ui.desk import NAVIGATION
from tests.builders import appliance
from tests.cast import OLGA
from tests.serving.lanes import wait_until
from tests.serving.visitors import Http1, connect
from tests.workers.duo import BOTH, CONTROL, WORKER, Duo, duo, known, log_of, traffic

BIG = random.Random(1).randbytes(12_000_000)  # more than sockets hold
SITE: dict[str, str | bytes] = {"index.html": "<h1>one</h1>", "big.bin": BIG}


class Visits:
    """Somebody who makes a new connection for every request, without pause, until the block ends."""

    def __init__(self, made: Duo) -> None:
        self._port = made.port
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._visit)
        self.bodies: list[bytes] = []
        self.cut = 0

    def __enter__(self) -> Self:
        self._thread.start()
        wait_until(lambda: len(self.bodies) > 20, 60)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(60)

    def more(self, count: int = 20) -> None:
        """Wait until that many more visits are over."""
        before = len(self.bodies)
        wait_until(lambda: len(self.bodies) > before + count, 60)

    def _visit(self) -> None:
        while not self._stop.is_set():
            try:
                with Http1(self._port) as visitor:
                    self.bodies.append(visitor.get(b"/").body)
            except (EOFError, ConnectionResetError):
                self.cut += 1
            time.sleep(0.002)


def test_a_killed_worker_costs_its_own_visitors_their_connection_and_nobody_else(tmp_path: Path) -> None:
    with duo(tmp_path / "data") as made:
        made.publish("site", SITE)
        known(made, b"site.localhost")
        first = made.worker
        with made.meet(Http1, CONTROL) as stays, made.meet(Http1, WORKER) as leaves, Visits(made) as visits:
            for visitor in (stays, leaves):
                assert visitor.get(b"/").body == b"<h1>one</h1>"

            first.kill()

            assert leaves.at_end()
            visits.more(100)
            assert stays.get(b"/").body == b"<h1>one</h1>"
            wait_until(lambda: [worker for worker in made.workers if worker != first], 60)
            known(made, b"site.localhost")
        assert set(visits.bodies) == {b"<h1>one</h1>"}
        assert visits.cut <= 1  # the one it was answering
        assert [line["status"] for line in log_of(made.data) if line["event"] == "worker_ended"] == [-signal.SIGKILL]


def test_a_new_worker_knows_what_the_one_before_it_was_asked_for(tmp_path: Path) -> None:
    with duo(tmp_path / "data") as made:
        made.publish("site", SITE)
        preview = f"{made.publish('site', {'index.html': '<h1>two</h1>'})['id']}--site.localhost".encode()
        for host in (b"site.localhost", preview):
            known(made, host)
        first = made.worker

        first.kill()

        wait_until(lambda: [worker for worker in made.workers if worker != first], 60)
        for host in (b"site.localhost", preview):
            with made.meet(Http1, WORKER) as visitor:
                assert visitor.get(b"/", host=host).body == b"<h1>two</h1>"
                assert made.holds(WORKER, visitor)


def test_a_worker_that_does_nothing_is_replaced_before_a_publish_is_answered(tmp_path: Path) -> None:
    with duo(tmp_path / "data", DROPDOCK_WORKER_TIMEOUT="2s") as made:
        made.publish("site", SITE)
        known(made, b"site.localhost")
        first = made.worker
        with made.meet(Http1, WORKER) as stuck:
            assert stuck.get(b"/").body == b"<h1>one</h1>"
            first.suspend()

            made.publish("site", {"index.html": "<h1>two</h1>"})

            assert not first.is_running()
            assert stuck.at_end()
        for _ in range(50):
            with Http1(made.port) as visitor:
                assert visitor.get(b"/").body == b"<h1>two</h1>"
        known(made, b"site.localhost")
        with made.meet(Http1, WORKER) as visitor:
            assert visitor.get(b"/").body == b"<h1>two</h1>"


def test_a_silent_worker_is_replaced_although_nothing_is_published(tmp_path: Path) -> None:
    with duo(tmp_path / "data", DROPDOCK_WORKER_TIMEOUT="2s") as made:
        first = made.worker

        first.suspend()

        wait_until(lambda: not first.is_running(), 60)
        wait_until(lambda: made.workers, 60)


def test_workers_end_with_a_killed_server(tmp_path: Path) -> None:
    with duo(tmp_path / "data") as made:
        worker = made.worker

        made.server.process.kill()
        made.server.process.wait(30)

        psutil.wait_procs([worker], timeout=30)
        assert not worker.is_running()
        with pytest.raises(ConnectionRefusedError):
            connect(made.port)


def test_a_stop_lets_every_process_finish_what_is_under_way(tmp_path: Path) -> None:
    with duo(tmp_path / "data", DROPDOCK_STOP_GRACE="30s") as made:
        made.publish("site", SITE)
        known(made, b"site.localhost")
        worker = made.worker
        with ExitStack() as stack:
            visitors = [stack.enter_context(made.meet(Http1, where)) for where in BOTH]
            idle = [stack.enter_context(made.meet(Http1, where)) for where in BOTH]
            for visitor in idle:
                assert visitor.get(b"/").status == 200
            for visitor in visitors:
                visitor.ask(b"GET", b"/big.bin", [])
                visitor._more()  # it is being answered
            made.server.process.send_signal(signal.SIGTERM)

            for visitor in idle:
                assert visitor.at_end()
            assert worker.is_running()
            for visitor in visitors:
                assert visitor.read().body == BIG
                assert visitor.at_end()

        assert made.server.process.wait(30) == 0
        assert not worker.is_running()
        assert [line for line in log_of(made.data) if line["level"] == "error"] == []


def test_a_stop_does_not_wait_longer_than_its_grace(tmp_path: Path) -> None:
    with duo(tmp_path / "data", DROPDOCK_STOP_GRACE="1s") as made:
        made.publish("site", SITE)
        known(made, b"site.localhost")
        worker = made.worker
        with ExitStack() as stack:
            for where in BOTH:
                visitor = stack.enter_context(made.meet(Http1, where))
                visitor.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                visitor.ask(b"GET", b"/big.bin", [])
                visitor._more()  # it is being answered

            made.server.process.send_signal(signal.SIGTERM)

            assert made.server.process.wait(30) == 0
            assert not worker.is_running()


def test_what_a_worker_counted_up_to_the_stop_is_there_after_the_next_start(tmp_path: Path) -> None:
    with duo(tmp_path / "data") as made:
        made.publish("site", SITE)
        known(made, b"site.localhost")
        with made.meet(Http1, WORKER) as visitor:
            for _ in range(30):
                visitor.get(b"/lost")
        assert made.server.stop() == 0

    with duo(tmp_path / "data") as again:
        [missed] = traffic(again, "site")["missed"]

    assert (missed["path"], missed["requests"]) == ("/lost", 30)


def test_connections_of_an_address_are_limited_over_all_processes(tmp_path: Path) -> None:
    """To one more, at most, for each process but one, and only for those let in at the same moment."""
    with duo(tmp_path / "data", DROPDOCK_CONNECTIONS_PER_ADDRESS="20") as made, ExitStack() as stack:
        made.publish("site", SITE)
        made.api.close()
        inside = 0
        for _ in range(60):
            visitor = stack.enter_context(Http1(made.port))
            try:
                inside += visitor.get(b"/").status == 200
            except (EOFError, ConnectionResetError, BrokenPipeError):
                continue

        assert inside == 20


def test_the_connections_of_a_killed_worker_count_no_more(tmp_path: Path) -> None:
    with duo(tmp_path / "data", DROPDOCK_CONNECTIONS_PER_ADDRESS="20") as made, ExitStack() as stack:
        made.publish("site", SITE)
        known(made, b"site.localhost")
        first = made.worker
        for _ in range(8):
            assert stack.enter_context(made.meet(Http1, WORKER)).get(b"/").status == 200

        first.kill()

        wait_until(lambda: [worker for worker in made.workers if worker != first], 60)
        made.api.close()
        wait_until(lambda: can_enter(made, 20), 60)


def can_enter(made: Duo, count: int) -> bool:
    with ExitStack() as stack:
        try:
            return all(stack.enter_context(Http1(made.port)).get(b"/").status == 200 for _ in range(count))
        except (EOFError, ConnectionResetError, BrokenPipeError):
            return False


def open_files() -> set[Path]:
    return set(Path("/proc/self/fd").iterdir())


async def test_a_server_whose_workers_do_not_start_does_not_either(tmp_path: Path) -> None:
    before = open_files()

    with pytest.raises(CannotBegin, match="workers = 1"):
        async with appliance(tmp_path / "data", (OLGA,), workers=2, worker_command=["/bin/false"]):
            pass

    with pytest.raises(CannotBegin, match="workers = 1"):
        async with appliance(tmp_path / "other", (OLGA,), workers=3, worker_command=["/no/such/program"]):
            pass
    assert len(open_files() - before) <= 2  # what the loop keeps to watch children with


def test_what_a_worker_logs_is_among_the_lines_that_operators_read(tmp_path: Path) -> None:
    lost = random.Random(2).randbytes(200_000)
    with duo(tmp_path / "data") as made:
        made.publish("site", {"index.html": "<h1>one</h1>", "lost.bin": lost})
        known(made, b"site.localhost")
        Blobs(DataFolder(made.data).blobs).path(sha256(lost).hexdigest()).unlink()
        with made.meet(Http1, WORKER) as visitor:
            visitor.get(b"/lost.bin", host=b"site.localhost")
        operator = httpx.Client(base_url=made.server.url, headers=NAVIGATION, timeout=60)
        with operator:
            operator.post("/sign-in", data={"email": OLGA.email, "password": OLGA.password})

            wait_until(lambda: "blob_lost" in operator.get("/system/log?level=error").text, 30)

            assert str(made.worker.pid) in operator.get("/system/log?level=error").text

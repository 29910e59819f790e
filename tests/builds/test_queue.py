"""The build queue: first come, first served, woken at once, and gone without a trace when stopped."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from builds import queue
from builds.queue import Queue

PATIENCE = 10.0  # seconds until a test gives up


class Desk:
    """Somebody who works on what the queue hands out, and can be made to wait."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.busy = threading.Semaphore(0)
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, deploy: str) -> None:
        self.busy.release()
        assert self.gate.wait(PATIENCE)
        self.done.append(deploy)


@contextmanager
def working(path: Path, work: Callable[[str], None], workers: int = 1) -> Iterator[Queue]:
    made = Queue(path, work, workers)
    made.start()
    try:
        yield made
    finally:
        made.stop()


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return condition()


def test_deploys_are_worked_on_in_the_order_they_came(tmp_path: Path) -> None:
    desk = Desk()

    with working(tmp_path / "queue.db", desk) as made:
        for deploy in "abc":
            made.put(deploy)

        assert eventually(lambda: desk.done == ["a", "b", "c"])


def test_several_workers_work_at_once(tmp_path: Path) -> None:
    desk = Desk()
    desk.gate.clear()

    with working(tmp_path / "queue.db", desk, workers=2) as made:
        made.put("a")
        made.put("b")

        assert desk.busy.acquire(timeout=PATIENCE)
        assert desk.busy.acquire(timeout=PATIENCE)
        desk.gate.set()


def test_a_new_deploy_wakes_an_idle_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "IDLE_WAIT", 2 * PATIENCE)
    desk = Desk()

    with working(tmp_path / "queue.db", desk) as made:
        time.sleep(0.1)  # let the worker fall asleep
        made.put("a")

        assert desk.busy.acquire(timeout=PATIENCE)


def test_an_idle_worker_looks_again_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "IDLE_WAIT", 0.01)
    desk = Desk()

    with working(tmp_path / "queue.db", desk) as made:
        time.sleep(0.1)
        made.put("a")

        assert eventually(lambda: desk.done == ["a"])


def test_what_waits_survives_the_process(tmp_path: Path) -> None:
    before = Queue(tmp_path / "queue.db", Desk(), 1)
    before.put("a")
    before.stop()
    desk = Desk()

    with working(tmp_path / "queue.db", desk):
        assert eventually(lambda: desk.done == ["a"])


def test_a_cleared_queue_is_empty(tmp_path: Path) -> None:
    made = Queue(tmp_path / "queue.db", Desk(), 1)
    made.put("a")
    made.put("b")
    assert made.depth() == 2

    made.clear()

    assert made.depth() == 0
    made.stop()


def test_stopping_waits_for_what_is_under_way(tmp_path: Path) -> None:
    desk = Desk()
    desk.gate.clear()
    with working(tmp_path / "queue.db", desk) as made:
        made.put("a")
        assert desk.busy.acquire(timeout=PATIENCE)
        threading.Timer(0.1, desk.gate.set).start()

    assert desk.done == ["a"]


def test_work_that_goes_wrong_does_not_stop_the_worker(tmp_path: Path) -> None:
    desk = Desk()

    def work(deploy: str) -> None:
        desk(deploy)
        raise RuntimeError(deploy)

    with working(tmp_path / "queue.db", work) as made:
        made.put("a")
        made.put("b")

        assert eventually(lambda: desk.done == ["a", "b"])
        assert made.is_running()


def test_no_thread_is_left_after_a_stop(tmp_path: Path) -> None:
    before = set(threading.enumerate())

    with working(tmp_path / "queue.db", Desk(), workers=2) as made:
        assert made.is_running()

    assert not made.is_running()
    assert set(threading.enumerate()) <= before


def test_a_queue_that_never_started_can_be_stopped(tmp_path: Path) -> None:
    made = Queue(tmp_path / "queue.db", Desk(), 1)

    made.stop()

    assert not made.is_running()

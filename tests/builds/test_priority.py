"""Who goes first: visitors while the server computes, others while an upload is unpacked; and that this ends."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

import main
from appliance.storage.blobs import Blobs
from builds import priority
from builds.priority import gently
from builds.values import Limits, Plan, Transforms, Unpacked
from builds.workshop import Workshop
from tests.builders import build_command_for, page, zip_of

COMPUTING = 0.2  # seconds of a thread's work
HOG = "import time; end = time.monotonic() + 90\nwhile time.monotonic() < end: pass"
FILES = 2_000  # a third of a second's work: two minutes with what is left beside a hog
PRESSED = 200  # as much work, with presses that have to start


def test_gently_passes_on_all_items_in_order() -> None:
    assert list(gently(range(1_000))) == list(range(1_000))


@pytest.mark.skipif(not hasattr(os, "sched_yield"), reason="the system has no such thing")
@pytest.mark.parametrize(("step", "turns"), [(priority.step_aside, 1), (priority.step_back, 0)])
def test_only_who_has_stepped_aside_gives_way(
    step: Callable[[], None], turns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[None] = []
    monkeypatch.setattr(os, "sched_yield", lambda: given.append(None))

    def work() -> None:
        priority.give_way()
        step()
        priority.give_way()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert len(given) == turns


@pytest.mark.skipif(not hasattr(os, "sched_yield"), reason="the system has no such thing")
def test_who_has_stepped_aside_gives_way_every_millisecond(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[float] = []
    clock = [100.0]
    monkeypatch.setattr(os, "sched_yield", lambda: given.append(clock[0]))
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])

    def work() -> None:
        priority.step_aside()
        for _ in range(100):
            priority.give_way()
            clock[0] += 0.0003

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert all(0.001 < later - one < 0.0015 for one, later in pairwise(given))
    assert len(given) == 25


def test_the_build_child_gives_way_between_the_files_it_stores(tmp_path: Path) -> None:
    work = main._build_child(str(tmp_path))

    assert isinstance(work, partial)
    assert work.args[0].__self__.give_way is priority.give_way


@pytest.mark.skipif(not hasattr(time, "pthread_getcpuclockid"), reason="the system does not say how long a thread ran")
def test_a_thread_of_the_server_leaves_more_to_visitors_when_there_are_some() -> None:
    over = threading.Event()

    def answer() -> None:
        while not over.is_set():
            time.sleep(0)  # gives way, as every system call of a server does

    assert left_over(answer, over) > left_over(over.wait, over)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system keeps no process to a processor")
@pytest.mark.parametrize(
    ("files", "wanted"), [(FILES, Transforms()), (PRESSED, Transforms(minify=True, compress=("html",)))]
)
def test_an_upload_is_worked_on_where_others_keep_the_machine_busy(
    tmp_path: Path, files: int, wanted: Transforms
) -> None:
    blobs = Blobs(tmp_path / "data" / "blobs")
    blobs.create()
    upload = tmp_path / "upload"
    upload.write_bytes(zip_of({f"{number}.html": page(str(number)) for number in range(files)}))
    workshop = Workshop(build_command_for(tmp_path / "data"), timeout=60, idle=60)
    try:
        with one_processor(), busy():
            workshop.warm_up()
            plan = Plan("d1", upload, tmp_path / "work", Limits(), transforms=wanted)
            unpacked = workshop.run(plan, lambda *_: None)
    finally:
        workshop.close()

    assert isinstance(unpacked, Unpacked)
    assert len(unpacked.files) == files
    assert "not_optimised" not in {note.code for note in unpacked.notes}


def left_over(answer: Callable[[], object], over: threading.Event) -> float:
    """The part of its time that a computing thread leaves to this one, which does this until it is `over`."""
    over.clear()
    left = []

    def compute() -> None:
        began, end = time.monotonic(), time.thread_time() + COMPUTING
        for _ in gently(iter(int, 1)):
            sum(range(100))
            if time.thread_time() > end:
                break
        left.append(1 - COMPUTING / (time.monotonic() - began))
        over.set()

    threading.Thread(target=compute).start()
    answer()
    return left[0]


@contextmanager
def one_processor() -> Iterator[None]:
    """What is started within the block has one processor, the same for all."""
    all_of_them = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(all_of_them)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, all_of_them)


@contextmanager
def busy() -> Iterator[None]:
    """Another program that wants all it can get, within the block."""
    with subprocess.Popen([sys.executable, "-c", HOG]) as hog:
        try:
            yield
        finally:
            hog.kill()

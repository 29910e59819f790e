"""The presses' life: their start, their end when nobody waits any more, and when they stand aside again."""

import errno
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from builds import presses as module
from builds import priority
from builds.job import Job
from builds.presses import MOST_FAILED_STARTS, Presses, Shift
from builds.values import PressLimits
from tests.presses import COMMAND

PATIENCE = 30.0  # seconds for something to happen that takes a tenth of one
TWICE_THAT = 60.0  # seconds; who waits for these has failed by then
LIMITS = PressLimits(seconds=20)
WAITS = """
import sys
from pathlib import Path
from appliance.storage.spares import Spares
from builds import press
files_in = Spares().files_in
def wait_for(path):
    with Path(path).open() as gate:
        gate.read()
"""
STARTS_LATE = f"{WAITS}wait_for(sys.argv[1]); press.main(files_in)"
READS_AHEAD = f"""{WAITS}
import json
def line():
    return json.loads(sys.stdin.readline())
def tell(news):
    print(json.dumps(news), flush=True)
line()
wait_for(sys.argv[1])
tell({{"ready": True}})
batches = line()["jobs"], line()["jobs"]
for batch in batches:
    tell([{{"failed": "on purpose"}} for _ in batch])
sys.stdin.read()
"""
CRASHES_OVER_3 = f"""{WAITS}
import os
press.work = lambda job, put: os._exit(1) if job.key == "3" else {{"made": None, "forms": [], "facts": {{}}}}
press.main(files_in)
"""
HANGS = f"{WAITS}press.work = lambda job, put: wait_for(sys.argv[1]); press.main(files_in)"


class Work:
    """One file to be worked on again and again, by presses that wait in this code until the test opens a gate."""

    def __init__(self, folder: Path, *, code: str = "") -> None:
        self._folder = folder
        self.gate = folder / "gate"
        os.mkfifo(self.gate)
        (folder / "inbox").mkdir()
        (folder / "content").write_text("word " * 500)
        command = [sys.executable, "-c", code, str(self.gate)] if code else COMMAND
        self.presses = Presses(command, count=1)
        self.news: list[dict[str, Any]] = []
        self._shifts: list[Shift] = []

    def begin(self, *, files: int = 1, limits: PressLimits = LIMITS) -> Shift:
        shift = self.presses.shift(limits, lambda _job, news: self.news.append(news))
        self._shifts.append(shift)
        content, inbox = str(self._folder / "content"), str(self._folder / "inbox")
        shift.add([Job(str(number), content, inbox, {"gzip": 1}) for number in range(files)])
        return shift

    def close(self) -> None:
        for shift in self._shifts:
            shift.drop()
        self.presses.close()

    def open_gate(self) -> None:
        """Let one press through, once it has come."""
        until(self._is_let_through)

    def is_begun(self) -> bool:
        return self.presses.at(0).is_at_work

    def _is_let_through(self) -> bool:
        try:
            os.close(os.open(self.gate, os.O_WRONLY | os.O_NONBLOCK))
        except OSError as error:
            if error.errno != errno.ENXIO:  # which says that nobody reads
                raise
            return False
        return True

    @property
    def failed(self) -> list[str]:
        return [news["failed"] for news in self.news if "failed" in news]


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Callable[[str], Work]]:
    begun: list[Work] = []

    def make(code: str) -> Work:
        begun.append(Work(tmp_path, code=code))
        return begun[-1]

    yield make
    for each in begun:
        each.close()


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_that_a_press_is_called_off_when_it_is_done_is_no_files_fault(work: Callable[[str], Work]) -> None:
    calm = work("")
    calm.begin().finish()
    press = calm.presses.at(0)
    press._began = time.monotonic()  # as it is for who looks a moment before its last news are here
    calm.presses.give_up()
    press._began = None

    calm.begin().finish()

    assert calm.failed == []
    assert len(calm.news) == 2


def test_a_folder_that_cannot_be_made_is_told_and_crashes_nothing(work: Callable[[str], Work], tmp_path: Path) -> None:
    barred = work("")
    (tmp_path / "inbox").rmdir()
    (tmp_path / "inbox").write_text("no folder")

    barred.begin().finish()

    assert len(barred.failed) == 1
    assert "Not a directory" in barred.failed[0]


def test_how_long_a_press_takes_to_start_is_no_files_fault(
    work: Callable[[str], Work], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(priority, "SHARE", 0.0)  # however busy the machine is, nobody is starved
    slow = work(STARTS_LATE)
    shift = slow.begin()
    [pid] = slow.presses.pids
    until(slow.is_begun)

    with monkeypatch.context() as later:
        later.setattr(time, "monotonic", lambda now=time.monotonic: now() + LIMITS.seconds + 1)
        slow.presses.look_after(LIMITS.seconds)
    slow.open_gate()
    shift.finish()

    assert (len(slow.news), slow.failed) == (1, [])
    assert slow.presses.pids == [pid]


def test_a_press_that_never_gets_started_is_given_up(
    work: Callable[[str], Work], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "START_TIME", 0.0)
    stuck = work(STARTS_LATE)

    stuck.begin(limits=PressLimits(seconds=0.01)).finish()

    assert stuck.failed == ["its minifier does not start"]


def test_presses_that_do_not_start_are_said_to_be_no_files_fault(work: Callable[[str], Work]) -> None:
    dead = work("raise SystemExit(1)")

    dead.begin(files=MOST_FAILED_STARTS + 2).finish()

    assert dead.failed == ["its minifier does not start"] * (MOST_FAILED_STARTS + 2)


def test_work_that_is_dropped_is_not_waited_for(work: Callable[[str], Work], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(priority, "PUTS_ASIDE", False)  # or it would be found to get nowhere
    hanging = work(HANGS)
    shift = hanging.begin(limits=PressLimits(seconds=TWICE_THAT))
    until(hanging.is_begun)
    dropping = threading.Thread(target=shift.drop, daemon=True)

    dropping.start()
    dropping.join(PATIENCE)

    assert not dropping.is_alive()
    assert hanging.news == []


@pytest.mark.skipif(not priority.PUTS_ASIDE, reason="the system has no such thing")
def test_presses_that_had_to_insist_stand_aside_again(
    work: Callable[[str], Work], monkeypatch: pytest.MonkeyPatch
) -> None:
    starved = work(STARTS_LATE)

    def politely() -> bool:
        return os.sched_getscheduler(starved.presses.pids[0]) == os.SCHED_IDLE

    with monkeypatch.context() as busy:
        busy.setattr(priority, "SHARE", 1_000_000.0)  # whatever they had is next to nothing
        busy.setattr(module, "LOOK_EVERY", 0.01)
        insisting = starved.begin()
        at_first = starved.presses.pids
        until(lambda: starved.presses.pids != at_first)
        starved.open_gate()
        insisting.finish()
    starved.begin().finish()
    assert not politely()  # what has just been starved would be again

    monkeypatch.setattr(module, "INSIST_FOR", -1.0)
    monkeypatch.setattr(priority, "SHARE", 0.0)  # however busy the machine is, nobody is starved
    again = starved.begin()
    starved.open_gate()
    again.finish()

    assert politely()
    assert starved.failed == []


def test_the_last_press_is_kept_back_until_no_more_work_comes(tmp_path: Path) -> None:
    wrote: list[str] = []
    (tmp_path / "content").write_text("word " * 500)
    presses = Presses(COMMAND, count=2)
    shift = presses.shift(LIMITS, lambda _job, news: wrote.append(Path(news["forms"][0][1][2]).parent.name))
    jobs = [Job(str(number), str(tmp_path / "content"), str(tmp_path), {"gzip": 1}) for number in range(40)]

    for job in jobs[:20]:
        shift.add([job])
    until(lambda: len(wrote) == 20)
    of_one = set(wrote)
    for job in jobs[20:]:
        shift.add([job])
    shift.finish()
    presses.close()

    assert len(of_one) == 1
    assert len(wrote) == 40


@pytest.mark.parametrize("count", [1, 2, 3])
def test_as_many_presses_as_there_are_do_the_work(count: int, tmp_path: Path) -> None:
    done: list[dict[str, Any]] = []
    (tmp_path / "content").write_text("word " * 500)
    presses = Presses(COMMAND, count=count)
    shift = presses.shift(LIMITS, lambda _job, news: done.append(news))

    for number in range(2 * count):
        shift.add([Job(str(number), str(tmp_path / "content"), str(tmp_path), {"gzip": 1})])
    shift.finish()
    presses.close()

    assert len(done) == 2 * count


def test_a_press_has_its_next_batch_before_it_is_done_with_one(work: Callable[[str], Work]) -> None:
    press = work(READS_AHEAD)
    shift = press.begin()
    shift.add([Job("next", "", "", {})])

    press.open_gate()
    shift.finish()

    assert press.failed == ["on purpose"] * 2


def test_a_crash_costs_one_file_also_where_the_next_batch_was_at_hand(work: Callable[[str], Work]) -> None:
    press = work(CRASHES_OVER_3)
    shift = press.begin(files=8)
    shift.add([Job(str(number), "", "", {}) for number in range(8, 16)])
    shift.finish()

    assert len(press.news) == 16
    assert press.failed == ["its minifier crashes"]

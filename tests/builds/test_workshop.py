"""The workshop: one child kept warm, each plan with an end, and no process left behind."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from appliance.storage.blobs import Blobs
from builds.errors import BuildError
from builds.priority import NICE
from builds.values import Limits, Plan, Report, Unpacked
from builds.workshop import Workshop
from tests.builders import build_command_for, page, zip_of
from tests.held_child import Gate
from tests.presses import presses

PATIENCE = 20.0  # seconds until a test gives up
SLEEPS = "import time; time.sleep(120)"
DEAF = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    made = Blobs(tmp_path / "data" / "blobs")
    made.create()
    return made


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path / "gate")


@contextmanager
def workshop(command: list[str], *, timeout: float = 60, idle: float = 60) -> Iterator[Workshop]:
    before = family()
    made = Workshop(command, timeout=timeout, idle=idle)
    try:
        yield made
    finally:
        made.close()
        assert eventually(lambda: family() <= before), "a child is left"


@pytest.fixture
def real(tmp_path: Path, blobs: Blobs) -> Iterator[Workshop]:
    with workshop(build_command_for(tmp_path / "data")) as made:
        yield made


def plan_for(tmp_path: Path, name: str = "d1", upload: bytes | None = None) -> Plan:
    path = tmp_path / f"{name}.upload"
    path.write_bytes(zip_of({"index.html": page(name)}) if upload is None else upload)
    (tmp_path / "work").mkdir(exist_ok=True)
    return Plan(name, path, tmp_path / "work" / name, Limits())


def carried_out(works: Workshop, plan: Plan, report: Report) -> Unpacked:
    """What a plan comes to that asks nothing."""
    unpacked = works.run(plan, report)
    assert isinstance(unpacked, Unpacked)
    return unpacked


def is_alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def children() -> set[psutil.Process]:
    """Those of this process, but for the presses that other tests share."""
    return family(recursive=False)


def family(*, recursive: bool = True) -> set[psutil.Process]:
    """The children, and whatever they have started."""
    shared = presses().pids
    return {child for child in psutil.Process().children(recursive=recursive) if child.pid not in shared}


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def silent(step: str, done: int, total: int) -> None:
    pass


def test_a_plan_is_carried_out_and_its_steps_are_reported(tmp_path: Path, real: Workshop, blobs: Blobs) -> None:
    steps: list[tuple[str, int, int]] = []

    unpacked = carried_out(real, plan_for(tmp_path), lambda *step: steps.append(step))

    assert [file.path for file in unpacked.files] == ["index.html"]
    assert blobs.path(unpacked.files[0].sha256).read_text() == page("d1")
    assert list(dict.fromkeys(name for name, _, _ in steps)) == ["unpack", "check", "store"]
    assert steps[-1] == ("store", 1, 1)


def test_the_warm_child_takes_the_next_plan(tmp_path: Path, real: Workshop) -> None:
    real.warm_up()
    warm = children()

    real.run(plan_for(tmp_path, "d1"), silent)
    real.run(plan_for(tmp_path, "d2"), silent)

    assert len(warm) == 1
    assert children() == warm


def test_visitors_come_before_a_child(tmp_path: Path, real: Workshop) -> None:
    real.run(plan_for(tmp_path), silent)

    assert [child.nice() for child in children()] == [max(NICE, psutil.Process().nice())]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no sessions of this kind")
def test_a_child_is_weighed_with_the_server_and_ends_by_itself(real: Workshop) -> None:
    """Who is nicer counts among the processes of one session; a signal ends those of one group."""
    real.warm_up()
    [child] = children()

    assert os.getsid(child.pid) == os.getsid(0)
    assert os.getpgid(child.pid) == child.pid


def test_warming_up_twice_starts_one_child(real: Workshop) -> None:
    real.warm_up()
    real.warm_up()

    assert len(children()) == 1


def test_a_refusal_does_not_cost_the_child(tmp_path: Path, real: Workshop) -> None:
    real.warm_up()
    warm = children()

    with pytest.raises(BuildError) as refused:
        real.run(plan_for(tmp_path, upload=b"no archive"), silent)

    assert refused.value.code == "unknown_format"
    assert children() == warm


def test_the_warm_child_ends_after_its_time(tmp_path: Path, blobs: Blobs) -> None:
    with workshop(build_command_for(tmp_path / "data"), idle=0.2) as made:
        made.run(plan_for(tmp_path), silent)

        assert eventually(lambda: not family())
        assert carried_out(made, plan_for(tmp_path), silent).files


def test_of_two_at_once_one_child_is_kept(tmp_path: Path, blobs: Blobs, gate: Gate) -> None:
    with workshop(gate.command(tmp_path / "data")) as made, ThreadPoolExecutor(1) as pool:
        gate.hold_next()
        first = pool.submit(carried_out, made, plan_for(tmp_path, "d1"), silent)
        assert eventually((gate.folder / "d1").exists)
        made.run(plan_for(tmp_path, "d2"), silent)
        both = len(children())

        gate.let_go("d1")

        assert first.result(PATIENCE).files
        assert both == 2
        assert eventually(lambda: len(children()) == 1)


def test_a_child_killed_at_work_is_a_crash_and_the_next_plan_works(tmp_path: Path, blobs: Blobs, gate: Gate) -> None:
    with workshop(gate.command(tmp_path / "data")) as made, ThreadPoolExecutor(1) as pool:
        gate.hold_next()
        run = pool.submit(made.run, plan_for(tmp_path, "d1"), silent)
        assert eventually((gate.folder / "d1").exists)

        for child in children():
            child.kill()

        with pytest.raises(BuildError) as crashed:
            run.result(PATIENCE)
        assert (crashed.value.code, crashed.value.retry) == ("crashed", True)
        assert carried_out(made, plan_for(tmp_path, "d2"), silent).files


def test_a_child_killed_while_idle_is_replaced(tmp_path: Path, real: Workshop) -> None:
    real.warm_up()
    [idle] = children()
    idle.kill()
    assert eventually(lambda: idle.status() == psutil.STATUS_ZOMBIE)

    assert carried_out(real, plan_for(tmp_path), silent).files

    assert not idle.is_running()


def test_a_child_that_dies_with_the_plan_unread_is_a_crash(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    goes = f"import os, time; os.close(0); open({str(ready)!r}, 'w').close(); time.sleep(0.5)"
    with workshop([sys.executable, "-c", goes]) as made:
        made.warm_up()
        assert eventually(ready.exists)

        with pytest.raises(BuildError) as crashed:
            made.run(plan_for(tmp_path), silent)

    assert crashed.value.code == "crashed"


def test_a_plan_that_takes_too_long_ends_with_its_whole_process_group(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    fork = f"import subprocess, sys, time; one = subprocess.Popen([sys.executable, '-c', {SLEEPS!r}]); "
    tell = f"open({str(told)!r}, 'w').write(str(one.pid)); time.sleep(120)"
    with workshop([sys.executable, "-c", fork + tell], timeout=1) as made:
        made.warm_up()
        assert eventually(lambda: told.exists() and told.read_text() != "")
        began = time.monotonic()
        with pytest.raises(BuildError) as late:
            made.run(plan_for(tmp_path), silent)

        assert time.monotonic() - began < 60  # what the child had started has the other end of its output too
        assert eventually(lambda: not is_alive(int(told.read_text())))
        assert (late.value.code, late.value.retry) == ("timed_out", True)
        assert "build_timeout" in late.value.detail


def test_a_child_whose_news_cannot_be_taken_is_not_used_again(tmp_path: Path, real: Workshop) -> None:
    real.warm_up()
    [warm] = children()

    def full(step: str, done: int, total: int) -> None:
        raise RuntimeError(step)

    with pytest.raises(RuntimeError):
        real.run(plan_for(tmp_path), full)

    assert not warm.is_running()


def test_a_child_that_expects_an_upload_has_its_presses_before_the_plan_comes(tmp_path: Path, real: Workshop) -> None:
    real.expect()

    [warm] = children()
    assert eventually(lambda: len(warm.children()) > 0)
    [press, *_] = warm.children()

    made = real.run(plan_for(tmp_path), silent)

    assert isinstance(made, Unpacked)
    assert children() == {warm}
    assert press in warm.children()


def test_an_idle_child_has_its_presses_a_while_after_a_start(real: Workshop) -> None:
    real.warm_up(ready_after=0.1)

    [warm] = children()
    assert eventually(lambda: len(warm.children()) > 0)


def test_what_was_made_is_told_ahead_and_is_the_result(tmp_path: Path, real: Workshop) -> None:
    told: list[Unpacked] = []

    made = real.run(plan_for(tmp_path), silent, ahead=told.append)

    assert told == [made]


def test_an_idle_child_that_does_not_end_by_itself_is_killed(tmp_path: Path) -> None:
    with workshop(DEAF) as made:
        made.warm_up()
        [deaf] = children()

        made.close()

        assert not deaf.is_running()


def test_closing_ends_what_is_at_work(tmp_path: Path) -> None:
    with workshop(DEAF) as made, ThreadPoolExecutor(1) as pool:
        run = pool.submit(made.run, plan_for(tmp_path), silent)
        assert eventually(lambda: len(children()) == 1)

        made.close()

        with pytest.raises(BuildError) as ended:
            run.result(PATIENCE)
        assert ended.value.code == "cancelled"
        assert children() == set()


def test_a_closed_workshop_takes_no_plan_and_starts_no_child(tmp_path: Path) -> None:
    made = Workshop(DEAF, timeout=60, idle=60)
    made.close()

    made.warm_up()

    assert children() == set()
    with pytest.raises(BuildError) as stopping:
        made.run(plan_for(tmp_path), silent)
    assert (stopping.value.code, stopping.value.retry) == ("stopping", True)


def test_closing_leaves_no_timer_behind(tmp_path: Path, blobs: Blobs) -> None:
    before = threading.active_count()

    with workshop(build_command_for(tmp_path / "data")) as made:
        made.run(plan_for(tmp_path), silent)

    assert eventually(lambda: threading.active_count() <= before)


def test_a_stopped_child_is_killed_when_its_time_is_up(tmp_path: Path, blobs: Blobs) -> None:
    with workshop(build_command_for(tmp_path / "data"), timeout=0.5) as made:
        made.warm_up()
        [child] = children()
        child.send_signal(signal.SIGSTOP)

        with pytest.raises(BuildError) as late:
            made.run(plan_for(tmp_path), silent)

    assert late.value.code == "timed_out"


def test_a_child_is_not_told_the_server_s_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DROPDOCK_SECRET_KEY", "not for children")
    told = tmp_path / "told"
    script = (
        f"import os, pathlib, sys; pathlib.Path({str(told)!r}).write_text(repr(dict(os.environ))); sys.stdin.read()"
    )

    with workshop([sys.executable, "-c", script]) as works:
        works.warm_up()
        deadline = time.monotonic() + PATIENCE
        while not (told.exists() and told.read_text()) and time.monotonic() < deadline:
            time.sleep(0.01)

    assert "PATH" in told.read_text()
    assert "DROPDOCK" not in told.read_text()

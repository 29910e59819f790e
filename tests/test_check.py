"""tests/check.py: steps with real processes, the summary, the exit code."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests import check

PASSES = check.Step("passes", ("this",))
FAILS = check.Step("fails", ("json.tool", "/no/such/file"))


def test_every_step_runs_and_the_summary_names_the_one_that_failed(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check, "quick_steps", lambda _not_run: iter([FAILS, PASSES]))

    code = check.main(["--quick"])

    assert code == 1
    closing = capfd.readouterr().out.splitlines()[-2:]
    assert [line.split()[:2] for line in closing] == [["fails", "FAILED"], ["passes", "ok"]]


def test_what_was_not_run_stands_in_the_last_lines(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def steps(not_run: Path) -> list[check.Step]:
        not_run.write_text("not run: tests that need chromium (3), because it is not here\n", encoding="utf-8")
        return [PASSES]

    monkeypatch.setattr(check, "all_steps", steps)

    code = check.main([])

    assert code == 0
    assert capfd.readouterr().out.endswith("\nnot run: tests that need chromium (3), because it is not here\n")


def test_a_step_that_hangs_is_stopped_and_has_failed(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check, "STEP_SECONDS", 0.5)

    outcome = check.run(check.Step("hangs", ("http.server", "--bind", "127.0.0.1", "0")))

    assert not outcome.passed
    assert outcome.seconds < 10
    assert "hangs: stopped after" in capfd.readouterr().out


def test_a_step_that_does_not_listen_is_killed_with_all_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = tmp_path / "ready"
    (tmp_path / "deaf.py").write_text(
        "import pathlib, signal, subprocess, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"  # which what it starts inherits
        "child = subprocess.Popen(['sleep', '60'])\n"
        f"pathlib.Path({str(ready)!r}).write_text(str(child.pid))\n"
        "time.sleep(60)\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(check, "STEP_SECONDS", 5)
    monkeypatch.setattr(check, "STOP_SECONDS", 0.2)

    outcome = check.run(check.Step("deaf", ("deaf",)))

    assert is_over(int(ready.read_text()))
    assert not outcome.passed
    assert outcome.seconds < 30


def is_over(pid: int) -> bool:
    """Whether that process has ended within half a minute; nobody may have asked yet how."""
    try:
        psutil.Process(pid).wait(30)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    return True


def test_an_interrupt_from_the_keyboard_ends_what_the_step_started(tmp_path: Path) -> None:
    (tmp_path / "started.py").write_text(
        "import os, pathlib, signal, time\n"
        f"pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(os.getpid()))\n"
        "os.kill(os.getppid(), signal.SIGINT)\n"  # only the process that began it, as a terminal would
        "time.sleep(60)\n",
        encoding="utf-8",
    )
    code = "from tests import check; check.run(check.Step('started', ('started',)))"

    asked = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": f"{check.ROOT}:{tmp_path}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert "KeyboardInterrupt" in asked.stderr
    assert is_over(int((tmp_path / "pid").read_text()))


def test_unknown_arguments_are_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main(["--fast"]) == 2
    assert "usage" in capsys.readouterr().err


def test_the_whole_gate_has_every_step_of_the_quick_one() -> None:
    quick = {step.name for step in check.quick_steps(Path("x"))}

    assert quick < {step.name for step in check.all_steps(Path("x"))}

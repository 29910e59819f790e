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


FAILS_ONCE = """
from pathlib import Path

def test_bad_luck():
    seen = Path(__file__).with_name("seen")
    first = not seen.exists()
    seen.touch()
    assert not first
"""
FAILS_ALWAYS = "def test_broken():\n    assert False\n"


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of tests which the gate takes for the project's."""
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["tests.selection"]\n', encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(check.ROOT))
    monkeypatch.setattr(check, "ROOT", tmp_path)
    monkeypatch.setattr(check, "SERIAL", ("pytest",))
    return tmp_path


def run_suite(folder: Path) -> check.Outcome:
    failed = folder / "failed"
    return check.second_try(check.run(check.Step("tests", ("pytest", f"--failed-to={failed}"), failed=failed)))


def test_a_test_that_fails_once_and_passes_alone_is_named_unsteady(suite: Path) -> None:
    (suite / "test_luck.py").write_text(FAILS_ONCE, encoding="utf-8")

    outcome = run_suite(suite)

    assert outcome.passed
    assert outcome.unsteady == ("test_luck.py::test_bad_luck",)
    assert "unsteady: test_luck.py::test_bad_luck" in "\n".join(check.summary([outcome]))


def test_a_test_that_fails_twice_fails_the_gate(suite: Path) -> None:
    (suite / "test_luck.py").write_text(FAILS_ONCE, encoding="utf-8")
    (suite / "test_broken.py").write_text(FAILS_ALWAYS, encoding="utf-8")

    outcome = run_suite(suite)

    assert (outcome.passed, outcome.unsteady) == (False, ())


def test_many_failures_are_no_accident(suite: Path) -> None:
    for number in range(check.MOST_AGAIN + 1):
        (suite / f"test_luck_{number}.py").write_text(
            FAILS_ONCE.replace('"seen"', f'"seen-{number}"'), encoding="utf-8"
        )

    assert not run_suite(suite).passed


def test_a_suite_that_cannot_be_read_gets_no_second_try(suite: Path) -> None:
    (suite / "test_typo.py").write_text("def test_typo(:\n", encoding="utf-8")

    assert not run_suite(suite).passed
    assert not (suite / "failed").exists()


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

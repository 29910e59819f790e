"""tests/check.py: steps with real processes, the summary, the exit code."""

from pathlib import Path

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


def test_a_step_that_does_not_listen_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ready = tmp_path / "ready"
    (tmp_path / "deaf.py").write_text(
        "import pathlib, signal, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        f"pathlib.Path({str(ready)!r}).touch()\n"
        "time.sleep(60)\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(check, "STEP_SECONDS", 2)
    monkeypatch.setattr(check, "STOP_SECONDS", 0.2)

    outcome = check.run(check.Step("deaf", ("deaf",)))

    assert ready.exists()
    assert not outcome.passed
    assert outcome.seconds < 10


def test_unknown_arguments_are_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main(["--fast"]) == 2
    assert "usage" in capsys.readouterr().err


def test_the_whole_gate_has_every_step_of_the_quick_one() -> None:
    quick = {step.name for step in check.quick_steps(Path("x"))}

    assert quick < {step.name for step in check.all_steps(Path("x"))}

"""The whole gate in one command, here and in CI: format, lint, types, tests, audit, coverage; `--quick` for a push.

Every step runs, also after one has failed; the summary at the end has the times, and what was not run and why.
Exit code 0 when every step passed. What the tests need beyond Python is installed first, where apt may. The tests run
in several processes at once, a file in one of them (tests/selection.py). Where a few of them fail, those run once more,
alone: one that passes then is unsteady, not broken, and the summary names it, for it is a defect all the same.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STEP_SECONDS = (
    60 * 60
)  # CI has 90 minutes, and takes 17 to 39 by machine; a step that hangs must still be reported in them
STOP_SECONDS = 30  # for pytest to end its servers and browsers after an interrupt
AT_ONCE = min(len(os.sched_getaffinity(0)), 4)  # processes of tests; each has servers, builds and a browser beside it
MOST_AGAIN = 3  # failed tests that may have been bad luck; more are no accident
SERIAL = ("coverage", "run", "-m", "pytest", "--allow-missing")
PYTEST = ("pytest", f"--numprocesses={AT_ONCE}", "--dist=loadfile", "--no-loadscope-reorder")


@dataclass(frozen=True, slots=True)
class Step:
    """A Python module to run, and what the summary calls it."""

    name: str
    arguments: tuple[str, ...]
    shown: bool = True  # in the summary
    failed: Path | None = None  # where pytest names the tests that failed, so that they can be run again


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a step ended and the seconds it took."""

    step: Step
    passed: bool
    seconds: float
    unsteady: tuple[str, ...] = ()  # tests that failed among the others and passed alone


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--quick"]):
        print("usage: check.py [--quick]", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        not_run = Path(folder, "not-run")
        steps = quick_steps(not_run) if arguments else all_steps(not_run)
        outcomes = [second_try(run(step)) for step in steps]
        notes = not_run.read_text(encoding="utf-8") if not_run.exists() else ""
    print("", *summary(outcomes), notes, sep="\n", end="")
    return 0 if all(outcome.passed for outcome in outcomes) else 1


def static_steps() -> Iterator[Step]:
    yield Step("format", ("ruff", "format", "--check", "."))
    yield Step("lint", ("ruff", "check", "."))
    yield Step("types", ("mypy",))


def quick_steps(not_run: Path) -> Iterator[Step]:
    yield from static_steps()
    yield Step("tests", (*PYTEST, "--quick", f"--not-run-to={not_run}"))


def all_steps(not_run: Path) -> Iterator[Step]:
    yield from static_steps()
    yield Step("components", ("tests.components",), shown=False)
    yield Step("old coverage data", ("coverage", "erase"), shown=False)
    yield tests_step(not_run, not_run.with_name("failed"))
    yield Step("audit", ("tests.audit", f"--not-run-to={not_run}"))
    yield Step("coverage data", ("coverage", "combine", "--quiet"), shown=False)
    yield Step("coverage", ("coverage", "report"))


def tests_step(not_run: Path, failed: Path) -> Step:
    told = (f"--not-run-to={not_run}", f"--failed-to={failed}")
    return Step("tests", ("coverage", "run", "-m", *PYTEST, "--allow-missing", *told), failed=failed)


def second_try(outcome: Outcome) -> Outcome:
    """Run the tests that failed once more, one after the other, where they are few; other outcomes stay as they are."""
    if outcome.passed or outcome.step.failed is None or not outcome.step.failed.exists():
        return outcome
    names = tuple(outcome.step.failed.read_text(encoding="utf-8").splitlines())
    if len(names) > MOST_AGAIN:
        return outcome
    again = run(Step("tests that failed, once more", (*SERIAL, *names)))
    unsteady = names if again.passed else ()
    return replace(outcome, passed=again.passed, seconds=outcome.seconds + again.seconds, unsteady=unsteady)


def run(step: Step) -> Outcome:
    """Run one step in the project's folder; one that takes too long is interrupted, then killed, and has failed."""
    print(f"--- {step.name}", flush=True)
    started = time.monotonic()
    command = [sys.executable, "-m", *step.arguments]
    # A process group of its own, so that a stop reaches every process of the tests.
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, process_group=0) as process:
        try:
            code = process.wait(STEP_SECONDS)
        except subprocess.TimeoutExpired:
            stop(process)
            print(f"{step.name}: stopped after {STEP_SECONDS // 60} minutes", flush=True)
            code = 1
        except KeyboardInterrupt:
            stop(process)
            raise
    return Outcome(step, code == 0, time.monotonic() - started)


def stop(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGINT)  # pytest then runs its fixtures' ends
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


def summary(outcomes: list[Outcome]) -> Iterator[str]:
    for outcome in outcomes:
        if outcome.step.shown or not outcome.passed:
            yield f"{outcome.step.name:<12}{'ok' if outcome.passed else 'FAILED':<8}{outcome.seconds:6.1f} s"
    for name in (name for outcome in outcomes for name in outcome.unsteady):
        yield f"unsteady: {name} failed among the others and passed alone; mend it"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

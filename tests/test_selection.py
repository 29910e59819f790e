"""The plugin in tests/selection.py, run by a pytest of its own on a file of four tests."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import components

ROOT = Path(__file__).resolve().parent.parent
TWO_PROCESSES = ("-p", "xdist", "--numprocesses=2", "--dist=loadfile")
FOUR_TESTS = """
import pytest

def test_plain(): pass

@pytest.mark.needs("sh-like")
def test_with_a_component(): pass

@pytest.mark.needs("no-such-program")
def test_without_its_component(): raise RuntimeError("ran all the same")

@pytest.mark.long
def test_long(): pass
"""
LISTED = """
from tests import components
pytest_plugins = ["tests.selection"]
components.COMPONENTS = (
    components.Component("sh-like", ("sh",)),
    components.Component("no-such-program", ("no-such-program-anywhere", "/no/such/path")),
)
components.why_missing = lambda: "cannot be installed here (not root)"
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    (tmp_path / "conftest.py").write_text(LISTED, encoding="utf-8")
    (tmp_path / "test_four.py").write_text(FOUR_TESTS, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text(f"[pytest]\npythonpath = {ROOT}\nmarkers = long: x\n", encoding="utf-8")
    return tmp_path


def run(suite: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options],
        cwd=suite,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},  # half the start-up time
        capture_output=True,
        text=True,
        check=False,
    )


def not_run(output: str) -> list[str]:
    return [line for line in output.splitlines() if line.startswith("not run: ")]


def test_a_missing_component_fails_its_tests_unless_allowed(suite: Path) -> None:
    ran = run(suite)

    assert ran.returncode == 1
    assert "1 failed, 2 passed, 1 deselected" in ran.stdout
    assert not_run(ran.stdout) == ["not run: long tests (1), because `make test-long` runs them"]


def test_an_allowed_missing_component_is_named_with_its_count_and_reason(suite: Path) -> None:
    ran = run(suite, "--allow-missing", "--not-run-to=notes")

    assert "2 passed, 2 deselected" in ran.stdout
    assert not_run(ran.stdout) == [
        "not run: long tests (1), because `make test-long` runs them",
        "not run: tests that need no-such-program (1), because it cannot be installed here (not root)",
    ]
    assert (suite / "notes").read_text(encoding="utf-8").splitlines() == not_run(ran.stdout)


def test_the_quick_run_leaves_out_components_that_are_here_too(suite: Path) -> None:
    ran = run(suite, "--quick")

    assert "1 passed, 3 deselected" in ran.stdout
    assert "not run: tests that need sh-like (1), because this is the quick run" in not_run(ran.stdout)


def test_the_long_run_runs_only_the_long_ones(suite: Path) -> None:
    ran = run(suite, "--long")

    assert "1 passed, 3 deselected" in ran.stdout
    assert not_run(ran.stdout) == ["not run: short tests (3), because --long runs the long ones"]


@pytest.mark.parametrize("processes", [(), TWO_PROCESSES], ids=["one process", "two processes"])
def test_a_component_that_nobody_listed_fails_its_test(suite: Path, processes: tuple[str, ...]) -> None:
    (suite / "test_five.py").write_text(
        "import pytest\n@pytest.mark.needs('typo')\ndef test_five(): pass\n", encoding="utf-8"
    )

    ran = run(suite, *processes, "--quick")

    assert ran.returncode == 1
    assert "'typo', which tests/components.py does not list" in ran.stdout


def test_processes_that_share_the_tests_say_what_is_left_out_once(suite: Path) -> None:
    ran = run(suite, *TWO_PROCESSES, "--allow-missing", "--not-run-to=notes")

    assert ran.stdout.splitlines()[-1].startswith("2 passed in ")
    assert not_run(ran.stdout) == [
        "not run: long tests (1), because `make test-long` runs them",
        "not run: tests that need no-such-program (1), because it cannot be installed here (not root)",
    ]
    assert (suite / "notes").read_text(encoding="utf-8").splitlines() == not_run(ran.stdout)


def test_every_component_has_a_sign_to_look_for() -> None:
    assert all(component.signs for component in components.COMPONENTS)
    assert len({component.package for component in components.COMPONENTS}) == len(components.COMPONENTS)

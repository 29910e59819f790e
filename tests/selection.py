"""Which tests a run leaves out, and the lines at its end that say so: a pytest plugin, loaded by tests/conftest.py.

    pytest                   everything but the tests marked `long`; a test fails whose component is not here
    pytest --allow-missing   leaves out tests whose component (tests/components.py) is not here, and names them
    pytest --quick           leaves out every test that needs a component, here or not
    pytest --long            runs the tests marked `long` and no others

Each reason gets one line, `not run: tests that need chromium (12), because …`: nothing is left out in silence.
Where pytest-xdist runs the tests in several processes (`pytest -n 2`), each of them leaves out the same ones; it hands
its reasons to the process that began it, which says them once.
"""

from collections import Counter
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import components


@dataclass(frozen=True, slots=True, order=True)
class Reason:
    """Which tests are left out and why, as the closing line says it."""

    which: str
    because: str


LONGEST_NAME = 16  # bytes of which a test's case may be named
NOT_RUN = pytest.StashKey[Counter[Reason]]()
FAILED = ("failed", "error")  # what pytest calls a test that broke, and one whose fixture did


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("dropdock", "which tests to leave out")
    group.addoption("--allow-missing", action="store_true", help="leave out tests whose component is not here")
    group.addoption("--quick", action="store_true", help="leave out tests that need a component")
    group.addoption("--long", action="store_true", help="run the tests marked long, and only those")
    group.addoption("--failed-to", type=Path, metavar="FILE", help="write the names of the tests that failed here")
    group.addoption("--not-run-to", type=Path, metavar="FILE", help="also write the closing `not run:` lines here")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*packages): uses these components of tests/components.py")
    config.stash[NOT_RUN] = Counter()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    reasons = {item: why_not(item, config) for item in items}
    left_out = [item for item in items if reasons[item] is not None]
    config.hook.pytest_deselected(items=left_out)
    config.stash[NOT_RUN].update(reason for reason in reasons.values() if reason is not None)
    items[:] = [item for item in items if reasons[item] is None]


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a test's case by the argument where that is bytes: an archive has the time in it, and processes that share
    the tests must find the same names."""
    return argname if isinstance(val, bytes) and len(val) > LONGEST_NAME else None


def pytest_runtest_setup(item: pytest.Item) -> None:
    listed = {component.package for component in components.COMPONENTS}
    for package in packages_of(item):
        if package not in listed:
            pytest.fail(f"{item.nodeid} needs {package!r}, which tests/components.py does not list", pytrace=False)


def pytest_sessionfinish(session: pytest.Session) -> None:
    told = getattr(session.config, "workeroutput", None)  # where this is one of several processes
    if told is not None:
        told["not run"] = [(*astuple(reason), count) for reason, count in session.config.stash[NOT_RUN].items()]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what one of several processes left out: the same as the others, so each reason counts once."""
    told = getattr(node, "workeroutput", {}).get("not run", ())  # nothing from one that crashed
    node.config.stash[NOT_RUN] |= Counter({Reason(which, because): count for which, because, count in told})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config) -> None:
    if config.option.failed_to is not None and exitstatus == pytest.ExitCode.TESTS_FAILED:
        names = {report.nodeid: None for kind in FAILED for report in terminalreporter.getreports(kind)}
        config.option.failed_to.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    counts = sorted(config.stash[NOT_RUN].items())
    lines = [f"not run: {reason.which} ({count}), because {reason.because}" for reason, count in counts]
    for line in lines:
        terminalreporter.write_line(line, yellow=True)
    if config.option.not_run_to is not None:
        config.option.not_run_to.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def why_not(item: pytest.Item, config: pytest.Config) -> Reason | None:
    """Why a test is left out, None for a test to run, as is one whose component nobody listed: it fails."""
    is_long = item.get_closest_marker("long") is not None
    if config.option.long:
        return None if is_long else Reason("short tests", "--long runs the long ones")
    if is_long:
        return Reason("long tests", "`make test-long` runs them")
    packages = packages_of(item)
    for component in (each for each in components.COMPONENTS if each.package in packages):
        which = f"tests that need {component.package}"
        if config.option.quick:
            return Reason(which, "this is the quick run")
        if config.option.allow_missing and not component.is_here():
            return Reason(which, f"it {components.why_missing()}")
    return None


def packages_of(item: pytest.Item) -> list[str]:
    """What the marks on a test, its class and its module ask for; `browser` is short for `needs("chromium")`."""
    packages = [package for mark in item.iter_markers("needs") for package in mark.args]
    if item.get_closest_marker("browser") is not None:
        packages.append("chromium")
    return packages

"""Which tests a run leaves out, and the lines at its end that say so: a pytest plugin, loaded by tests/conftest.py.

    pytest                   everything but the tests marked `long`; a test fails whose component is not here
    pytest --allow-missing   leaves out tests whose component (tests/components.py) is not here, and names them
    pytest --quick           leaves out every test that needs a component, here or not
    pytest --long            runs the tests marked `long` and no others

Each reason gets one line, `not run: tests that need chromium (12), because …`: nothing is left out in silence.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import components


@dataclass(frozen=True, slots=True, order=True)
class Reason:
    """Which tests are left out and why, as the closing line says it."""

    which: str
    because: str


NOT_RUN = pytest.StashKey[Counter[Reason]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("dropdock", "which tests to leave out")
    group.addoption("--allow-missing", action="store_true", help="leave out tests whose component is not here")
    group.addoption("--quick", action="store_true", help="leave out tests that need a component")
    group.addoption("--long", action="store_true", help="run the tests marked long, and only those")
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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    counts = sorted(config.stash[NOT_RUN].items())
    lines = [f"not run: {reason.which} ({count}), because {reason.because}" for reason, count in counts]
    for line in lines:
        terminalreporter.write_line(line, yellow=True)
    if config.option.not_run_to is not None:
        config.option.not_run_to.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def why_not(item: pytest.Item, config: pytest.Config) -> Reason | None:
    """Why a test is left out, None for a test to run. UsageError for a component that nobody listed."""
    is_long = item.get_closest_marker("long") is not None
    if config.option.long:
        return None if is_long else Reason("short tests", "--long runs the long ones")
    if is_long:
        return Reason("long tests", "`make test-long` runs them")
    for component in needed(item):
        which = f"tests that need {component.package}"
        if config.option.quick:
            return Reason(which, "this is the quick run")
        if config.option.allow_missing and not component.is_here():
            return Reason(which, f"it {components.why_missing()}")
    return None


def needed(item: pytest.Item) -> list[components.Component]:
    """What the marks on a test, its class and its module ask for; `browser` is short for `needs("chromium")`."""
    packages = [package for mark in item.iter_markers("needs") for package in mark.args]
    if item.get_closest_marker("browser") is not None:
        packages.append("chromium")
    try:
        return [components.named(package) for package in packages]
    except KeyError as unknown:
        raise pytest.UsageError(f"{item.nodeid} needs {unknown}, which tests/components.py does not list") from None

"""Whose lines are counted: a pytest plugin, loaded by tests/conftest.py.

A server whose lines are counted takes half as long again to start, and the tests start hundreds. The folders named
here are about what happens to servers, not about lines that others' servers would not run: only what these tests run
in their own process is counted.
"""

import os
from collections.abc import Generator

import pytest

NOT_COUNTED = (
    "tests/admin_ui/",
    "tests/api/test_contract.py",  # what the server runs, others here run in their own process
    "tests/clients/",
    "tests/faults/",
    "tests/git/",
    "tests/packaging/",
    "tests/safekeeping/",
    "tests/workers/",
)
TOLD = "COVERAGE_PROCESS_CONFIG"  # how coverage.py tells a process's children to count (its `patch = subprocess`)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Have the processes that a test and its fixtures start counted, or not."""
    told = os.environ.pop(TOLD, None) if item.nodeid.startswith(NOT_COUNTED) else None
    try:
        return (yield)
    finally:
        if told is not None:
            os.environ[TOLD] = told

"""The sandboxes that the tests run hostile projects in."""

from pathlib import Path

import pytest

from builds.sandbox.bubblewrap import Bubblewrap
from builds.sandbox.probe import probe
from builds.sandbox.values import Sandbox, Wishes
from tests.builds.sandbox.bench import Bench

BUBBLEWRAP = pytest.param("bubblewrap", marks=pytest.mark.needs("bubblewrap"))
SHARED_USER = pytest.param("bubblewrap, the server's user", marks=pytest.mark.needs("bubblewrap"))


@pytest.fixture(params=[BUBBLEWRAP, SHARED_USER])
def isolated(request: pytest.FixtureRequest) -> Sandbox:
    """Every sandbox that isolates, as it is set up here."""
    return make(request.param)


@pytest.fixture
def bench(isolated: Sandbox, tmp_path: Path) -> Bench:
    return Bench(isolated, workspace(tmp_path))


@pytest.fixture
def bubblewrap_bench(tmp_path: Path) -> Bench:
    """For what does not differ between sandboxes."""
    return Bench(make("bubblewrap"), workspace(tmp_path))


def make(name: str) -> Sandbox:
    backend, _, form = name.partition(", ")
    sandbox = probe(Wishes(backend=backend))
    if form and isinstance(sandbox, Bubblewrap):
        return Bubblewrap(sandbox.tools, None, sandbox.reach, sandbox.landlock)
    return sandbox


def workspace(place: Path) -> Path:
    folder = place / "workspace"
    folder.mkdir()
    return folder

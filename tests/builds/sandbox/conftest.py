"""The sandboxes that the tests run hostile projects in."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from builds.sandbox.bubblewrap import Bubblewrap
from builds.sandbox.probe import probe
from builds.sandbox.values import Sandbox, Wishes
from tests.builds.sandbox import images
from tests.builds.sandbox.bench import Bench
from tests.builds.sandbox.images import IMAGE

BUBBLEWRAP = pytest.param("bubblewrap", marks=pytest.mark.needs("bubblewrap"))
PODMAN = pytest.param("container", marks=[pytest.mark.needs("podman", "runc", "debootstrap"), pytest.mark.long])
SHARED_USER = pytest.param("bubblewrap, the server's user", marks=pytest.mark.needs("bubblewrap"))


@pytest.fixture(params=[BUBBLEWRAP, SHARED_USER, PODMAN])
def isolated(request: pytest.FixtureRequest) -> Sandbox:
    """Every sandbox that isolates, as it is set up here."""
    if request.param == "container":
        request.getfixturevalue("image")
    return make(request.param)


@pytest.fixture(scope="session")
def image() -> Iterator[None]:
    """The image is there, and Podman knows how to work here."""
    with pytest.MonkeyPatch.context() as patched:
        for name, value in images.settings().items():
            patched.setenv(name, value)
        images.make(dict(os.environ))
        yield


@pytest.fixture
def bench(isolated: Sandbox, tmp_path: Path) -> Bench:
    return Bench(isolated, workspace(tmp_path))


@pytest.fixture
def bubblewrap_bench(tmp_path: Path) -> Bench:
    """For what does not differ between sandboxes."""
    return Bench(make("bubblewrap"), workspace(tmp_path))


def make(name: str) -> Sandbox:
    backend, _, form = name.partition(", ")
    sandbox = probe(Wishes(backend, image=IMAGE))
    if form and isinstance(sandbox, Bubblewrap):
        return Bubblewrap(sandbox.tools, None, sandbox.reach, sandbox.landlock)
    return sandbox


def workspace(place: Path) -> Path:
    folder = place / "workspace"
    folder.mkdir()
    return folder

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving.guarded import Guarded, guarding
from tests.serving.lanes import Plane, release, running

BIG = bytes(range(256)) * 12_000  # 3 MB, more than sockets and buffers hold

FILES = {
    "index.html": b"<h1>home</h1>",
    "about.html": b"<h1>about</h1>",
    "docs/index.html": b"<h1>docs</h1>",
    "docs/404.html": b"no such doc",
    "404.html": b"no such page",
    "a b/\u00e9.txt": b"spaced",
    "empty.txt": b"",
    "digits.txt": b"0123456789" * 10,
    "medium.bin": bytes(65_536),
    "big.bin": BIG,
    "_redirects": b"/* /index.html 200",
}


@pytest.fixture(scope="session")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("blobs")


@pytest.fixture(scope="session")
def shared_plane(blobs: Path) -> Iterator[Plane]:
    """One plane for all tests that only ask; those that break something make their own."""
    with running() as plane:
        plane.put("site.localhost", release(blobs, FILES))
        plane.put("bare.localhost", release(blobs, {"page.html": b"page"}))
        plane.put("preview.localhost", release(blobs, FILES, preview=True))
        plane.put("slash.localhost", release(blobs, FILES, html="slash"))
        yield plane


@pytest.fixture(scope="session")
def shared_gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with guarding(tmp_path_factory.mktemp("guarded")) as made:
        yield made


@pytest.fixture
def guarded(shared_gate: Guarded) -> Guarded:
    """The plane with gate and locks, as it began."""
    shared_gate.as_it_began()
    return shared_gate

"""What a build child makes ready for the next upload: once one is expected or was large, and only while it is quiet."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.storage.blobs import Blobs
from appliance.storage.spares import FOLDERS
from builds import json_lines, wire
from builds.child import QUIET
from builds.presses import LARGE_UPLOAD
from builds.values import Limits, Plan, Transforms
from tests.builders import MAIN, ROOT, page, zip_of

PATIENCE = 30.0  # seconds for something that takes one, where nobody else wants the processor
SMALL = {"index.html": page("hello")}


class Child:
    """A real build child with a place for files that are made ahead."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        blobs = Blobs(folder / "blobs")
        blobs.create()
        self.blobs = blobs.root
        self.spares = folder / "spares"
        self.spares.mkdir()
        command = [sys.executable, str(MAIN), "internal", "build", str(blobs.root), str(self.spares)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)

    def tell(self, message: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(message)
        self.process.stdin.flush()

    def deploy(self, name: str, files: dict[str, str]) -> None:
        upload = self._folder / f"{name}.zip"
        upload.write_bytes(zip_of(files))
        (self._folder / "work").mkdir(exist_ok=True)
        plan = Plan(name, upload, self._folder / "work" / name, Limits(), transforms=Transforms(compress=("html",)))
        self.tell(json_lines.dump(wire.plan_message(replace(plan, filename=""))))
        assert self.process.stdout
        told = (json.loads(line) for line in self.process.stdout)
        assert next(message for message in told if message.keys() & {"stored", "refused"}) == {"stored": True}

    def ready(self) -> int:
        return sum(not folder.name.startswith(".") for folder in self.spares.iterdir())

    def await_ready(self, folders: int) -> None:
        until = time.monotonic() + PATIENCE
        while self.ready() < folders:
            assert time.monotonic() < until
            time.sleep(0.05)


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Child]:
    begun = Child(tmp_path)
    with begun.process:
        yield begun


def large() -> dict[str, str]:
    """An upload that is large enough for presses however well it is packed: no two pages are alike."""
    words = [" ".join(str(hash((number, place)) % 10**9) for place in range(900)) for number in range(100)]
    files = {f"{number}.html": page(text) for number, text in enumerate(words)}
    assert len(zip_of(files)) > LARGE_UPLOAD
    return files


def test_files_lie_ready_once_an_upload_is_expected(child: Child) -> None:
    child.tell(b'{"expect": true}\n')

    child.await_ready(FOLDERS)


def test_a_large_upload_takes_some_and_there_are_as_many_again_afterwards(child: Child) -> None:
    child.tell(b'{"expect": true}\n')
    child.await_ready(FOLDERS)

    child.deploy("d1", large())
    during = child.ready()

    assert during < FOLDERS
    child.await_ready(FOLDERS)
    child.deploy("d2", SMALL)
    stored = [path for path in child.blobs.rglob("*") if path.is_file()]
    assert len(stored) > 200  # pages and their compressed forms
    assert all(path.stat().st_size for path in stored)


def test_nothing_is_made_ahead_for_small_uploads_alone(child: Child) -> None:
    child.deploy("d1", SMALL)

    time.sleep(4 * QUIET)

    assert list(child.spares.iterdir()) == []

"""The process that makes the best forms: what it says, that it yields, and that it leaves nothing half done."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from appliance.storage.blobs import Blobs
from appliance.storage.manifest import Entry, Manifest, Variant
from appliance.storage.savings import improved, summed
from builds import compress
from tests.builders import EAGER_REFINERY, MAIN, ROOT

WORDS = [f"word{number}" for number in range(300)]


class Refinery:
    """A refinery on a store of its own, and what it says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.blobs = Blobs(folder / "blobs")
        self.blobs.create()
        self._children: list[subprocess.Popen[bytes]] = []

    def start(
        self, contents: list[bytes], *command: str, named: list[Any] | None = None, **wishes: Any
    ) -> subprocess.Popen[bytes]:
        names = [self.blobs.put(content) for content in contents]
        command = command or (sys.executable, "-c", EAGER_REFINERY, str(ROOT), str(self.blobs.root))
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._children.append(child)
        order = {
            "workspace": str(self.folder / "work"),
            "cache": str(self.folder / "cache"),
            "cache_size": 10_000_000,
            "memory": 1_000_000_000,
            "seconds": 60,
            "contents": [[name, len(content)] for name, content in zip(names, contents, strict=True)],
            "packed": {},
            "forms": {},
        }
        say(child, order | ({"contents": named} if named else {}) | wishes)
        return child

    def run(self, contents: list[bytes], **wishes: Any) -> tuple[dict[str, list[Any]], float]:
        """The forms it made, and the processor time."""
        child = self.start(contents, **wishes)
        forms: dict[str, list[Any]] = {}
        for line in child.stdout or ():
            message = json.loads(line)
            if "done" in message:
                return forms, message["done"]
            forms |= message["forms"]
        raise AssertionError("it ended without a last word")

    def close(self) -> None:
        for child in self._children:
            child.kill()
            child.wait()
            for stream in (child.stdin, child.stdout):
                with contextlib.suppress(BrokenPipeError):
                    assert stream is not None
                    stream.close()


def say(child: subprocess.Popen[bytes], message: dict[str, Any]) -> None:
    assert child.stdin is not None
    child.stdin.write(json.dumps(message).encode() + b"\n")
    child.stdin.flush()


@pytest.fixture
def refinery(tmp_path: Path) -> Iterator[Refinery]:
    made = Refinery(tmp_path)
    yield made
    made.close()


def texts(count: int, words: int = 2_000) -> list[bytes]:
    made = (random.Random(number).choices(WORDS, k=words) for number in range(count))
    return [" ".join(each).encode() for each in made]


def test_the_forms_are_the_best_and_in_the_store(refinery: Refinery) -> None:
    content = texts(1)[0]

    forms, _ = refinery.run([content])

    [made] = forms.values()
    assert {coding: refinery.blobs.path(name).read_bytes() for coding, name, _ in made} == compress.forms(
        content, compress.BEST
    )
    assert not (refinery.folder / "work/blobs").exists()


def test_what_was_made_once_is_not_made_again(refinery: Refinery) -> None:
    first, taken = refinery.run(texts(20))
    again, less = refinery.run(texts(20))

    assert first == again
    assert less < taken


def test_out_of_time_it_tells_what_it_has(refinery: Refinery) -> None:
    forms, _ = refinery.run(texts(5), seconds=0)

    assert forms == {}


def test_what_is_gone_from_the_store_is_passed_over(refinery: Refinery) -> None:
    [here] = texts(1)
    child = refinery.start([here], named=[["0" * 64, 9], [refinery.blobs.put(here), len(here)]])

    said = [json.loads(line) for line in child.stdout or ()]

    assert [list(message.get("forms", {})) for message in said] == [[refinery.blobs.put(here)], []]


@pytest.mark.skipif(sys.platform == "win32", reason="processes have no niceness there")
def test_it_steps_back_behind_everybody_else(refinery: Refinery) -> None:
    child = refinery.start(texts(1), sys.executable, str(MAIN), "internal", "refine", str(refinery.blobs.root))
    say(child, {"pause": True})

    while psutil.Process(child.pid).nice() != 19:
        assert child.poll() is None


def test_paused_it_waits_and_then_goes_on(refinery: Refinery) -> None:
    child = refinery.start(texts(4, 20_000))
    say(child, {"pause": True})
    process = psutil.Process(child.pid)
    looks: deque[tuple[str, float]] = deque(maxlen=4)
    while len(set(looks)) != 1 or len(looks) < 4 or looks[0][0] != psutil.STATUS_SLEEPING:
        time.sleep(0.1)
        if (refinery.folder / "work/blobs").exists():  # it has read what it is to do, and listens
            looks.append((process.status(), sum(process.cpu_times()[:2])))
        assert child.poll() is None
    say(child, {"pause": False})

    assert "done" in json.loads(list(child.stdout or ())[-1])


def test_it_ends_with_its_server_and_what_it_said_is_stored(refinery: Refinery) -> None:
    child = refinery.start(texts(20, 40_000))
    assert child.stdin is not None
    child.stdin.close()

    child.wait(30)
    said = [json.loads(line) for line in child.stdout or ()]
    names = [name for message in said for forms in message.get("forms", {}).values() for _, name, _ in forms]

    assert all(refinery.blobs.path(name).exists() for name in names)


def test_killed_in_the_middle_it_is_done_with_at_the_next_try(refinery: Refinery) -> None:
    child = refinery.start(texts(5, 40_000))
    os.kill(child.pid, signal.SIGKILL)
    child.wait(30)

    forms, _ = refinery.run(texts(5, 2_000))

    assert len(forms) == 5


A, B, C = "a" * 64, "b" * 64, "c" * 64


def manifest_of(*variants: Variant) -> Manifest:
    return Manifest(entries={"a.css": Entry(A, 1_000, "text/css", 0, variants), "b.png": Entry(B, 9, "image/png", 0)})


def test_better_forms_take_the_place_of_larger_ones_and_fill_gaps() -> None:
    before = manifest_of(Variant("zstd", B, 500), Variant("gzip", B, 400))

    after = improved(before, {A: (Variant("zstd", C, 300), Variant("br", C, 200), Variant("gzip", C, 450))})

    assert after.entries["a.css"].variants == (Variant("zstd", C, 300), Variant("br", C, 200), Variant("gzip", B, 400))
    assert after.entries["b.png"] == before.entries["b.png"]
    assert summed(after).saved == 800


def test_what_is_no_better_changes_nothing() -> None:
    before = manifest_of(Variant("zstd", B, 300))

    assert improved(before, {A: (Variant("zstd", C, 300),), B: (Variant("zstd", C, 1),)}) is before

"""The build child by itself: plans in, news out, and an end when nobody is there any more."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from appliance.storage.blobs import Blobs
from builds import json_lines, wire
from builds.values import Limits, Plan, Transforms
from tests.builders import MAIN, ROOT, page, zip_of
from tests.held_child import Gate

INDEX = {"index.html": page("hello")}


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    made = Blobs(tmp_path / "data" / "blobs")
    made.create()
    return made


@contextmanager
def child(command: list[str]) -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    ) as process:
        yield process  # leaving closes its input, which ends it


def send(process: "subprocess.Popen[bytes]", plan: Plan) -> None:
    assert process.stdin
    process.stdin.write(json_lines.dump(wire.plan_message(plan)))
    process.stdin.flush()


def outcome(process: "subprocess.Popen[bytes]") -> dict[str, Any]:
    """The last message on a plan."""
    return following(process, "stored", "source", "refused")


def following(process: "subprocess.Popen[bytes]", *kinds: str) -> dict[str, Any]:
    """The next message that is one of these."""
    assert process.stdout
    for line in process.stdout:
        message: dict[str, Any] = json.loads(line)
        if message.keys() & set(kinds):
            return message
    raise AssertionError("the child ended")


def plan_for(tmp_path: Path, upload: bytes, name: str = "d1") -> Plan:
    path = tmp_path / f"{name}.upload"
    path.write_bytes(upload)
    (tmp_path / "work").mkdir(exist_ok=True)
    return Plan(name, path, tmp_path / "work" / name, Limits())


def real(blobs: Blobs) -> list[str]:
    return [sys.executable, str(MAIN), "internal", "build", str(blobs.root)]


def scripted(stage: str, *before: str) -> list[str]:
    """A child whose place in the store is made by this line, after those before."""
    lines = ["from builds import child", "from tests.presses import presses", *before, "def stage(workspace):"]
    lines.append(f"  {stage}")
    return [sys.executable, "-c", "\n".join([*lines, "child.main(stage, presses())"])]


def test_one_child_serves_plan_after_plan(tmp_path: Path, blobs: Blobs) -> None:
    with child(real(blobs)) as process:
        for name in ("d1", "d2"):
            send(process, plan_for(tmp_path, zip_of({"index.html": name}), name))

            [[path, sha256, size, *original]] = following(process, "files")["files"]
            assert outcome(process) == {"stored": True}
            assert (path, size, original) == ("index.html", 2, ["", 0])
            assert blobs.path(sha256).read_text() == name


def test_what_nobody_waits_for_is_done_once_the_server_has_had_time_or_asks_again(tmp_path: Path, blobs: Blobs) -> None:
    cache = tmp_path / "cache"
    wanted = Transforms(compress=("html",), cache=cache)
    upload = zip_of({"index.html": page("word " * 1_000)})
    stage = f"return Blobs(Path({str(blobs.root)!r})).stage(workspace)"
    patient = ["from pathlib import Path", "from appliance.storage.blobs import Blobs", "child.REST = 600"]
    with child(scripted(stage, *patient)) as process:
        send(process, replace(plan_for(tmp_path, upload, "d1"), transforms=wanted))
        assert outcome(process) == {"stored": True}
        time.sleep(0.2)
        was_there = cache.exists()
        send(process, replace(plan_for(tmp_path, upload, "d2"), transforms=wanted))

        assert following(process, "made")["made"]["cache_hits"] == 1
        assert not was_there


def test_it_ends_when_its_input_does(tmp_path: Path, blobs: Blobs) -> None:
    with child(real(blobs)) as process:
        send(process, plan_for(tmp_path, zip_of(INDEX)))
        outcome(process)
        assert process.stdin

        process.stdin.close()

        assert process.wait(30) == 0


def test_it_ends_at_once_when_its_server_is_gone_while_it_works(tmp_path: Path, blobs: Blobs) -> None:
    gate = Gate(tmp_path / "gate")
    gate.hold_next()
    with child(gate.command(tmp_path / "data")) as process:
        send(process, plan_for(tmp_path, zip_of(INDEX)))
        while not (gate.folder / "d1").exists():
            assert process.poll() is None
        assert process.stdin

        process.stdin.close()

        assert process.wait(30) == 1
        assert (gate.folder / "d1").exists()  # nobody had let it go


def test_a_refusal_is_told_and_leaves_nothing(tmp_path: Path, blobs: Blobs) -> None:
    with child(real(blobs)) as process:
        send(process, plan_for(tmp_path, b"PK\3\4 and no more"))

        refused = outcome(process)["refused"]

    assert refused["code"] == "damaged"
    assert [path for path in blobs.root.rglob("*") if path.is_file()] == []
    assert not (tmp_path / "work" / "d1" / "blobs").exists()


def test_what_a_library_prints_is_no_news(tmp_path: Path) -> None:
    with child(scripted("print('hello', flush=True); raise OSError(28, 'No space left on device')")) as process:
        send(process, plan_for(tmp_path, zip_of(INDEX)))

        assert "refused" in outcome(process)
        process.kill()
        assert process.stderr
        assert process.stderr.read().startswith(b"hello\n")


def test_trouble_with_the_store_is_a_refusal_that_may_pass(tmp_path: Path) -> None:
    with child(scripted("raise OSError(28, 'No space left on device')")) as process:
        send(process, plan_for(tmp_path, zip_of(INDEX)))

        refused = outcome(process)["refused"]

    assert refused["code"] == "storage_failed"
    assert "No space left on device" in refused["detail"]
    assert refused["retry"] is True


def test_a_child_that_can_tell_nobody_ends(tmp_path: Path) -> None:
    with child(scripted("raise BrokenPipeError")) as process:
        send(process, plan_for(tmp_path, zip_of(INDEX)))

        assert process.wait(30) == 1


@pytest.mark.parametrize("error", ["OSError(28, 'No space left on device')", "ZeroDivisionError('unforeseen')"])
def test_what_went_wrong_is_one_line_of_the_log(tmp_path: Path, error: str) -> None:
    with child(scripted(f"raise {error}")) as process:
        send(process, plan_for(tmp_path, zip_of(INDEX)))
        assert process.stdin
        assert process.stderr

        line = process.stderr.readline()
        process.stdin.close()  # only now: a child whose server goes away while it works says nothing
        rest = process.stderr.read()

    assert not rest
    assert json.loads(line)["event"] == "build_child_failed"
    assert error.partition("(")[0] in json.loads(line)["exception"]

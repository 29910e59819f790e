"""Content under its hash: stored once, invisible before the commit, unchangeable after it."""

import hashlib
import os
import re
import stat
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.storage import blobs as blobs_module
from appliance.storage import syncing
from appliance.storage.blobs import MOST_LATELY, SMALLEST, WRITE_EVERY, Blobs, StagedBlobs


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    made = Blobs(tmp_path / "blobs")
    made.create()
    return made


@pytest.fixture
def staged(blobs: Blobs, tmp_path: Path) -> StagedBlobs:
    return blobs.stage(tmp_path / "work")


def stored(blobs: Blobs) -> list[Path]:
    return [path for path in blobs.root.rglob("*") if path.is_file()]


def files_in(staged: StagedBlobs) -> list[Path]:
    return [path for path in staged.folder.rglob("*") if path.is_file()]


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    "chunks", [[], [b""], [b"one"], [b"one", b"two"], [b"", b"", b"x"], [b"a" * 300_000, b"b"] * 3]
)
def test_content_is_found_under_its_hash(blobs: Blobs, staged: StagedBlobs, chunks: list[bytes]) -> None:
    whole = b"".join(chunks)

    put = staged.put(chunks)
    staged.commit()

    assert put == (sha256(whole), len(whole))
    assert blobs.path(sha256(whole)).read_bytes() == whole


@given(chunks=st.lists(st.binary(max_size=50), max_size=6))
def test_however_it_is_cut_content_is_the_same(tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes]) -> None:
    folder = tmp_path_factory.mktemp("store")
    blobs = Blobs(folder / "blobs")
    blobs.create()
    staged = blobs.stage(folder / "work")

    assert staged.put(chunks) == staged.put([b"".join(chunks)]) == (sha256(b"".join(chunks)), len(b"".join(chunks)))


def test_nothing_is_visible_before_the_commit(blobs: Blobs, staged: StagedBlobs) -> None:
    staged.put([b"content"])

    assert stored(blobs) == []


def test_content_can_be_read_before_and_after_the_commit(staged: StagedBlobs) -> None:
    name, _ = staged.put([b"content"])
    before = staged.read(name)
    staged.commit()

    assert before == staged.read(name) == b"content"
    with pytest.raises(FileNotFoundError):
        staged.read(sha256(b"other"))


def test_content_is_read_only_and_never_executable(blobs: Blobs, staged: StagedBlobs) -> None:
    name, _ = staged.put([b"#!/bin/sh\n"])
    staged.commit()

    assert stat.S_IMODE(blobs.path(name).stat().st_mode) == 0o444


def test_the_same_content_is_staged_once(staged: StagedBlobs) -> None:
    for chunks in ([b"same"], [b"sa", b"me"], [b"same"]):
        staged.put(chunks)

    assert len(files_in(staged)) == 1


@pytest.mark.parametrize("chunks", [[b"known"], [b"kno", b"wn"]])
def test_content_that_is_stored_stays_the_file_it_is(
    blobs: Blobs, staged: StagedBlobs, tmp_path: Path, chunks: list[bytes]
) -> None:
    name, _ = staged.put([b"known"])
    staged.commit()
    before = blobs.path(name).stat()

    again = blobs.stage(tmp_path / "again")
    again.put(chunks)
    again.commit()

    assert blobs.path(name).read_bytes() == b"known"
    assert blobs.path(name).stat().st_ino == before.st_ino
    assert files_in(again) == []


def test_two_uploads_with_the_same_content_may_both_commit(blobs: Blobs, tmp_path: Path) -> None:
    first, second = blobs.stage(tmp_path / "first"), blobs.stage(tmp_path / "second")
    name, _ = first.put([b"shared"])
    second.put([b"shared"])

    first.commit()
    second.commit()

    assert blobs.path(name).read_bytes() == b"shared"


def test_discarding_leaves_nothing(blobs: Blobs, staged: StagedBlobs) -> None:
    staged.put([b"content"])

    staged.discard()
    staged.commit()

    assert not staged.folder.exists()
    assert stored(blobs) == []


def test_threads_may_stage_together(blobs: Blobs, staged: StagedBlobs) -> None:
    contents = [b"%d" % (number % 50) * 100 for number in range(400)]

    with ThreadPoolExecutor(8) as pool:
        put = list(pool.map(lambda content: staged.put([content[:10], content[10:]]), contents))
    staged.commit()

    assert put == [(sha256(content), len(content)) for content in contents]
    assert len(stored(blobs)) == 50
    assert files_in(staged) == []


def test_an_upload_that_breaks_off_leaves_nothing_behind(staged: StagedBlobs) -> None:
    def breaks_off() -> Iterator[bytes]:
        yield b"one"
        yield b"two"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        staged.put(breaks_off())

    assert files_in(staged) == []


def test_a_workspace_taken_up_again_starts_empty(blobs: Blobs, tmp_path: Path) -> None:
    blobs.stage(tmp_path / "work").put([b"left over"])

    staged = blobs.stage(tmp_path / "work")
    name, _ = staged.put([b"content"])
    staged.commit()

    assert blobs.path(name).read_bytes() == b"content"


def test_a_folder_that_is_gone_cannot_be_made_durable(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        syncing.sync_filesystem(tmp_path / "gone")


def test_a_failing_sync_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syncing, "_syncfs", lambda: lambda _descriptor: -1)

    with pytest.raises(OSError, match=str(tmp_path)):
        syncing.sync_filesystem(tmp_path)


def test_what_the_disk_begins_with_early_is_content_like_the_rest(
    blobs: Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blobs_module, "WRITE_EVERY", 100)
    contents = [bytes([number]) * 60 for number in range(50)]
    kept, dropped = blobs.stage(tmp_path / "kept"), blobs.stage(tmp_path / "dropped")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda content: kept.put([content]), contents))
        list(threads.map(lambda content: dropped.put([content, content]), contents))
    kept.commit()
    dropped.discard()

    assert {path.name for path in stored(blobs)} == {sha256(content) for content in contents}
    assert not dropped.folder.exists()


def test_the_disk_never_begins_with_many_files_at_once(
    blobs: Blobs, staged: StagedBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged_by_then: list[int] = []
    monkeypatch.setattr(blobs_module, "try_to_sync", lambda _root: staged_by_then.append(len(staged._staged)))

    for number in range(4_000):
        staged.put([b"%d" % number])
        if staged._writing is not None:
            staged._writing.join()

    assert len(staged_by_then) > 5
    assert max(later - one for one, later in pairwise([0, *staged_by_then])) <= WRITE_EVERY // SMALLEST + 1


def test_who_stages_gives_way_between_two_files(tmp_path: Path) -> None:
    gave_way: list[str] = []
    blobs = Blobs(tmp_path / "blobs", lambda: gave_way.append("between"))
    blobs.create()
    staged = blobs.stage(tmp_path / "work")

    for number in range(10):
        staged.put([b"%d" % number])

    assert len(gave_way) == 10


def test_a_commit_does_not_wait_for_a_thread_that_gets_no_turn(
    blobs: Blobs, staged: StagedBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = Event()
    monkeypatch.setattr(blobs_module, "WRITE_EVERY", 1)
    monkeypatch.setattr(blobs_module, "try_to_sync", lambda _root: turn.wait(30))

    staged.put([b"one"])
    staged.commit()
    gets_one = staged._writing is not None and not staged._writing.is_alive()
    turn.set()

    assert not gets_one
    assert len(stored(blobs)) == 1


def test_a_disk_that_fails_early_fails_the_commit_only(
    blobs: Blobs, staged: StagedBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blobs_module, "WRITE_EVERY", 1)
    monkeypatch.setattr(syncing, "_syncfs", lambda: lambda _descriptor: -1)

    staged.put([b"one"])

    with pytest.raises(OSError, match=re.escape(str(blobs.root))):
        staged.commit()
    assert stored(blobs) == []


def test_where_there_is_no_syncfs_everything_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(sys, "platform", "darwin")
    syncing._syncfs.cache_clear()
    monkeypatch.setattr(os, "sync", lambda: calls.append("sync"))

    syncing.sync_filesystem(tmp_path)

    syncing._syncfs.cache_clear()
    assert calls == ["sync"]


def test_content_that_is_relied_on_is_not_looked_for(staged: StagedBlobs, tmp_path: Path) -> None:
    known, unknown = "ab" * 32, "cd" * 32

    staged.rely_on([known])

    assert staged.held([known, unknown]) == {known}
    assert staged.adopt(known, tmp_path / "nothing")


def test_only_what_may_not_be_durable_yet_is_waited_for(
    blobs: Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = blobs.stage(tmp_path / "first")
    first.put([b"page"])
    first.commit()
    monkeypatch.setattr(syncing, "_syncfs", lambda: lambda _descriptor: -1)

    again = blobs.stage(tmp_path / "again")
    again.put([b"page"])
    again.commit()

    other_process = Blobs(blobs.root).stage(tmp_path / "other")
    other_process.put([b"page"])
    with pytest.raises(OSError, match="blobs"):
        other_process.commit()


def test_what_was_durable_long_ago_is_not_relied_on(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs.durable.add(["ab" * 32])
    assert "ab" * 32 in blobs.durable

    monkeypatch.setattr(blobs_module, "FRESH", -1.0)
    blobs.durable.add([f"{number:064}" for number in range(MOST_LATELY)])

    assert "ab" * 32 not in blobs.durable
    assert f"{0:064}" not in blobs.durable

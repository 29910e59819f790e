"""An upload is read at any place, by several threads, with or without `pread`."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from builds.progress import Progress
from builds.source import PIECE, Source


@pytest.fixture(params=["pread", "seek"])
def upload(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if request.param == "seek":
        monkeypatch.delattr(os, "pread", raising=False)
    path = tmp_path / "upload"
    path.write_bytes(bytes(range(256)) * 4096)
    return path


def test_threads_read_without_moving_each_other(upload: Path) -> None:
    with Source.open(upload) as source, ThreadPoolExecutor(4) as threads:
        read = list(threads.map(lambda number: source.read_at(number * 256 + 5, 3), range(2000)))

    assert read == [bytes([5, 6, 7])] * 2000


def test_stretch_ends_where_it_ends(upload: Path) -> None:
    with Source.open(upload) as source:
        stretch = source.within(256, 300)

        assert stretch.read_at(250, 100) == bytes(range(250, 256)) + bytes(range(44))
        assert stretch.read_at(300, 5) == stretch.read_at(400, 5) == stretch.read_at(0, -1) == b""
        assert source.within(source.size - 2, 99).size == 2
        assert [len(piece) for piece in source.pieces()] == [PIECE] * 4


def test_progress_is_said_a_few_times_a_second() -> None:
    said: list[tuple[str, int, int]] = []
    progress = Progress(lambda *step: said.append(step), "unpack", 1000)

    for _ in range(1000):
        progress.add(1)
    progress.finish()

    assert 2 <= len(said) <= 5
    assert said[-1] == ("unpack", 1000, 1000)

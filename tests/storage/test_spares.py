"""Empty files that are made ahead: taken a folder at a time, given back, filled up, and never anybody's content."""

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from appliance.storage.blobs import MANY, Blobs
from appliance.storage.spares import FILES, FOLDERS, NOT_WORTH, NewFiles, Spares


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "spares").mkdir()
    return tmp_path / "spares"


@pytest.fixture
def spares(root: Path) -> Spares:
    made = Spares(root)
    made.fill(lambda: True)
    return made


def ready(root: Path) -> list[Path]:
    return [folder for folder in root.iterdir() if not folder.name.startswith(".")]


def written(files: NewFiles, content: bytes) -> Path:
    name, descriptor = files.open()
    os.write(descriptor, content)
    os.close(descriptor)
    return Path(name)


def contents(blobs: Blobs) -> list[bytes]:
    return sorted(path.read_bytes() for path in blobs.root.rglob("*") if path.is_file())


def test_so_many_are_kept_ready(spares: Spares, root: Path) -> None:
    spares.fill(lambda: True)

    assert len(ready(root)) == FOLDERS
    assert {len(list(folder.iterdir())) for folder in ready(root)} == {FILES}


def test_filling_ends_when_it_may_not_go_on_and_goes_on_later(root: Path) -> None:
    turns = iter(range(FILES + 50))
    Spares(root).fill(lambda: next(turns, None) is not None)
    begun = ready(root)

    Spares(root).fill(lambda: True)

    assert len(begun) == 1
    assert len(ready(root)) == FOLDERS
    assert {len(list(folder.iterdir())) for folder in root.iterdir()} == {FILES}


def test_one_process_at_a_time_fills(root: Path) -> None:
    lock = f"import fcntl, os; fcntl.flock(os.open({str(root)!r}, os.O_RDONLY), fcntl.LOCK_EX)"
    holds = f"{lock}; print(1, flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", holds], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        other.stdout.readline()

        Spares(root).fill(lambda: True)

        assert ready(root) == []
        other.communicate(b"\n")


def test_no_two_take_the_same(spares: Spares, tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as crew:
        taken = list(crew.map(lambda number: spares.take(str(tmp_path / f"t{number}")), range(FOLDERS + 4)))

    assert sorted(map(len, taken)) == [0] * 4 + [FILES] * FOLDERS
    assert spares.take(str(tmp_path / "more")) == []


def test_a_small_upload_takes_none(spares: Spares, root: Path, tmp_path: Path) -> None:
    files = NewFiles(str(tmp_path / "own"), spares)

    few = [written(files, b"x") for _ in range(NOT_WORTH)]
    untouched = len(ready(root))
    next_one = written(files, b"x")

    assert {file.parent for file in few} == {tmp_path / "own"}
    assert untouched == FOLDERS
    assert next_one.parent.parent == tmp_path / "own"
    assert len(ready(root)) == FOLDERS - 1


def test_a_spare_file_is_read_only_once_it_is_used(spares: Spares, tmp_path: Path) -> None:
    files = NewFiles(str(tmp_path / "own"), spares)

    used = [written(files, b"x") for _ in range(NOT_WORTH + 5)]

    assert {stat.S_IMODE(file.stat().st_mode) for file in used} == {0o444}


def test_where_there_are_none_files_are_made(root: Path, tmp_path: Path) -> None:
    for number, none in enumerate((Spares(), Spares.at(""), Spares(root), Spares(tmp_path / "missing"))):
        files = NewFiles(str(tmp_path / f"own{number}"), none)

        assert len({written(files, b"x") for _ in range(2 * NOT_WORTH)}) == 2 * NOT_WORTH


def test_a_writer_whose_folder_was_emptied_goes_on(spares: Spares, tmp_path: Path) -> None:
    files = NewFiles(str(tmp_path / "own"), spares)
    for _ in range(2 * NOT_WORTH):
        written(files, b"x")
    (tmp_path / "own").rename(tmp_path / "gone")

    assert written(files, b"again").read_bytes() == b"again"


def test_what_is_not_empty_or_has_another_name_is_no_spare(spares: Spares, root: Path, tmp_path: Path) -> None:
    for folder in ready(root):
        for number, file in enumerate(folder.iterdir()):
            if number % 2:
                file.chmod(0o644)
                file.write_bytes(b"content")
            else:
                os.link(file, tmp_path / f"{folder.name}-{file.name}")
    files = NewFiles(str(tmp_path / "own"), spares)

    made = [written(files, b"mine") for _ in range(2 * NOT_WORTH)]

    assert {file.parent for file in made} == {tmp_path / "own"}
    assert all(file.stat().st_size == 0 for file in tmp_path.iterdir() if file.is_file())


def test_what_was_used_of_a_folder_is_made_anew_when_it_comes_back(spares: Spares, root: Path, tmp_path: Path) -> None:
    taken = spares.take(str(tmp_path / "taken"))
    Path(taken[0]).chmod(0o644)
    Path(taken[0]).write_bytes(b"cut off")
    os.link(taken[1], tmp_path / "an empty blob")
    Path(taken[2]).unlink()
    spares.give_back(str(tmp_path / "taken"))
    not_to_be_had = len(ready(root))

    spares.fill(lambda: True)

    assert not_to_be_had == FOLDERS - 1
    assert len(ready(root)) == FOLDERS
    every = [file.stat() for folder in root.iterdir() for file in folder.iterdir()]
    assert {(about.st_size, about.st_nlink) for about in every} == {(0, 1)}
    assert len(every) == FILES * FOLDERS
    assert (tmp_path / "an empty blob").exists()


def test_an_upload_is_stored_from_spare_files_and_gives_back_the_rest(root: Path, tmp_path: Path) -> None:
    spares = Spares(root)
    spares.fill(lambda: True)
    blobs = Blobs(tmp_path / "blobs", spares=spares)
    blobs.create()
    many = [b"%d" % number for number in range(MANY + 100)]
    staged = blobs.stage(tmp_path / "work")
    for content in [b"", *many]:
        staged.put([content])

    staged.commit()
    during = len(ready(root))
    spares.fill(lambda: True)

    assert during == FOLDERS - 3
    assert len(ready(root)) == FOLDERS
    assert contents(blobs) == sorted([b"", *many])
    again = blobs.stage(tmp_path / "again")
    for content in many:
        again.put([content + b" again"])
    again.commit()
    assert contents(blobs) == sorted([b"", *many, *(content + b" again" for content in many)])


def test_empty_content_in_an_old_spare_file_counts_as_used_now(root: Path, tmp_path: Path) -> None:
    spares = Spares(root)
    spares.fill(lambda: True)
    for file in (file for folder in ready(root) for file in folder.iterdir()):
        os.utime(file, (1, 1))
    blobs = Blobs(tmp_path / "blobs", spares=spares)
    blobs.create()
    staged = blobs.stage(tmp_path / "work")
    for number in range(NOT_WORTH):
        staged.put([b"%d" % number])

    empty, _ = staged.put([b""])
    staged.commit()

    assert blobs.path(empty).stat().st_mtime > 1


def test_many_files_get_their_names_where_there_are_no_second_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    blobs = Blobs(tmp_path / "blobs")
    blobs.create()
    staged = blobs.stage(tmp_path / "work")
    many = [b"%d" % number for number in range(MANY)]
    for content in many:
        staged.put([content])

    staged.commit()

    assert contents(blobs) == sorted(many)


def test_two_uploads_with_the_same_many_contents_may_both_commit(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "blobs")
    blobs.create()
    first, second = blobs.stage(tmp_path / "first"), blobs.stage(tmp_path / "second")
    many = [b"%d" % number for number in range(MANY)]
    for content in many:
        first.put([content])
        second.put([content])

    first.commit()
    second.commit()

    assert contents(blobs) == sorted(many)

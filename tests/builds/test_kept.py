"""Kept folders: they come back as they were, within their size, whatever a build has left in them."""

import os
import socket
import threading
from pathlib import Path

import pytest

from builds.errors import BuildError
from builds.kept import BESIDE, KeptFolders
from builds.sandbox.ownership import remove
from tests.builds.workbench import kept_in, write

NOISE = os.urandom(100_000)  # which no packing makes smaller


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    """What an installer may have left: programs, links, empty folders."""
    folder = write(tmp_path / "modules", {"bread/index.js": "bake()", "bread/bin/oven": "#!/bin/sh\n", "Käse/a": b"\0"})
    (folder / "bread" / "bin" / "oven").chmod(0o755)
    (folder / ".bin").mkdir()
    (folder / ".bin" / "oven").symlink_to("../bread/bin/oven")
    (folder / "empty").mkdir()
    return folder


def shape(folder: Path) -> dict[str, object]:
    """Everything below a folder by its path: content and mode, or where it leads."""
    found: dict[str, object] = {}
    for path in folder.rglob("*"):
        where = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[where] = str(path.readlink())
        elif path.is_file():
            found[where] = path.read_bytes(), path.stat().st_mode & 0o777
        else:
            found[where] = "folder" if path.is_dir() else "neither"
    return found


def test_a_folder_comes_back_as_it_was(modules: Path, tmp_path: Path) -> None:
    kept = kept_in(tmp_path / "kept")
    (modules / os.fsdecode(b"not-\xff-utf8")).write_text("x")

    kept.keep_folder("key", modules)

    assert kept.folder("key", tmp_path / "again")
    assert shape(tmp_path / "again") == shape(modules)
    assert (kept.hits, kept.misses) == (1, 0)


def test_another_key_has_nothing(modules: Path, tmp_path: Path) -> None:
    kept = kept_in(tmp_path / "kept")
    kept.keep_folder("key", modules)

    assert not kept.folder("other", tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_what_was_not_used_for_longest_makes_room(tmp_path: Path) -> None:
    kept = kept_in(tmp_path / "kept", size=350_000)
    folder = write(tmp_path / "noise", {"noise": NOISE})
    for ago, key in enumerate(("third", "second", "first")):
        kept.keep_folder(key, folder)
        os.utime(tmp_path / "kept" / key, (0, 1_000_000 - ago * 1000))
    kept.folder("first", tmp_path / "used")  # so that it is the last that was used

    kept.keep_folder("fourth", folder)

    assert {file.name for file in (tmp_path / "kept").iterdir()} == {"first", "third", "fourth"}


def test_what_takes_more_than_there_is_room_for_is_not_kept_and_the_log_says_why(tmp_path: Path) -> None:
    log: list[str] = []
    kept = kept_in(tmp_path / "kept", size=50_000, log=log)

    kept.keep_folder("key", write(tmp_path / "noise", {"noise": NOISE}))

    assert list((tmp_path / "kept").iterdir()) == []
    assert log == ["What was installed is not kept for later builds: it takes more than dependencies_size = 50KB."]


def test_with_no_room_at_all_nothing_is_written(modules: Path, tmp_path: Path) -> None:
    kept_in(tmp_path / "kept", size=0).keep_folder("key", modules)

    assert not (tmp_path / "kept").exists()


def test_a_file_full_of_holes_is_not_kept(tmp_path: Path) -> None:
    log: list[str] = []
    folder = write(tmp_path / "holes", {"a": "x"})
    with (folder / "giant").open("wb") as file:
        file.truncate(10**12)

    kept_in(tmp_path / "kept", largest=10**9, log=log).keep_folder("key", folder)

    assert list((tmp_path / "kept").iterdir()) == []
    assert log == ["What was installed is not kept for later builds: it is more than build_disk = 1GB."]


def test_what_is_no_file_is_left_out_and_no_link_is_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of somebody else")
    folder = write(tmp_path / "hostile", {"a": "x"})
    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to(secret)
    (folder / "out").symlink_to("/")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "socket"))

    kept = kept_in(tmp_path / "kept")
    kept.keep_folder("key", folder)
    kept.folder("key", tmp_path / "again")

    assert shape(tmp_path / "again") == {"a": (b"x", 0o644), "link": str(secret), "out": "/"}


def test_rights_that_a_program_may_not_have_are_gone(tmp_path: Path) -> None:
    folder = write(tmp_path / "hostile", {"a": "x"})
    (folder / "a").chmod(0o4777)

    kept = kept_in(tmp_path / "kept")
    kept.keep_folder("key", folder)
    kept.folder("key", tmp_path / "again")

    assert (tmp_path / "again" / "a").stat().st_mode & 0o7777 == 0o777


def test_folders_nested_deeper_than_a_path_may_be_are_not_kept(tmp_path: Path) -> None:
    log: list[str] = []
    folder = write(tmp_path / "deep", {"a": "x"})
    home = os.open(folder, os.O_RDONLY)
    for _ in range(50):
        os.mkdir("n" * 200, dir_fd=home)
        inner = os.open("n" * 200, os.O_RDONLY, dir_fd=home)
        os.close(home)
        home = inner
    os.close(home)

    kept_in(tmp_path / "kept", log=log).keep_folder("key", folder)
    remove(folder)  # pytest itself cannot

    assert list((tmp_path / "kept").iterdir()) == []
    assert log == ["What was installed could not be kept for later builds: File name too long."]


@pytest.mark.parametrize(
    "damage", [lambda b: b[: len(b) // 2], lambda b: b[:200] + bytes([b[200] ^ 1]) + b[201:], lambda _: b""]
)
def test_a_damaged_one_is_taken_out(damage: object, tmp_path: Path) -> None:
    assert callable(damage)
    kept = kept_in(tmp_path / "kept")
    kept.keep_folder("key", write(tmp_path / "noise", {"noise": NOISE}))
    packed = tmp_path / "kept" / "key"
    packed.write_bytes(damage(packed.read_bytes()))

    assert not kept.folder("key", tmp_path / "again")
    assert not packed.exists()
    assert not (tmp_path / "again").exists()


def test_it_ends_when_the_build_is_called_off(modules: Path, tmp_path: Path) -> None:
    cancelled = threading.Event()
    kept = KeptFolders(tmp_path / "kept", 10**9, 10**9, lambda _: None, cancelled)
    cancelled.set()

    with pytest.raises(BuildError, match="cancelled"):
        kept.keep_folder("key", modules)

    assert list((tmp_path / "kept").iterdir()) == []


def test_what_a_killed_process_left_goes_after_a_day(modules: Path, tmp_path: Path) -> None:
    root = write(tmp_path / "kept", {f"{BESIDE}old": "x", f"{BESIDE}new": "x"})
    os.utime(root / f"{BESIDE}old", (0, 0))

    kept_in(root).keep_folder("key", modules)

    assert {file.name for file in root.iterdir()} == {f"{BESIDE}new", "key"}

"""What a build has fetched: kept by its lock file for the next, and put back where it was, through no link."""

import os
from pathlib import Path

import pytest

from builds.recipe import Recipe, Step
from builds.tools.dependencies import Dependencies
from tests.builds.workbench import kept_in, write

RECIPE = Recipe(
    generator="npm", title="npm", base="", why="", run=(), output=("dist",), fetch=(Step(("npm", "ci")),),
    lock=("package-lock.json",), keeps=("node_modules", "web/node_modules"),
)  # fmt: skip


def dependencies(tmp_path: Path, name: str, lock: str, scope: str = "alice") -> Dependencies:
    source = write(tmp_path / name, {"package-lock.json": lock, "package.json": "{}"})
    return Dependencies(RECIPE, source, tmp_path / f"{name}-aside", kept_in(tmp_path / "kept"), scope)


def keep(tmp_path: Path, files: dict[str, str | bytes]) -> None:
    """Have kept what a build of `one` has fetched."""
    first = dependencies(tmp_path, "one", "{1}")
    write(first.source, files)
    first.keep()


def test_dependencies_come_back_with_the_same_lock_file(tmp_path: Path) -> None:
    first = dependencies(tmp_path, "one", "{1}")
    write(first.source, {"node_modules/a/index.js": "a", "web/node_modules/b.js": "b"})
    first.keep()
    second = dependencies(tmp_path, "two", "{1}")

    assert second.restore()
    assert (second.source / "node_modules/a/index.js").read_text() == "a"
    assert (second.source / "web/node_modules/b.js").read_text() == "b"
    assert (first.source / "node_modules/a/index.js").exists()
    assert not second.aside.exists()


@pytest.mark.parametrize(("lock", "scope"), [("{2}", "alice"), ("{1}", "bob")])
def test_another_lock_file_or_site_gets_none_of_them(tmp_path: Path, lock: str, scope: str) -> None:
    first = dependencies(tmp_path, "one", "{1}")
    write(first.source, {"node_modules/a/index.js": "a"})
    first.keep()

    assert not dependencies(tmp_path, "two", lock, scope).restore()


@pytest.mark.parametrize("afterwards", ["another lock file", "a pipe nobody writes to"])
def test_dependencies_are_kept_by_the_lock_file_they_were_fetched_for(tmp_path: Path, afterwards: str) -> None:
    first = dependencies(tmp_path, "one", "{1}")
    write(first.source, {"node_modules/a/index.js": "a"})
    (first.source / "package-lock.json").unlink()  # by what was fetched
    if afterwards == "another lock file":
        write(first.source, {"package-lock.json": "{2}"})
    else:
        os.mkfifo(first.source / "package-lock.json")

    first.keep()

    assert dependencies(tmp_path, "two", "{1}").restore()
    assert not dependencies(tmp_path, "three", "{2}").restore()


def test_a_lock_file_that_is_a_pipe_by_now_is_not_waited_for(tmp_path: Path) -> None:
    source = write(tmp_path / "one", {"package.json": "{}"})
    os.mkfifo(source / "package-lock.json")  # as a package of the project's own may do while it is installed

    assert not Dependencies(RECIPE, source, tmp_path / "aside", kept_in(tmp_path / "kept"), "alice").restore()


def test_a_file_in_place_of_dependencies_gives_way_to_them(tmp_path: Path) -> None:
    keep(tmp_path, {"node_modules/a/index.js": "a"})
    second = dependencies(tmp_path, "two", "{1}")
    write(second.source, {"node_modules": "a file"})

    assert second.restore()
    assert (second.source / "node_modules/a/index.js").read_text() == "a"


def test_dependencies_are_not_put_through_a_link(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", {"node_modules/mine": "untouched"})
    keep(tmp_path, {"web/node_modules/b.js": "b"})
    second = dependencies(tmp_path, "two", "{1}")
    (second.source / "web").symlink_to(outside)  # as a package of the project's own may do while it is installed

    assert not second.restore()
    assert [path.name for path in (outside / "node_modules").iterdir()] == ["mine"]


def test_dependencies_for_which_there_is_no_place_are_fetched(tmp_path: Path) -> None:
    keep(tmp_path, {"web/node_modules/b.js": "b"})
    second = dependencies(tmp_path, "two", "{1}")
    write(second.source, {"web": "a file"})

    assert not second.restore()
    assert not second.aside.exists()


def test_a_link_in_place_of_dependencies_is_not_followed(tmp_path: Path) -> None:
    secret = write(tmp_path / "secret", {"key": "of the server"})
    first = dependencies(tmp_path, "one", "{1}")
    (first.source / "node_modules").symlink_to(secret)
    (first.source / "web").symlink_to(secret)

    first.keep()

    assert not (tmp_path / "kept").exists()
    assert (secret / "key").exists()

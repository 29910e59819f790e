"""The Python environment of a build: one for a generator and its version, or one for what a project asks for."""

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from builds.errors import BuildError
from builds.recipe import Argv, PythonPackages
from builds.refusals import shown
from builds.tools.kit import Kit
from builds.tools.locked import locked
from builds.tools.own_folders import folder_in, own_folders, start_of
from builds.tools.toolbox import LOCK, USED, Toolbox, beside, seal, take_back, unseal

FOLDER = "environments"
# Run in the sandbox, for what is in an environment may be the project's: says in its scripts where it is now.
MOVE = """
import os, sys
bin = os.path.join(sys.argv[1], "bin")
for name in sorted(os.listdir(bin)):
    path = os.path.join(bin, name)
    if os.path.islink(path) or not os.path.isfile(path):
        continue
    with open(path, "rb") as file:
        text = file.read()
    head, _, rest = text.partition(b"\\n")
    if head == b"#!/bin/sh" and rest.startswith(b"'''exec' "):
        rest = rest.partition(b"\\n' '''\\n")[2]
    elif not (head.startswith(b"#!") and b"python" in head):
        continue
    interpreter = os.fsencode(os.path.join(bin, "python"))
    with open(path, "wb") as file:
        file.write(b"#!/bin/sh\\n'''exec' \\"" + interpreter + b"\\" \\"$0\\" \\"$@\\"\\n' '''\\n" + rest)
"""


class Kept(Protocol):
    """Where copies of folders are kept by key."""

    def folder(self, key: str, target: Path) -> bool:
        """Put a copy of a kept folder at `target`, which must not exist; whether there was one."""
        ...

    def keep_folder(self, key: str, source: Path) -> None:
        """Keep a copy of a folder."""
        ...


@dataclass(frozen=True, slots=True)
class Environments:
    """Makes environments for one site: `kept` is where those of its own projects are, under `scope`, its name.

    `variables` are what the site has installers of its own projects know, such as the address of a private index.
    """

    toolbox: Toolbox
    kept: Kept
    scope: str
    variables: Mapping[str, str] = field(default_factory=dict)

    def get(self, python: Kit, wanted: PythonPackages, source: Path, place: Path) -> Kit:
        """An environment with the packages, as a kit. Raises BuildError.

        One that only names known packages decide is shared by all sites, in the toolbox. One that the project's own
        files decide is made in `place`, which must not exist, kept, and used by this site alone. It is not kept where
        a requirements file names the project itself: that changes with every upload, and may only be pointed to.
        """
        key = key_of(python, wanted, source, self.scope)
        if not wanted.is_of_the_project:
            return self._shared(python, wanted, key)
        may_be_kept = not any(own_folders(source / file for file in wanted.files))
        if may_be_kept and self.kept.folder(key, place):
            self.toolbox.installing.say("The Python packages are those of an earlier build.")
        else:
            place.mkdir()
            self._make_own(python, wanted, place, source)
            if may_be_kept:
                self.kept.keep_folder(key, place)
        self._move(python, place)
        return _kit(python, place)

    def _shared(self, python: Kit, wanted: PythonPackages, key: str) -> Kit:
        folder = self.toolbox.folder / FOLDER
        final = folder / key
        with locked(folder / LOCK, self.toolbox.installing.cancelled):
            if not (final / USED).exists():  # written last: without it, a process was killed on the way
                shutil.rmtree(final, ignore_errors=True)
                with beside(folder) as new:
                    self._make(python, wanted, new)
                    unseal(new)
                    new.rename(final)
                self._move(python, final)
                take_back(final)
                seal(final)
            (final / USED).touch()
        return _kit(python, final)

    def _make(self, python: Kit, wanted: PythonPackages, place: Path) -> None:
        """Make the environment in `place`, which is empty."""
        self._say(wanted)
        for argv in (_venv(python, place), (*_pip(place), *wanted.packages)):
            self._check(self.toolbox.installing.fetch(argv, python, place))

    def _make_own(self, python: Kit, wanted: PythonPackages, place: Path, source: Path) -> None:
        """The same for a project in `source`. Building a package of its own writes there."""
        self._say(wanted)
        files = [source / file for file in wanted.files]
        start = start_of(source, files)
        named = (*wanted.packages, *(part for file in files for part in ("-r", str(file))))
        there = {str(folder_in(start, name)) for name in own_folders(files)}  # pip takes the same project only once
        projects = (path for project in wanted.projects if (path := str(source / project)) not in there)
        fetch = self.toolbox.installing.fetch
        self._check(fetch(_venv(python, place), python, place))
        pip = (*_pip(place), *named, *projects)
        self._check(fetch(pip, python, place, source, start=start, variables=self.variables))

    def _say(self, wanted: PythonPackages) -> None:
        named = (*wanted.packages, *wanted.files, *wanted.projects)
        self.toolbox.installing.say(f"Installing {', '.join(map(shown, named))} …")

    def _check(self, ended_well: bool) -> None:  # noqa: FBT001 - what came of a command
        if not ended_well:
            raise BuildError(
                "build_failed",
                "The Python packages could not be installed. The log's last lines say more. "
                "Trying again helps if the network was the reason.",
                retry=True,
            )

    def _move(self, python: Kit, place: Path) -> None:
        argv = (_program(python), "-I", "-c", MOVE, str(place))
        status, said = self.toolbox.installing.ask(argv, place, python, place)
        if status:
            raise BuildError("build_failed", f"The Python environment could not be set up: {said.strip()[-300:]}")


def _program(python: Kit) -> str:
    return str(python.path[0] / "python3")


def _venv(python: Kit, place: Path) -> Argv:
    return (_program(python), "-m", "venv", str(place))


def _pip(place: Path) -> Argv:
    return (str(place / "bin" / "python"), "-m", "pip", "install", "--no-compile")


def _kit(python: Kit, place: Path) -> Kit:
    return Kit((place / "bin", *python.path), (place, *python.readable), {"VIRTUAL_ENV": str(place)}, python.version)


def key_of(python: Kit, wanted: PythonPackages, source: Path, scope: str) -> str:
    """What decides the environment: requirements by content, the version of Python, for a project its site."""
    digest = hashlib.sha256()
    parts = [python.version, *wanted.packages, "", *wanted.projects, ""]
    for part in parts:
        digest.update(part.encode() + b"\0")
    if wanted.is_of_the_project:
        digest.update(scope.encode() + b"\0")
        for path in _deciding(wanted, source):
            digest.update(path.read_bytes() if path.is_file() and not path.is_symlink() else b"")
            digest.update(b"\0")
    return digest.hexdigest()


def _deciding(wanted: PythonPackages, source: Path) -> list[Path]:
    """The files of the project whose content decides: all of a project that is a package itself."""
    files = [source / file for file in wanted.files]
    beside_files = {path for file in files for path in file.parent.glob("*.txt")}  # a requirements file may name others
    projects = [source / project.partition("[")[0] for project in wanted.projects]
    return sorted(beside_files | {path for project in projects for path in project.rglob("*") if path.is_file()})

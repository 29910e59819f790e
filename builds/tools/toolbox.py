"""The tools of builds: from the machine where the version fits, else installed once per version and kept.

    <folder>/hugo/0.168.0/      what the package has, read-only to builds
    <folder>/hugo/.lock         held while one build installs; others wait and then find it

An installation is made beside its place, tried, and renamed: what has a version for its name is whole.
"""

import os
import shutil
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from builds.errors import BuildError
from builds.recipe import Tool
from builds.refusals import shown
from builds.sandbox.values import Bounds, Command, Sandbox
from builds.tools.installing import SYSTEM_PATH, Installing
from builds.tools.kit import Kit
from builds.tools.listed import BY_NAME, Listed
from builds.tools.locked import locked
from builds.tools.machine import has_pip, on_this_machine, version_in, versions_here
from builds.versions import fits, parsed, spans

LOCK = ".lock"
BESIDE = ".new-"  # prefix of what is being installed; left over only by a process that was killed
MARGIN = 60  # seconds that the end of a build may take
PIECE = 4096  # bytes that a file takes on a disk beside its content
GONE = ".gone-"  # prefix of what is being removed
OWN_PIP = ".pip"
USED = ".used"  # its time says when a build last had the tool; in it stands how many bytes that takes


class Toolbox:
    """Gets tools for one build. Several processes may share a folder."""

    def __init__(
        self,
        folder: Path,
        sandbox: Sandbox,
        say: Callable[[str], None],
        cancelled: threading.Event,
        bounds: Bounds = Bounds(),  # noqa: B008 - frozen
        dressed: Callable[[Command], Command] = lambda command: command,
    ) -> None:
        self.folder = folder
        self.installing = Installing(sandbox, bounds, say, cancelled, dressed)
        self._had: dict[str, Kit] = {}

    def get(self, tool: Tool) -> Kit:
        """The tool in a version that fits. Raises BuildError `tool_missing` with the way to get it."""
        listed = BY_NAME[tool.name]
        for wanted in _acceptable(tool):
            found = on_this_machine(listed, wanted) or self._kept(listed, wanted) or self._installed(listed, wanted)
            if found is not None:
                self._had[tool.name] = found
                self._tell(listed, tool, found.version)
                return found
        raise missing(listed, tool)

    def evict(self, age: float, size: int) -> None:
        """Remove what no build has had for `age` seconds; and, beyond `size` bytes, what none has had for longest.

        What a build may still be using stays in any case: none takes longer than its bounds say.
        """
        in_use = self.installing.bounds.seconds + MARGIN
        total = 0
        for used, folder in sorted(((_last_used(one), one) for one in self._installations()), reverse=True):
            total += _size(folder)
            unused = time.time() - used
            if folder.name.startswith(GONE) or (unused > in_use and (unused > age or total > size)):
                _remove(folder)

    def _installations(self) -> list[Path]:
        places = [place for place in self.folder.iterdir() if place.is_dir()] if self.folder.is_dir() else []
        found = [one for place in places for one in place.iterdir() if (one / USED).exists()]
        return [one for one in found if not one.name.startswith(BESIDE)]

    def _tell(self, listed: Listed, tool: Tool, version: str) -> None:
        instead = "" if fits(version, tool.version) else f" {tool.version} is not to be had, instead of it"
        by = f" (asked for by {tool.by})" if tool.by else ""
        self.installing.say(f"{listed.title}{instead} {version}{by}".strip())

    def _kept(self, listed: Listed, wanted: str) -> Kit | None:
        """The newest fitting version that was installed before."""
        place = self.folder / listed.name
        names = [one.name for one in place.iterdir() if fits(one.name, wanted)] if place.is_dir() else []
        newest = max(names, key=lambda name: parsed(name) or (), default=None)
        return None if newest is None else self._kit(listed, place / newest)

    def _kit(self, listed: Listed, folder: Path) -> Kit | None:
        program = next((folder / inside for inside in listed.inside if (folder / inside).exists()), None)
        if program is None:
            return None
        try:
            os.utime(folder / USED)
        except FileNotFoundError:
            return None  # it was removed just now
        return Kit((program.parent,), (folder,), version=folder.name)

    def _installed(self, listed: Listed, wanted: str) -> Kit | None:
        if not listed.pypi and not listed.npm:
            return None
        place = self.folder / listed.name
        with locked(place / LOCK, self.installing.cancelled):
            kit = self._kept(listed, wanted)  # another build may have been first
            for span in spans(wanted):
                kit = kit or self._install(listed, place, span.specifier())
        return kit

    def _install(self, listed: Listed, place: Path, wanted: str) -> Kit | None:
        self.installing.say(f"Installing {listed.title} {wanted} …".replace("  ", " "))
        with beside(place) as new:
            fetched = self._from_pypi(listed, wanted, new) if listed.pypi else self._from_npm(listed, wanted, new)
            program = next((new / inside for inside in listed.inside if (new / inside).exists()), None)
            if not fetched or program is None:
                return None
            take_back(new)
            shutil.rmtree(new / OWN_PIP, ignore_errors=True)
            _link(listed, new)
            version = self._proven(listed, program, new)
            if not version:
                return None
            take_back(new)
            seal(new)
            final = place / version
            if not final.exists():
                new.rename(final)
        return self._kit(listed, final)

    def _from_pypi(self, listed: Listed, wanted: str, folder: Path) -> bool:
        python = self._had.get("python") or self.get(Tool("python"))
        options = ("--only-binary=:all:", "--no-deps", "--no-compile", "--target", str(folder))
        program = str(python.path[0] / "python3")
        if not has_pip(program):  # systems that pack pip by itself still have what makes an environment with one
            if not self.installing.fetch((program, "-m", "venv", str(folder / OWN_PIP)), python, folder):
                return False
            program = str(folder / OWN_PIP / "bin" / "python")
        return self.installing.fetch((program, "-m", "pip", "install", *options, listed.pypi + wanted), python, folder)

    def _from_npm(self, listed: Listed, wanted: str, folder: Path) -> bool:
        node = self._had.get("node") or self.get(Tool("node"))
        options = ("--ignore-scripts", "--no-save", "--no-package-lock", "--prefix", str(folder))
        # npm's own way to write the ranges of PEP 440
        return self.installing.fetch(
            ("npm", "install", *options, f"{listed.npm}@{wanted.replace(',', ' ') or 'latest'}"), node, folder
        )

    def _proven(self, listed: Listed, program: Path, folder: Path) -> str:
        """The version that the program itself prints, run as a build would run it; empty where it does not run."""
        node = self._had.get("node", Kit()) if listed.npm else Kit()
        status, said = self.installing.ask((str(program), *listed.asks), folder, node, folder)
        if status:
            self.installing.say(f"{listed.title} was installed and does not run here: {said.strip()[:500]}")
            return ""
        return version_in(said)


def missing(listed: Listed, tool: Tool) -> BuildError:
    """The error for a tool that cannot be had: who asks for it, and how to get it."""
    wanted = f"{listed.title} {shown(tool.version)}".rstrip()
    wanted = f"{wanted} (asked for by {tool.by})" if tool.by else wanted
    here = () if listed.pypi or listed.npm else versions_here(listed)
    if tool.version and here:
        detail = f"{wanted} is not on this machine, which has {', '.join(here)}: ask for another version."
        return BuildError("tool_missing", detail)
    tried = " and could not be installed, as the log says" if listed.pypi or listed.npm else ""
    detail = f"{wanted} is not on this machine{tried}: {listed.get}, or ask for another version."
    return BuildError("tool_missing", detail)


def take_back(folder: Path) -> None:
    """Make what a sandbox was given our own again, and readable to those it will be shown to. Follows no link."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return  # nobody else wrote there
    for command in (("chown", "-RhP", "0:0"), ("chmod", "-R", "go-w,a+rX")):
        subprocess.run((*command, "--", str(folder)), check=True, env={"PATH": ":".join(SYSTEM_PATH)})  # noqa: S603 - fixed


def seal(folder: Path) -> None:
    """Say of an installation that it is whole, and how much it takes. Nobody else may write there any more."""
    size = sum(Path(at, name).lstat().st_size + PIECE for at, _, names in os.walk(folder) for name in names)
    unseal(folder)
    with (folder / USED).open("x", encoding="ascii") as file:  # never through a link
        file.write(str(size))


def unseal(folder: Path) -> None:
    """Take away what an installer, and what it ran, may have put where `seal` says that an installation is whole."""
    mark = folder / USED
    if mark.is_dir() and not mark.is_symlink():
        shutil.rmtree(mark)
    mark.unlink(missing_ok=True)


@contextmanager
def beside(place: Path) -> Iterator[Path]:
    """An empty folder beside the versions, gone in the end unless it was renamed. The caller holds the lock."""
    for left in place.glob(f"{BESIDE}*"):
        shutil.rmtree(left, ignore_errors=True)
    new = Path(tempfile.mkdtemp(prefix=BESIDE, dir=place))
    try:
        yield new
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _link(listed: Listed, folder: Path) -> None:
    for name, target in listed.links:
        link = folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        program = link.resolve()
        if program.is_relative_to(folder.resolve()):  # a package's links may lead anywhere
            program.chmod(0o755)


def _last_used(version: Path) -> float:
    return (version / USED).stat().st_mtime


def _size(version: Path) -> int:
    """What stands in it; of one that was installed before this was written down, nothing."""
    return int((version / USED).read_text(encoding="ascii") or 0)


def _remove(version: Path) -> None:
    """In one step as others see it; another process may have been first."""
    gone = version.with_name(f"{GONE}{uuid.uuid4().hex}")
    with suppress(FileNotFoundError):
        version.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


def _acceptable(tool: Tool) -> Iterator[str]:
    """What is asked for; and for an exact version of Node, if that is nowhere to be had, any other of its line."""
    yield tool.version
    exact = parsed(tool.version)
    if tool.name == "node" and exact is not None and len(exact) > 1:
        yield str(exact[0])

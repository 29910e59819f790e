"""Builds a real project the way the product does, and hands back what came out."""

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_network
from pathlib import Path

from builds.detect import detect
from builds.kept import KeptFolders
from builds.recipe import Choice, Detection, Recipe
from builds.sandbox.probe import probe
from builds.sandbox.values import Bounds, Command, Sandbox, Wishes
from builds.tools import Kit, Toolbox
from builds.tools.dependencies import Dependencies
from builds.tools.environment import Environments
from builds.tools.installing import SYSTEM_PATH
from builds.units import GB
from tests.builds.plain_sandbox import dressed

BOUNDS = Bounds(seconds=600)


class OnDisk:
    """A tree in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.paths = sorted(
            (Path(base) / name).relative_to(folder).as_posix() for base, _, names in os.walk(folder) for name in names
        )

    def read(self, path: str, limit: int) -> bytes:
        with (self._folder / path).open("rb") as file:
            return file.read(limit)


def kept_in(root: Path, size: int = 4 * GB, largest: int = 4 * GB, log: list[str] | None = None) -> KeptFolders:
    """What keeps folders, in a folder."""
    return KeptFolders(root, size, largest, ([] if log is None else log).append, threading.Event())


@dataclass(frozen=True)
class Built:
    """What came out."""

    detection: Detection
    output: Path
    log: list[str]

    def page(self, path: str = "index.html") -> str:
        return (self.output / path).read_text(encoding="utf-8")


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """The files, in the folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


@cache
def sandbox() -> Sandbox:
    """What isolates builds on this machine; the package registry may stand in whatever network the machine does."""
    return probe(Wishes(reach=(ip_network("0.0.0.0/0"), ip_network("::/0"))))


def toolbox(folder: Path, log: list[str]) -> Toolbox:
    """A toolbox in a folder."""
    return Toolbox(folder, sandbox(), log.append, threading.Event(), BOUNDS, dressed)


def build(source: Path, workspace: Path, tools: Path, choice: Choice | None = None) -> Built:
    """Detect, equip, fetch, run, and find the output; AssertionError with the log where a step fails."""
    log: list[str] = []
    box, kept = toolbox(tools, log), kept_in(tools / "kept")
    detection = detect(OnDisk(source), choice or Choice())
    recipe = detection.recipe
    assert recipe is not None, detection.why
    kits = [box.get(tool) for tool in recipe.tools]
    if recipe.python is not None:
        environments = Environments(box, kept, "alice")
        kits.insert(0, environments.get(kits[0], recipe.python, source, workspace / "python"))
    dependencies = Dependencies(recipe, source, workspace / "aside", kept, "alice")
    home = workspace / "home"
    home.mkdir()
    if not dependencies.restore():
        for step in recipe.fetch:
            _run(_command(recipe, kits, source, home, step.argv, step.folder, network=True), log)
        dependencies.keep()
    for step in recipe.run:
        _run(_command(recipe, kits, source, home, step.argv, step.folder, network=False), log)
    base = source / recipe.base
    outputs = [base / output for output in recipe.output if (base / output / "index.html").exists()]
    assert outputs, "\n".join(log[-40:])
    return Built(detection, outputs[0], log)


def _command(
    recipe: Recipe, kits: list[Kit], source: Path, home: Path, argv: tuple[str, ...], folder: str, *, network: bool
) -> Command:
    path = [str(source / place) for place in recipe.path] + [str(place) for kit in kits for place in kit.path]
    variables = {name: value for kit in kits for name, value in kit.environment.items()}
    environment = {
        "LANG": "C.UTF-8",
        **variables,
        **recipe.environment,
        "HOME": str(home),
        "PATH": ":".join([*path, *SYSTEM_PATH]),
    }
    readable = tuple(place for kit in kits for place in kit.readable)
    command = Command(argv, source / folder, environment, (source, home), readable, network)
    return dressed(command) if network else command


def _run(command: Command, log: list[str]) -> None:
    log.append(f"$ {' '.join(command.argv)}")
    status = sandbox().run(
        command, BOUNDS, lambda piece: log.extend(piece.decode(errors="replace").splitlines()), threading.Event()
    )
    assert status == 0, f"{' '.join(command.argv)} ended with {status}:\n" + "\n".join(log[-60:])

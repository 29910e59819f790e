"""A project as its generators look at it: which files are where, and what the few small ones say that tell."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar, cast

from builds.errors import BuildError
from builds.projects import javascript, parsing
from builds.recipe import SourceTree
from builds.refusals import shown

T = TypeVar("T")

# Bytes of one file; configuration files have a few thousand. What is parsed in Python itself gets less.
MOST_READ = 256 * 1024
MOST_PARSED = 64 * 1024
MOST_JSON = 1024 * 1024


class Project:
    """The whole upload. Files are read when first asked for, and once."""

    def __init__(self, tree: SourceTree) -> None:
        self.paths = tree.paths
        self._tree = tree
        self._texts: dict[str, str] = {}
        self._parsed: dict[tuple[str, object], object] = {}

    @cached_property
    def _files(self) -> frozenset[str]:
        return frozenset(self.paths)

    def has(self, path: str) -> bool:
        """Whether there is a file of that path."""
        return path in self._files

    def has_folder(self, path: str) -> bool:
        """Whether there is a file anywhere below the folder."""
        return next(self.below(path), None) is not None

    def below(self, folder: str) -> Iterator[str]:
        """Every file in a folder and its folders, in order."""
        start = f"{folder}/" if folder else ""
        for index in range(bisect_left(self.paths, start), len(self.paths)):
            if not self.paths[index].startswith(start):
                return
            yield self.paths[index]

    def text(self, path: str, limit: int = MOST_READ) -> str:
        """What a file says; empty where there is none or it is larger than `limit` bytes."""
        if path not in self._texts:
            content = self._tree.read(path, limit + 1) if self.has(path) else b""
            self._texts[path] = "" if len(content) > limit else content.decode("utf-8-sig", "replace")
        return self._texts[path]

    def parsed(self, path: str, parse: Callable[[str], T], limit: int = MOST_READ) -> T:
        """What a file says in some language, parsed once; an empty text where there is none or it is too large."""
        key = (path, parse)
        if key not in self._parsed:
            self._parsed[key] = parse(self.text(path, limit))
        return cast("T", self._parsed[key])

    def folder(self, base: str) -> "Folder":
        """One folder of it."""
        return Folder(self, base)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that may hold a project; names are relative to it."""

    project: Project
    base: str

    def path(self, name: str) -> str:
        """The path of a name from the top of the tree."""
        return joined(self.base, name)

    def shown(self, name: str) -> str:
        """A name of this folder as it may stand in a sentence."""
        return shown(self.path(name))

    def has(self, name: str) -> bool:
        """Whether there is a file of that name."""
        return self.project.has(self.path(name))

    def has_folder(self, name: str) -> bool:
        """Whether there is a folder of that name with something in it."""
        return self.project.has_folder(self.path(name))

    def first(self, names: tuple[str, ...]) -> str:
        """The first of the names that is here; empty without any."""
        return next((name for name in names if self.has(name)), "")

    def below(self) -> Iterator[str]:
        """Every file in it and its folders, relative to it."""
        skipped = len(self.base) + 1 if self.base else 0
        return (path[skipped:] for path in self.project.below(self.base))

    def text(self, name: str, limit: int = MOST_READ) -> str:
        """What a file says; empty where there is none or it is too large."""
        return self.project.text(self.path(name), limit)

    def line(self, name: str) -> str:
        """The first line of a file that says something, without comments: what version files are."""
        lines = (line.partition("#")[0].strip() for line in self.text(name).splitlines())
        return next((line for line in lines if line), "")

    def toml(self, name: str) -> parsing.Values:
        """What a TOML file says."""
        return self.project.parsed(self.path(name), parsing.toml, MOST_PARSED)

    def yaml(self, name: str) -> parsing.Values:
        """What a YAML file says, without types: every scalar is a string."""
        return self.project.parsed(self.path(name), parsing.yaml_mapping)

    def json(self, name: str) -> parsing.Values:
        """What a JSON file says."""
        return self.project.parsed(self.path(name), parsing.json_object, MOST_JSON)

    def values(self, name: str) -> parsing.Values:
        """What a TOML, YAML or JSON file says, by its extension."""
        if name.endswith(".toml"):
            return self.toml(name)
        return self.json(name) if name.endswith(".json") else self.yaml(name)

    def javascript(self, name: str) -> javascript.Settings:
        """What a JavaScript or TypeScript configuration file sets."""
        path = self.path(name)
        return self.project.parsed(path, javascript.settings, MOST_PARSED) if name else javascript.Settings()

    def requirements(self, name: str) -> frozenset[str]:
        """The packages that a requirements file names."""
        return self.project.parsed(self.path(name), parsing.requirement_names)

    def python(self, name: str) -> Mapping[str, str]:
        """What a Python file assigns at its top."""
        return self.project.parsed(self.path(name), parsing.python_names)

    def upward(self) -> Iterator["Folder"]:
        """The folder and those around it, from the inside to the top."""
        base = self.base
        while base:
            yield Folder(self.project, base)
            base = base.rpartition("/")[0]
        yield Folder(self.project, "")


def joined(base: str, name: str) -> str:
    """A path from the top, of a folder and what is in it; either may be empty."""
    return f"{base}/{name}" if base and name else base or name


def inner_folder(text: str) -> str:
    """A folder within the project as a configuration file names it (`./dist/`, `dist`); empty if it leads elsewhere."""
    text = text.strip().replace("\\", "/")
    parts = [part for part in text.split("/") if part not in {"", "."}]
    leads_out = text.startswith("/") or ".." in parts or any(not part.isprintable() for part in parts)
    return "" if leads_out else "/".join(parts)


def astray(where: str, key: str, text: str, instead: str) -> str:
    """A sentence on an output folder that a configuration file names outside of where it stands; else empty."""
    if inner_folder(text) or text.strip() in {"", ".", "./"}:
        return ""
    return (
        f"It writes to {shown(text)}, as {where} says, which is outside of the project: set {key} to a folder inside, "
        f"such as {instead}."
    )


def chosen_folder(text: str, what: str) -> str:
    """A folder of the upload as a person writes it, `./dist/` or `dist`; raises BuildError where it leads out of it."""
    folder = inner_folder(text)
    if not folder and text.strip() not in {"", ".", "./"}:
        raise BuildError(
            "bad_folder", f"The {what} “{shown(text)}” is no folder of the upload; write it like: docs/site"
        )
    return folder

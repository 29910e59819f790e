"""The values of a build from source: what an upload turned out to be, how it is built, what its owner chose instead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

Argv = tuple[str, ...]

AUTO = "auto"  # recognise the generator
STATIC = "static"  # the generator that builds nothing: the files are the site


class SourceTree(Protocol):
    """The files of an upload as detection sees them: all their names, and the content of a few small ones.

    Dot files and dot folders (`.nvmrc`, `.vitepress/`) belong to it: they are part of a source, if not of a site.
    """

    @property
    def paths(self) -> Sequence[str]:
        """Every file, `/`-separated, sorted, without a leading slash."""
        ...

    def read(self, path: str, limit: int) -> bytes:
        """The first `limit` bytes of a file, all of it where it is no longer; `path` is one of `paths`."""
        ...


@dataclass(frozen=True, slots=True)
class Tool:
    """A program a build needs: `name` as `builds/tools.py` lists it, and which version by whose word.

    `version` is what the project or the site wrote, exact (`0.168.0`), a beginning (`22`, `3.12`) or npm's ranges
    (`>=20 <23`, `^22.1`); empty takes what is there, or the newest. `by` says who asked (`.nvmrc`), for sentences.
    """

    name: str
    version: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One command, as an argument vector that no shell sees, and the folder of the tree it runs in ("" is the top)."""

    argv: Argv
    folder: str = ""


@dataclass(frozen=True, slots=True)
class PythonPackages:
    """What goes into the Python environment of a build, all in one installation so that versions agree.

    `packages` are requirements as pip reads them, `files` requirements files of the tree, `projects` its folders that
    are packages themselves, with extras if any (`.`, `lib[docs]`).
    """

    packages: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()

    @property
    def is_of_the_project(self) -> bool:
        """Whether the project itself decides what is installed, by files or an address; else names of packages do."""
        return bool(self.files or self.projects or any("@" in one or "/" in one for one in self.packages))


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one project is built. Paths are relative to the top of the tree, those of `output` to `base`.

    `why` is the sentence a person is shown: `package.json has astro → Astro; output dist/`. `fetch` may use the
    network, `run` may not. One of `output` holds the site once `run` is done: which one, says `builds/output.py`.
    `path` are folders of the tree put before everything else in PATH. `lock` are the files that decide what `fetch`
    brings: folders in `keeps` hold nothing else and may be kept under the hash of these, but for one site only, for
    fetching may run its code. `python` goes into an environment outside the tree. `notes` are what its author should
    know beforehand. `inner` are folders below `base` where the generator keeps what is no site, whoever says it is.
    `astray` is a sentence on an output that its author has put where none is looked for.
    """

    generator: str
    title: str
    base: str
    why: str
    run: tuple[Step, ...]
    output: tuple[str, ...]
    python: PythonPackages | None = None
    fetch: tuple[Step, ...] = ()
    tools: tuple[Tool, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    path: tuple[str, ...] = ()
    lock: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    inner: tuple[str, ...] = ()
    astray: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thing an upload may be: what to put into a Choice to have it so, and why it may be meant."""

    generator: str
    title: str
    base: str
    why: str


@dataclass(frozen=True, slots=True)
class Detection:
    """What an upload is, and the sentence that says why. One of three:

    - `candidates` is not empty: unsure, to be asked, never guessed;
    - `recipe`: a source, to be built by it;
    - neither: plain files; what is in the folder `base` is the site.
    """

    why: str
    recipe: Recipe | None = None
    base: str = ""
    candidates: tuple[Candidate, ...] = ()

    @property
    def is_unsure(self) -> bool:
        """Whether a person has to choose."""
        return bool(self.candidates)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a site's owner chose instead of what detection would find; what is empty is found.

    `generator` is `auto`, `static` or the name of a generator. `base` is a folder of the upload: None looks for it, ""
    is the top. `command` replaces the generator's own, `flags` are appended to whichever runs; both were checked
    against the operator's lists. `versions` are by tool: `node`, `python`, `hugo` …. `output` is relative to the base.
    `url` is the address the site will have (`https://blog.example.org`), for generators that write it into pages.
    `install_scripts`: the packages that a project installs may run their install scripts.
    """

    generator: str = AUTO
    base: str | None = None
    command: Argv = ()
    output: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    flags: Argv = ()
    url: str = ""
    install_scripts: bool = False

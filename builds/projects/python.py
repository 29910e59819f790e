"""Projects whose generator is a Python package: which Python, which packages, by whose word."""

import re
from collections.abc import Iterator
from typing import Any

from builds.projects import netlify, parsing
from builds.projects.project import Folder, inner_folder, joined
from builds.recipe import Choice, PythonPackages, Tool
from builds.versions import spans

REQUIREMENTS = (
    "requirements.txt",
    "requirements-docs.txt",
    "docs-requirements.txt",
    "doc-requirements.txt",
    "requirements/docs.txt",
    "requirements/doc.txt",
    "docs/requirements.txt",
    "doc/requirements.txt",
)
READ_THE_DOCS = (".readthedocs.yaml", ".readthedocs.yml")
GROUPS = ("docs", "doc", "documentation")
SAFE = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}
SOURCE = "PyPI"


def python(folder: Folder, choice: Choice) -> Tool:
    """Python in the version the project asks for."""
    chosen = choice.versions.get("python", "")
    if chosen:
        return Tool("python", chosen, "the site's settings")
    for around in folder.upward():
        for by, version in _declared(around):
            if version and spans(version):
                return Tool("python", version, around.shown(by))
    return Tool("python")


def packages(folder: Folder, choice: Choice, *own: str, with_project: bool = False) -> PythonPackages:
    """What to install: the generator's `own` packages, and what the project asks for in the nearest place that does.

    `with_project`: its pages are made from its own code, so the project that the folder is in is installed too.
    """
    chosen = tuple(_pinned(package, choice) for package in own)
    for around in folder.upward():
        found = _read_the_docs(around) or _listed(around)
        if found:
            return PythonPackages(
                (*chosen, *found.packages), found.files, found.projects or _code(folder, with_project)
            )
    return PythonPackages(chosen, (), _code(folder, with_project))


def named(folder: Folder) -> frozenset[str]:
    """The packages that the requirements of a folder, or of those around it, name."""
    return frozenset().union(
        *(around.requirements(file) for around in folder.upward() for file in REQUIREMENTS),
        *({parsing.package_name(one) for one in _group(around)} for around in folder.upward()),
    )


def lock(found: PythonPackages) -> tuple[str, ...]:
    """The files that decide what is installed."""
    pyprojects = (
        joined(inner_folder(re.sub(r"\[.*", "", project)), name)
        for project in found.projects
        for name in ("pyproject.toml", "setup.py", "setup.cfg")
    )
    return (*found.files, *pyprojects)


def _pinned(package: str, choice: Choice) -> str:
    """The generator's package in the version that the site's settings ask for."""
    version = choice.versions.get(parsing.package_name(package), "")
    allowed = spans(version) if version else ()
    return package + allowed[0].specifier() if allowed else package


def _declared(folder: Folder) -> Iterator[tuple[str, str]]:
    yield netlify.FILE, netlify.read(folder).variables.get("PYTHON_VERSION", "")
    yield "runtime.txt", folder.line("runtime.txt").removeprefix("python-")
    yield ".python-version", folder.line(".python-version")
    for name in READ_THE_DOCS:
        yield name, parsing.string(folder.yaml(name), "build", "tools", "python")
    yield "pyproject.toml", parsing.string(folder.toml("pyproject.toml"), "project", "requires-python")


def _listed(folder: Folder) -> PythonPackages | None:
    """A requirements file, or a group of pyproject.toml that is for documentation."""
    file = folder.first(REQUIREMENTS)
    if file:
        return PythonPackages(files=(folder.path(file),))
    group = _group(folder)
    return PythonPackages(packages=group) if group else None


def _group(folder: Folder) -> tuple[str, ...]:
    values = folder.toml("pyproject.toml")
    for place in (("dependency-groups",), ("project", "optional-dependencies")):
        for name in GROUPS:
            found = tuple(_members(parsing.table(values, *place), name, 0))
            if found:
                return found
    return ()


def _members(groups: parsing.Values, name: str, depth: int) -> Iterator[str]:
    """The requirements of a group and, up to five deep, of those it includes (PEP 735)."""
    listed = groups.get(name)
    for one in listed if isinstance(listed, list) and depth < 5 else ():
        if isinstance(one, str) and parsing.package_name(one):
            yield one
        elif isinstance(one, dict) and isinstance(one.get("include-group"), str):
            yield from _members(groups, one["include-group"], depth + 1)


def _read_the_docs(folder: Folder) -> PythonPackages | None:
    """What its Read the Docs configuration installs: https://docs.readthedocs.com/platform/stable/config-file/v2.html."""
    values = folder.yaml(folder.first(READ_THE_DOCS))
    steps = parsing.lookup(values, "python", "install")
    files, projects = [], []
    for step in steps if isinstance(steps, list) else ():
        file, path = inner_folder(_word(step, "requirements")), _word(step, "path")
        if file and folder.has(file):
            files.append(folder.path(file))
        if path:
            extras = [one for one in parsing.strings(step, "extra_requirements") if parsing.package_name(one) == one]
            projects.append((folder.path(inner_folder(path)) or ".") + (f"[{','.join(extras)}]" if extras else ""))
    return PythonPackages(files=tuple(files), projects=tuple(projects)) if files or projects else None


def _word(step: Any, key: str) -> str:  # noqa: ANN401 - a file may hold any kind of value anywhere
    return parsing.string(step, key) if isinstance(step, dict) else ""


def _code(folder: Folder, wanted: bool) -> tuple[str, ...]:  # noqa: FBT001 - handed on
    """The package that a folder is inside of, as a path from the top."""
    if not wanted:
        return ()
    for around in folder.upward():
        values = around.toml("pyproject.toml")
        if around.has("setup.py") or "build-system" in values or "project" in values:
            return (around.base or ".",)
    return ()

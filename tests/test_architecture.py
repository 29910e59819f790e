"""Holds the arrows of who may import whom, and the sizes that keep a file readable."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = ("main", "appliance", "builds", "admin_ui")
PEERS = ("appliance.api", "appliance.clients", "admin_ui")  # surfaces over the same modules
BRIDGES = tuple(
    f"appliance.{module}"
    for module in (
        "jobs",
        "deploys",
        "composing",
        "optimising",
        "refining",
        "building",
        "detections",
        "site_builds",
        "isolation",
        "outgoing",  # which addresses are public is one rule
    )
)
FRAMEWORKS = ("quart", "hypercorn", "tortoise")
ON_DEMAND = (
    "obstore",
    "pyrage",
    "markdown_it",
)  # their modules are imported by name, by who needs them: they are memory and time
VALUES = ("appliance.units", "appliance.plan", "appliance.version")  # what leaves may share
MANIFEST = ("appliance.storage.manifest", "appliance.storage.packs", "appliance.storage.rules")  # plain values
GENERATED = "appliance/migrations/"  # by Tortoise; read and named by us, not shaped by us


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module or name, `appliance.storage.manifest`, and the module and line that import it."""

    importer: str
    target: str
    where: str


def test_builds_knows_nothing_of_the_server() -> None:
    assert breaches("builds", never=("appliance", "admin_ui", "main", *FRAMEWORKS)) == []


def test_the_appliance_does_not_know_its_admin() -> None:
    assert breaches("appliance", never=("admin_ui", "main")) == []


def test_only_the_bridges_reach_into_builds() -> None:
    reaching = [one for one in imports("appliance") if within(one.target, "builds")]

    assert [one.where for one in reaching if not within(one.importer, *BRIDGES)] == []


def test_serving_imports_values_and_its_parsers_only() -> None:
    assert strangers("appliance.serving", may=("appliance.serving", *MANIFEST, "httptools", "jh2")) == []


def test_storage_imports_only_itself() -> None:
    assert strangers("appliance.storage", may=("appliance.storage",)) == []


@pytest.mark.parametrize("leaf", ["appliance.settings", "appliance.errors", "appliance.plugins"])
def test_a_leaf_imports_nothing_of_ours_with_a_life(leaf: str) -> None:
    assert [one.where for one in imports(leaf) if within(one.target, *OURS) and one.target not in VALUES] == []


def test_shared_values_import_nothing_of_ours_but_each_other() -> None:
    assert [
        one.where
        for module in VALUES
        for one in imports(module)
        if within(one.target, *OURS) and not within(one.target, *VALUES)
    ] == []


@pytest.mark.parametrize("surface", PEERS)
def test_surfaces_neither_query_nor_import_each_other(surface: str) -> None:
    others = tuple(peer for peer in PEERS if peer != surface)

    assert breaches(surface, never=("appliance.models", "appliance.db", "tortoise", *others)) == []


def test_libraries_that_few_need_are_loaded_only_when_they_are_asked_for() -> None:
    heavy = {one.importer for one in imports() if within(one.target, *ON_DEMAND)}

    assert heavy
    assert [one.where for one in imports() if one.target in heavy and one.importer not in heavy] == []


def test_imports_are_absolute() -> None:
    relative = [
        f"{path}:{node.lineno}"
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]

    assert relative == []


def test_imports_stand_at_the_top() -> None:
    inner = [
        f"{path}:{node.lineno} in {function.name}"
        for path, tree in trees()
        if path != "main.py"  # picks a command before it pays for what that command imports
        for function in functions(tree)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]

    assert inner == []


def test_every_module_says_its_responsibility() -> None:
    silent = [path for path, tree in trees() if tree.body and ast.get_docstring(tree) is None]

    assert [path for path in silent if not path.startswith(GENERATED)] == []


def test_functions_stay_short() -> None:
    long = [
        f"{path}:{function.lineno} {function.name} has {length} lines"
        for path, tree in trees()
        for function in functions(tree)
        if (length := (function.end_lineno or function.lineno) - function.lineno + 1) > 50
        and not path.startswith(GENERATED)
    ]

    assert long == []


@pytest.mark.parametrize(("folders", "limit"), [(OURS, 400), (("tests",), 600)])
def test_files_stay_short(folders: tuple[str, ...], limit: int) -> None:
    lengths = {path: source.count("\n") for path, source in sources(folders) if not path.startswith(GENERATED)}

    assert {path: length for path, length in lengths.items() if length > limit} == {}


def test_packaging_does_not_hide_the_library_of_that_name() -> None:
    assert not (ROOT / "packaging" / "__init__.py").exists()


def breaches(package: str, *, never: tuple[str, ...]) -> list[str]:
    """Where modules of `package` import one of `never`."""
    return [one.where for one in imports(package) if within(one.target, *never)]


def strangers(package: str, *, may: tuple[str, ...]) -> list[str]:
    """Where modules of `package` import something that is neither in `may` nor the standard library's."""
    targets = (one for one in imports(package) if one.target.split(".")[0] not in sys.stdlib_module_names)
    return [one.where for one in targets if not within(one.target, *may)]


def within(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(package + ".") for package in packages)


def imports(package: str = "") -> list[Import]:
    """The imports of the modules in `package`, of all of ours without one."""
    return [one for one in all_imports() if not package or within(one.importer, package)]


@cache
def all_imports() -> tuple[Import, ...]:
    return tuple(
        Import(module_name(path), target, f"{path}:{node.lineno} imports {target}")
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for target in targets(node)
    )


def targets(node: ast.Import | ast.ImportFrom) -> set[str]:
    """Modules that a statement imports: of `from a import b`, `a.b` if that is a module, else `a`."""
    names = [alias.name for alias in node.names]
    if isinstance(node, ast.Import):
        return set(names)
    return {submodule_or_parent(node.module or "", name) for name in names}


def submodule_or_parent(parent: str, name: str) -> str:
    folder = ROOT.joinpath(*parent.split("."))
    is_module = (folder / f"{name}.py").exists() or (folder / name).is_dir()
    return f"{parent}.{name}" if is_module else parent


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def module_name(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@cache
def trees() -> tuple[tuple[str, ast.Module], ...]:
    return tuple((path, ast.parse(source, path)) for path, source in sources(OURS))


def sources(folders: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Path from the root and text of every Python file in the folders, and of the file `main.py` for `main`."""
    for folder in folders:
        files = sorted((ROOT / folder).rglob("*.py")) or [ROOT / f"{folder}.py"]
        for file in files:
            if file.exists():
                yield file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8")

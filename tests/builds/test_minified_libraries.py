"""Libraries that people know, minified by us, do in Node what the originals do; stylesheets keep every rule."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from builds.minify import minified
from tests.clients.node import Package, command, node

CALLS = Path(__file__).parent / "calls"
SECONDS = 120


@dataclass(frozen=True, slots=True)
class Library:
    """A package of npm and its file that is called; `minified` are patterns, of those of it and its parts.

    So many calls are compared at least.
    """

    name: str
    spec: str
    entry: str
    minified: tuple[str, ...]
    calls: int

    @property
    def package(self) -> Package:
        return Package(self.spec, self.entry)


LODASH = Library("lodash", "lodash@4", "lodash/lodash.js", ("lodash/lodash.js",), 5_000)
LARGE = (
    Library("d3", "d3@7", "d3/dist/d3.js", ("d3/dist/d3.js",), 40),
    Library(
        "react-dom",
        "react-dom@19",
        "react-dom/cjs/react-dom-server-legacy.node.development.js",
        ("react-dom/cjs/react-dom-server-legacy.node.development.js", "react-dom/cjs/react-dom.development.js"),
        35,
    ),
    Library("vue", "vue@3", "vue/dist/vue.cjs.js", ("vue/dist/vue.cjs.js", "@vue/*/dist/*-[cd]o[rm]*.cjs.js"), 16),
)


def minified_copy(library: Library, target: Path) -> Path:
    """A copy of the library, minified; its entry."""
    shutil.copytree(library.package.folder / "node_modules", target, symlinks=True)
    for file in [file for pattern in library.minified for file in target.glob(pattern)]:
        content = file.read_bytes()
        made = minified("js", content)
        assert made is not None, f"{file.name} was left alone"
        assert len(made) < len(content) * 0.7
        file.write_bytes(made)
    return target / library.entry


def outcomes(library: Library, entry: Path) -> list[list[object]]:
    """What the calls of a library come to with this copy of it."""
    modules = str(entry)[: -len(library.entry)]
    finished = subprocess.run(
        [str(node()), str(CALLS / f"{library.name}.cjs"), str(entry)],
        env={**os.environ, "NODE_PATH": modules, "TZ": "UTC", "NODE_ENV": "development"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    made: list[list[object]] = json.loads(finished.stdout)
    return made


@pytest.mark.parametrize(
    "library",
    [pytest.param(LODASH, id="lodash"), *(pytest.param(each, marks=pytest.mark.long, id=each.name) for each in LARGE)],
)
def test_a_minified_library_passes_the_same_calls(library: Library, tmp_path: Path) -> None:
    original = Path(command(library.package)[1])

    expected, found = outcomes(library, original), outcomes(library, minified_copy(library, tmp_path / "modules"))

    assert [one for one, other in zip(expected, found, strict=True) if one != other] == []
    threw = [name for name, outcome in expected if str(outcome).startswith("throws")]
    assert len(expected) - len(threw) >= library.calls

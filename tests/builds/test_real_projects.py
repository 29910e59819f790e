"""Real projects, built for real in a sandbox; those that take a while to install are long tests."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from builds.recipe import Choice, Tool
from tests.builds.real_projects import LONG, QUICK, RealProject, node
from tests.builds.workbench import build, toolbox, write


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One toolbox for all of them, as a server has one."""
    return tmp_path_factory.mktemp("tools")


def projects() -> Iterator[object]:
    for project in QUICK:
        yield pytest.param(project, id=project.name)
    for project in LONG:
        marks = [pytest.mark.long, *([pytest.mark.needs(*project.needs)] if project.needs else [])]
        yield pytest.param(project, id=project.name, marks=marks)


@pytest.mark.parametrize("project", list(projects()))
def test_a_real_project_is_built(project: RealProject, tmp_path: Path, tools: Path) -> None:
    built = build(project.make(tmp_path, tools), tmp_path, tools)

    assert built.detection.recipe is not None
    assert (built.detection.recipe.generator, built.detection.base) == (project.name, project.base)
    assert [path for path, text in project.pages.items() if text not in built.page(path)] == []


def test_the_sites_address_is_in_its_pages(tmp_path: Path, tools: Path) -> None:
    files = {"hugo.toml": 'baseURL = "https://elsewhere.example/"\n', "layouts/index.html": "{{ .Permalink }}"}
    source = write(tmp_path / "source", files)

    built = build(source, tmp_path, tools, Choice(url="https://alice.example"))

    assert built.page() == "https://alice.example/"


@pytest.mark.long
def test_the_second_build_with_a_lock_file_fetches_nothing(tmp_path: Path, tools: Path) -> None:
    project = node("eleventy", {"eleventy.config.js": "", "index.md": "# Alice bakes\n"}, {"@11ty/eleventy": "^3.1.0"})
    first, second = project(tmp_path / "one", tools), project(tmp_path / "two", tools)
    programs = toolbox(tools, []).get(Tool("node", ">=22.12")).path[0]
    lock = [str(programs / "node"), str(programs / "npm"), "install", "--package-lock-only", "--ignore-scripts"]
    subprocess.run(lock, cwd=first, check=True, timeout=300, stdout=subprocess.DEVNULL)
    write(second, {"package-lock.json": (first / "package-lock.json").read_bytes()})

    fetched = build(first, tmp_path / "one", tools)
    kept = build(second, tmp_path / "two", tools)

    assert any(line.startswith("$ npm ci") for line in fetched.log)
    assert not any(line.startswith("$ npm ci") for line in kept.log)
    assert "Alice bakes" in kept.page()

"""Documentation beside the code it is about: a requirements file may name the project itself, as `-e .` does."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from builds.recipe import PythonPackages, Tool
from builds.sandbox.values import Bounds, Command, Sandbox, Say
from builds.tools import Kit, Toolbox
from builds.tools.environment import Environments
from builds.tools.own_folders import own_folders, start_of
from tests.builds.plain_sandbox import PlainSandbox
from tests.builds.workbench import BOUNDS, kept_in, write

# Builds without anything from an index: a wheel that only points to the source.
BACKEND = """
import os, zipfile
def build_editable(folder, settings=None, metadata=None):
    name = "oven-1-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("oven.pth", os.path.join(os.getcwd(), "src"))
        wheel.writestr("oven-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: oven\\nVersion: 1\\n")
        wheel.writestr("oven-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("oven-1.dist-info/RECORD", "")
    return name
"""
PROJECT = {
    "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
    "backend.py": BACKEND,
    "docs/index.rst": "",
}
DOCS = PythonPackages((), ("docs/requirements.txt",))
PYTHON = Kit((Path("/usr/bin"),), version="3.11.2")


class Recorder(PlainSandbox):
    """A sandbox in which every command ends well, without being run."""

    def run(self, command: Command, _bounds: Bounds, _say: Say, _cancelled: threading.Event) -> int:
        self.ran.append(command)
        return 0

    @property
    def pip(self) -> list[Command]:
        return [command for command in self.ran if "install" in command.argv]


def box_of(folder: Path, sandbox: Sandbox) -> Toolbox:
    """A toolbox that has no index."""

    def local(command: Command) -> Command:
        return replace(
            command, environment={**command.environment, "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": "/dev/null"}
        )

    return Toolbox(folder, sandbox, lambda _: None, threading.Event(), BOUNDS, local)


@pytest.fixture
def says(tmp_path: Path) -> Callable[[str, Mapping[str, str]], str]:
    """Builds a site's environment for a project, and has its package say what is in it."""
    box = box_of(tmp_path / "tools", PlainSandbox())

    def build(name: str, files: Mapping[str, str]) -> str:
        source = write(tmp_path / name / "source", {**PROJECT, **files})
        environments = Environments(box, kept_in(tmp_path / "kept"), "alice")
        kit = environments.get(box.get(Tool("python")), DOCS, source, tmp_path / name / "python")
        return box.installing.ask(("python", "-c", "import oven"), tmp_path, kit)[1]

    return build


@pytest.mark.long  # makes environments and builds packages
@pytest.mark.parametrize("line", ["-e .", "-e .."])
def test_a_requirements_file_that_names_the_project_installs_it_as_it_is_now(
    says: Callable[[str, Mapping[str, str]], str], line: str
) -> None:
    rye = {"docs/requirements.txt": line, "src/oven.py": "print('rye')"}

    assert says("first", rye) == "rye\n"
    assert says("second", {**rye, "src/oven.py": "print('spelt')"}) == "spelt\n"


@pytest.mark.parametrize(("line", "start"), [("-e .", ""), (".", ""), ("-e ..", "docs"), ("sphinx", "")])
def test_pip_runs_where_the_folders_it_is_told_of_are(tmp_path: Path, line: str, start: str) -> None:
    sandbox, source = Recorder(), write(tmp_path / "source", {**PROJECT, "docs/requirements.txt": line})
    environments = Environments(box_of(tmp_path / "tools", sandbox), kept_in(tmp_path / "kept"), "alice")

    environments.get(PYTHON, DOCS, source, tmp_path / "python")

    assert [command.folder for command in sandbox.pip] == [source / start]


@pytest.mark.parametrize(("line", "twice"), [("-e .", False), ("-e ..", False), ("sphinx", True)])
def test_a_project_that_is_installed_anyway_is_not_installed_twice(tmp_path: Path, line: str, twice: bool) -> None:
    sandbox, source = Recorder(), write(tmp_path / "source", {**PROJECT, "docs/requirements.txt": line})
    environments = Environments(box_of(tmp_path / "tools", sandbox), kept_in(tmp_path / "kept"), "alice")

    environments.get(PYTHON, replace(DOCS, projects=(".",)), source, tmp_path / "python")

    assert (str(source) in sandbox.pip[0].argv) is twice


@pytest.mark.parametrize(("line", "installed"), [("sphinx", 1), ("-e .", 2)])
def test_an_environment_with_the_project_itself_is_made_anew_each_time(
    tmp_path: Path, line: str, installed: int
) -> None:
    sandbox, source = Recorder(), write(tmp_path / "source", {**PROJECT, "docs/requirements.txt": line})
    environments = Environments(box_of(tmp_path / "tools", sandbox), kept_in(tmp_path / "kept"), "alice")

    environments.get(PYTHON, DOCS, source, tmp_path / "one")
    environments.get(PYTHON, DOCS, source, tmp_path / "two")

    assert len(sandbox.pip) == installed


def test_installers_of_a_sites_own_project_know_its_variables_and_no_others_do(tmp_path: Path) -> None:
    sandbox, source = Recorder(), write(tmp_path / "source", {**PROJECT, "docs/requirements.txt": ""})
    environments = Environments(
        box_of(tmp_path / "tools", sandbox), kept_in(tmp_path / "kept"), "alice", {"OVEN": "hot"}
    )

    environments.get(PYTHON, DOCS, source, tmp_path / "own")
    environments.get(PYTHON, PythonPackages(("sphinx",)), source, tmp_path / "all")

    assert [command.environment.get("OVEN") for command in sandbox.pip] == ["hot", None]


@pytest.mark.parametrize(
    ("text", "folders"),
    [
        ("sphinx\n-e .\n", ["."]),
        ("-e .[docs]  # ours\n--editable=../lib\n", [".", "../lib"]),
        ("  ..\n./lib[a,b]\n.\n", ["..", "./lib", "."]),
        ("-e src/oven\n", ["src/oven"]),
        ("-e git+https://git.example/x#egg=x\n...\n.x\noven==1.0 # -e .\n-r nowhere.txt\n", []),
        ("-r more.txt\n", ["lib"]),
    ],
)
def test_the_folders_that_a_requirements_file_names_are_known(tmp_path: Path, text: str, folders: list[str]) -> None:
    write(tmp_path, {"requirements.txt": text, "more.txt": "-r more.txt\n-e lib\n"})

    assert list(dict.fromkeys(own_folders([tmp_path / "requirements.txt"]))) == folders


def test_folders_outside_the_upload_are_not_where_pip_runs(tmp_path: Path) -> None:
    write(tmp_path, {"setup.py": "", "source/docs/requirements.txt": "-e ../.."})
    source = tmp_path / "source"

    assert start_of(source, [source / "docs" / "requirements.txt"]) == source

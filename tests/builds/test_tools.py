"""The toolbox: what is here is used, what is not is installed once and whole, what cannot be had is named."""

import os
import platform
import threading
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from builds.errors import BuildError
from builds.recipe import PythonPackages, Tool
from builds.sandbox.values import Command
from builds.tools import Toolbox
from builds.tools import listed as list_of_tools
from builds.tools import machine as of_machine
from builds.tools import toolbox as toolboxes
from builds.tools.environment import Environments, key_of
from builds.tools.listed import TOOLS, Listed
from builds.tools.locked import locked
from tests.builders import tar_of
from tests.builds.plain_sandbox import PlainSandbox
from tests.builds.workbench import BOUNDS, kept_in, write

DAY = 24 * 3600  # seconds
OVEN = Listed("oven", "Oven", "build one of clay", pypi="alices-oven", inside=("bin/oven",))


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    return folder


@pytest.fixture
def bakery(tmp_path: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Toolbox]:
    """Makes toolboxes over one folder, whose packages come from `wheels` and nowhere else."""
    monkeypatch.setitem(list_of_tools.BY_NAME, "oven", OVEN)

    def local(command: Command) -> Command:
        only = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_CONFIG_FILE": "/dev/null"}
        return replace(command, environment={**command.environment, **only})

    log: list[str] = []
    return lambda: Toolbox(tmp_path / "tools", PlainSandbox(), log.append, threading.Event(), BOUNDS, local)


def wheel(folder: Path, name: str, version: str, program: str) -> None:
    """A wheel that puts a program named like its last word into `bin`."""
    info = f"{name.replace('-', '_')}-{version}"
    files = {
        f"{info}.data/scripts/{name.rpartition('-')[2]}": program,
        f"{info}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in (*files, f"{info}.dist-info/RECORD"))
    with zipfile.ZipFile(folder / f"{info}-py3-none-any.whl", "w") as archive:
        for path, text in {**files, f"{info}.dist-info/RECORD": record}.items():
            entry = zipfile.ZipInfo(path)
            entry.external_attr = 0o100755 << 16
            archive.writestr(entry, text)


def oven(version: str) -> str:
    return f"#!/bin/sh\necho oven {version}\n"


def installs(box: Toolbox) -> int:
    sandbox = box.installing.sandbox
    assert isinstance(sandbox, PlainSandbox)
    return sum(command.network for command in sandbox.ran)


def test_names_are_not_given_twice() -> None:
    assert len({tool.name for tool in TOOLS}) == len(TOOLS)


def test_a_tool_of_the_machine_is_used_as_it_is(
    bakery: Callable[[], Toolbox], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = write(tmp_path, {"here/bin/oven": oven("1.2.3")}) / "here/bin/oven"
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    box = bakery()

    kit = box.get(Tool("oven", "1"))

    assert (kit.path, kit.readable, kit.version) == ((program.parent,), (program.parent.parent,), "1.2.3")
    assert installs(box) == 0


def test_a_machines_tool_of_another_version_is_not(
    bakery: Callable[[], Toolbox], wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = write(tmp_path, {"here/bin/oven": oven("1.2.3")}) / "here/bin/oven"
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    wheel(wheels, "alices-oven", "2.0.0", oven("2.0.0"))

    assert bakery().get(Tool("oven", "2")).version == "2.0.0"


def test_the_newest_version_that_fits_is_installed_and_works(bakery: Callable[[], Toolbox], wheels: Path) -> None:
    for version in ("1.0.0", "2.0.0", "2.1.0", "3.0.0"):
        wheel(wheels, "alices-oven", version, oven(version))
    box = bakery()

    kit = box.get(Tool("oven", "^2.0"))

    status, said = box.installing.ask(("oven",), kit.path[0], kit)
    assert (kit.version, status, said) == ("2.1.0", 0, "oven 2.1.0\n")


def test_a_version_is_installed_once(bakery: Callable[[], Toolbox], wheels: Path) -> None:
    wheel(wheels, "alices-oven", "2.0.0", oven("2.0.0"))
    bakery().get(Tool("oven"))
    again = bakery()

    assert again.get(Tool("oven", "2")).version == "2.0.0"
    assert installs(again) == 0


def test_builds_at_once_install_once(bakery: Callable[[], Toolbox], wheels: Path) -> None:
    wheel(wheels, "alices-oven", "2.0.0", oven("2.0.0"))
    boxes = [bakery() for _ in range(4)]

    with ThreadPoolExecutor(4) as threads:
        kits = list(threads.map(lambda box: box.get(Tool("oven")), boxes))

    assert {kit.path for kit in kits} == {kits[0].path}
    assert sum(map(installs, boxes)) == 1


def test_one_that_waits_can_be_cancelled(bakery: Callable[[], Toolbox], wheels: Path) -> None:
    wheel(wheels, "alices-oven", "2.0.0", oven("2.0.0"))
    box = bakery()
    with locked(box.folder / "oven" / toolboxes.LOCK, threading.Event()):
        threading.Timer(0.1, box.installing.cancelled.set).start()

        with pytest.raises(BuildError) as refused:
            box.get(Tool("oven"))

    assert refused.value.code == "cancelled"


def test_what_does_not_run_here_is_not_kept(bakery: Callable[[], Toolbox], wheels: Path) -> None:
    wheel(wheels, "alices-oven", "2.0.0", "#!/bin/sh\nexit 1\n")
    box = bakery()

    with pytest.raises(BuildError) as refused:
        box.get(Tool("oven"))

    assert refused.value.code == "tool_missing"
    assert [one.name for one in (box.folder / "oven").iterdir()] == [toolboxes.LOCK]


def test_what_a_killed_install_left_is_neither_used_nor_kept(bakery: Callable[[], Toolbox], wheels: Path) -> None:
    wheel(wheels, "alices-oven", "2.0.0", oven("2.0.0"))
    box = bakery()
    left = write(box.folder / "oven" / f"{toolboxes.BESIDE}x", {"bin/oven": oven("2.0.0")})

    assert box.get(Tool("oven")).version == "2.0.0"
    assert not left.exists()


def test_a_tool_that_cannot_be_had_is_named_with_the_way_to_get_it(
    bakery: Callable[[], Toolbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(
        BuildError, match=r"Zola 0\.19 \(asked for by netlify\.toml\) is not on this machine: install it"
    ):
        bakery().get(Tool("zola", "0.19", "netlify.toml"))


def test_without_a_python_it_is_said_how_to_get_one(
    bakery: Callable[[], Toolbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_machine.sys, "frozen", True, raising=False)  # type: ignore[attr-defined]
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(BuildError, match=r"Python is not on this machine: install python3"):
        bakery().get(Tool("oven"))


def test_a_version_that_is_not_here_is_told_with_those_that_are(bakery: Callable[[], Toolbox]) -> None:
    here = platform.python_version()

    with pytest.raises(
        BuildError, match=rf"^Python 2\.7 \(asked for by runtime\.txt\) is not .*, which has {here}[:,]"
    ):
        bakery().get(Tool("python", "2.7", "runtime.txt"))


def test_a_python_without_pip_can_install(
    bakery: Callable[[], Toolbox], wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolboxes, "has_pip", lambda _python: False)  # as Debian's is without python3-pip
    wheel(wheels, "alices-oven", "2.0.0", oven("2.0.0"))

    kit = bakery().get(Tool("oven"))

    assert kit.version == "2.0.0"
    assert not (kit.readable[0] / toolboxes.OWN_PIP).exists()


def test_what_was_used_longest_ago_goes_first_and_what_is_in_use_never(
    bakery: Callable[[], Toolbox], wheels: Path
) -> None:
    days = {"1.0.0": 9, "2.0.0": 8, "3.0.0": 7, "4.0.0": 0}
    box = bakery()
    for version, ago in days.items():
        wheel(wheels, "alices-oven", version, oven(version))
        box.get(Tool("oven", version))
        os.utime(box.folder / "oven" / version / toolboxes.USED, times=(0, time.time() - ago * DAY))
    one = int((box.folder / "oven" / "1.0.0" / toolboxes.USED).read_text())

    left = []
    for days_kept, size in ((30, 99 * one), (8.5, 99 * one), (30, 2 * one), (30, 0)):
        box.evict(days_kept * DAY, size)
        left.append({kept.name for kept in (box.folder / "oven").iterdir() if not kept.name.startswith(".")})

    assert left == [set(days), set(days) - {"1.0.0"}, {"3.0.0", "4.0.0"}, {"4.0.0"}]


def test_another_node_of_its_line_is_better_than_none(
    bakery: Callable[[], Toolbox], wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = Listed("node", "Node.js", "install it", pypi="alices-oven", inside=("bin/oven",))
    monkeypatch.setitem(list_of_tools.BY_NAME, "node", node)
    monkeypatch.setenv("PATH", "/nowhere")
    wheel(wheels, "alices-oven", "20.18.0", oven("20.18.0"))
    wheel(wheels, "alices-oven", "22.1.0", oven("22.1.0"))

    assert bakery().get(Tool("node", "20.19.4", ".nvmrc")).version == "20.18.0"


def test_a_python_environment_is_made_once_for_all_sites(
    bakery: Callable[[], Toolbox], wheels: Path, tmp_path: Path
) -> None:
    wheel(wheels, "alices-oven", "2.0.0", oven("2.0.0"))
    wanted = PythonPackages(("alices-oven",))
    first, second = bakery(), bakery()
    python = first.get(Tool("python"))

    kit = Environments(first, kept_in(tmp_path / "kept"), "alice").get(python, wanted, tmp_path, tmp_path / "env")
    again = Environments(second, kept_in(tmp_path / "kept"), "bob").get(python, wanted, tmp_path, tmp_path / "env")

    assert kit == again
    assert installs(second) == 0
    assert first.installing.ask(("oven",), tmp_path, kit) == (0, "oven 2.0.0\n")


@pytest.mark.parametrize("by", ["a link", "a link to nowhere", "a folder", "a file"])
def test_what_says_that_an_installation_is_whole_is_ours_whatever_was_installed(tmp_path: Path, by: str) -> None:
    outside = write(tmp_path / "outside", {"secret.key": "untouched"})
    folder = write(tmp_path / "installed", {"oven": "bake"})
    mark = folder / toolboxes.USED
    if by == "a folder":
        write(mark, {"a": "b"})
    elif by == "a file":
        mark.write_text("999999999")
    else:
        mark.symlink_to(outside / ("secret.key" if by == "a link" else "new"))

    toolboxes.seal(folder)

    assert {path.name: path.read_text() for path in outside.iterdir()} == {"secret.key": "untouched"}
    assert not mark.is_symlink()
    assert int(mark.read_text()) < 50_000
    toolboxes.unseal(folder)
    assert [path.name for path in folder.iterdir()] == ["oven"]


@pytest.mark.long
def test_a_package_that_runs_while_it_is_installed_has_nothing_written_elsewhere(
    bakery: Callable[[], Toolbox], wheels: Path, tmp_path: Path
) -> None:
    secret = write(tmp_path / "data", {"secret.key": "untouched"}) / "secret.key"
    wheel(tmp_path, "alices-oven", "2.0.0", oven("2.0.0"))
    backend = f"""
import os, shutil, sys
def build_wheel(folder, *_):
    os.symlink({str(secret)!r}, os.path.join(sys.prefix, {toolboxes.USED!r}))
    return os.path.basename(shutil.copy({str(tmp_path / "alices_oven-2.0.0-py3-none-any.whl")!r}, folder))
"""
    settings = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    sdist = {"pyproject.toml": settings, "backend.py": backend, "PKG-INFO": "Name: alices-oven\nVersion: 2.0.0\n"}
    packed = tar_of({f"alices_oven-2.0.0/{name}": text for name, text in sdist.items()}, "gz")
    (wheels / "alices_oven-2.0.0.tar.gz").write_bytes(packed)
    box = bakery()
    environments = Environments(box, kept_in(tmp_path / "kept"), "alice")

    kits = [
        environments.get(box.get(Tool("python")), PythonPackages(("alices-oven",)), tmp_path, tmp_path / "env")
        for _ in range(2)
    ]

    assert secret.read_text() == "untouched"
    assert box.installing.ask(("oven",), tmp_path, kits[1]) == (0, "oven 2.0.0\n")


@pytest.mark.parametrize(
    ("package", "its_own"),
    [
        ("mkdocs", False),
        ("mkdocs-material[imaging]>=9,<10; python_version > '3.8'", False),
        ("mkdocs @ https://example.org/mkdocs-1.0.tar.gz", True),
        ("mkdocs@git+https://example.org/mkdocs", True),
        ("docs/theme", True),
    ],
)
def test_an_environment_of_what_an_address_holds_is_its_sites_own(package: str, its_own: bool) -> None:
    assert PythonPackages((package,)).is_of_the_project == its_own


def test_a_projects_environment_is_its_sites_own_and_works_where_it_is_put_back(
    bakery: Callable[[], Toolbox], wheels: Path, tmp_path: Path
) -> None:
    wheel(wheels, "alices-oven", "2.0.0", "#!python\nimport sys\nprint(sys.prefix)\n")
    source = write(tmp_path / "source", {"requirements.txt": "alices-oven\n"})
    wanted, kept = PythonPackages((), ("requirements.txt",)), kept_in(tmp_path / "kept")
    first, second = bakery(), bakery()
    python = first.get(Tool("python"))

    Environments(first, kept, "alice").get(python, wanted, source, tmp_path / "one")
    kit = Environments(second, kept, "alice").get(python, wanted, source, tmp_path / "two")

    assert second.installing.ask(("oven",), tmp_path, kit) == (0, f"{tmp_path / 'two'}\n")
    assert [installs(box) for box in (first, second)] == [2, 0]
    assert key_of(python, wanted, source, "alice") != key_of(python, wanted, source, "bob")

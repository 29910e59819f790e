"""`dropdock update` by the real executable, from this version to one built of the same sources that say another."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.version import VERSION
from tests.builders import ROOT, served
from tests.cast import OLGA
from tests.origin import KEY, NEW, public, served_releases

SOURCES = ("appliance", "builds", "admin_ui", "packaging")
FILES = ("main.py", "CHANGELOG.md", "LICENSE", "pyproject.toml", "requirements.txt")

pytestmark = pytest.mark.long


def built(sources: Path, target: Path) -> Path:
    """The executable of a tree."""
    where = ("--distpath", str(target), "--workpath", str(target / "work"))
    spec = "packaging/pyinstaller/dropdock.spec"
    done = subprocess.run(
        [sys.executable, "-m", "PyInstaller", "--noconfirm", *where, "--log-level", "ERROR", spec],
        cwd=sources,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return target / "dropdock"


def of_version(version: str, folder: Path) -> Path:
    """A copy of the sources that says it is this version."""
    for name in SOURCES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, folder / name)
    said = folder / "appliance/version.py"
    said.write_text(said.read_text().replace(VERSION, version))
    return folder


def test_an_executable_brings_itself_to_the_next_version(tmp_path: Path) -> None:
    new = built(of_version(NEW, tmp_path / "sources"), tmp_path / "new").read_bytes()
    program = tmp_path / "bin/dropdock"
    program.parent.mkdir()
    built(ROOT, tmp_path / "old").rename(program)
    data = tmp_path / "data"
    environment = {"PATH": "", "HOME": str(tmp_path), "DROPDOCK_UPDATE_KEY": public(KEY), "DROPDOCK_DATA": str(data)}

    def dropdock(*arguments: str, said: str = "") -> str:
        done = subprocess.run(
            [program, *arguments], env=environment, input=said, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    account = ("account", "create", "--email", OLGA.email, "--role", "operator", "--password-stdin")
    dropdock(*account, said=OLGA.password + "\n")
    with served_releases() as origin:
        origin.offers(new)
        environment["DROPDOCK_UPDATE_INDEX"] = f"{origin.url}/releases.json"
        outcome = dropdock("update")

    assert outcome.startswith(f"Dropdock {NEW} has taken the place of {VERSION}")
    assert program.read_bytes() == new
    assert dropdock("version") == f"dropdock {NEW}\n"
    assert os.access(program.with_name("dropdock.before"), os.X_OK)
    with served(data, environment=environment, program=(str(program),)) as server:
        assert f"Dropdock {NEW}" in server.said
        assert server.set_up_link is None  # Olga's account is there

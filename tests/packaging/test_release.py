"""How a release is made: in a scratch repository, with the program's own scripts and a gate that passes or fails."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import ROOT

pytestmark = pytest.mark.needs("git")
SCRIPTS = ROOT / "packaging/release"
CHANGELOG = """# Changelog

## 0.2.0 — a window

- It has a window.
- `make run` opens it.

## 0.1.0 — the main job

- It works.
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with the scripts, a changelog that is a version ahead of the program, and a gate that passes."""
    folder = tmp_path / "project"
    shutil.copytree(SCRIPTS, folder / "packaging/release", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "appliance").mkdir()
    (folder / "appliance/version.py").write_text('"""The version."""\n\nVERSION = "0.1.0"\n')
    (folder / "CHANGELOG.md").write_text(CHANGELOG, encoding="utf-8")
    (folder / ".gitignore").write_text("__pycache__/\n")
    gate(folder, passes=True)
    for command in (["init", "-q"], ["config", "user.name", "Olga"], ["config", "user.email", "olga@example.org"]):
        git(folder, *command)
    commit(folder)
    return folder


def gate(folder: Path, *, passes: bool) -> None:
    """What `make test` runs; it looks at the version it is asked about."""
    (folder / "tests").mkdir(exist_ok=True)
    (folder / "tests/check.py").write_text(
        "import pathlib, sys\n"
        "print('checked', pathlib.Path('appliance/version.py').read_text().split()[-1])\n"
        f"sys.exit({0 if passes else 1})\n"
    )


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "-q", "-m", "Work")


def release(folder: Path, version: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "packaging/release/release.py", version]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_release_is_checked_as_that_version_then_committed_and_tagged_with_its_notes(project: Path) -> None:
    done = release(project, "0.2.0")

    assert done.returncode == 0, done.stderr
    assert 'checked "0.2.0"' in done.stdout
    assert "git push origin HEAD v0.2.0" in done.stdout
    assert git(project, "show", "v0.2.0:appliance/version.py").endswith('VERSION = "0.2.0"')
    assert git(project, "tag", "--list", "--format=%(contents)", "v0.2.0").splitlines() == [
        "Dropdock 0.2.0", "", "- It has a window.", "- `make run` opens it."
    ]  # fmt: skip
    assert git(project, "status", "--porcelain") == ""


def test_what_does_not_pass_is_not_released_and_nothing_is_left_of_it(project: Path) -> None:
    gate(project, passes=False)
    commit(project)
    before = git(project, "rev-parse", "HEAD")

    done = release(project, "0.2.0")

    assert done.returncode == 1
    assert git(project, "tag", "--list") == ""
    assert git(project, "rev-parse", "HEAD") == before
    assert git(project, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("version", "sentence"),
    [
        ("", "type: make release VERSION=1.2.3"),
        ("v0.2.0", "type: make release VERSION=1.2.3"),
        ("0.3.0", "write what changes under “## 0.3.0 — …” first"),
        ("0.1.0", "The first heading of CHANGELOG.md is 0.2.0, not 0.1.0"),
    ],
)
def test_a_version_that_cannot_be_is_refused_in_a_sentence(project: Path, version: str, sentence: str) -> None:
    done = release(project, version)

    assert done.returncode == 1
    assert sentence in done.stderr
    assert git(project, "tag", "--list") == ""


def test_a_version_is_given_once(project: Path) -> None:
    git(project, "tag", "v0.2.0")

    assert "There is a v0.2.0 already" in release(project, "0.2.0").stderr


def test_what_is_not_committed_is_not_released(project: Path) -> None:
    (project / "new.txt").touch()

    assert "commit or remove it" in release(project, "0.2.0").stderr


def test_the_notes_are_what_the_changelog_says_of_a_version(project: Path) -> None:
    command = [sys.executable, "packaging/release/changelog.py", "0.1.0"]

    assert subprocess.run(command, cwd=project, capture_output=True, text=True, check=True).stdout == "- It works.\n"


def licences() -> list[Path]:
    return [path for package in ("appliance", "builds", "admin_ui") for path in (ROOT / package).rglob("*LICENSE*")]


def test_the_licences_of_all_that_is_shipped_are_listed(tmp_path: Path) -> None:
    for name in ("requirements.txt", *(str(path.relative_to(ROOT)) for path in licences())):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    subprocess.run([sys.executable, SCRIPTS / "third_party.py"], cwd=tmp_path, check=True)
    listed = (ROOT / "THIRD_PARTY.md").read_text(encoding="utf-8")

    assert (tmp_path / "THIRD_PARTY.md").read_text(encoding="utf-8") == listed, "type: make lock"
    assert [name for name in locked() if f"| {name} | " not in listed] == []


def test_every_folder_of_files_that_others_made_is_listed() -> None:
    listed = (ROOT / "THIRD_PARTY.md").read_text(encoding="utf-8")
    texts = licences()

    assert texts
    assert [path for path in texts if f"| {path.parent.relative_to(ROOT)} | " not in listed] == []


def test_the_bill_of_materials_holds_every_locked_library(tmp_path: Path) -> None:
    asked = subprocess.run(["make", "-n", "sbom"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    options = re.search(r"cyclonedx_py (.*) -o dist/sbom.cdx.json", asked)
    assert options is not None

    bom = tmp_path / "bom.json"
    command = [sys.executable, "-W", "ignore", "-m", "cyclonedx_py", *options[1].split(), "-o", str(bom)]
    subprocess.run(command, cwd=ROOT, check=True)

    made = json.loads(bom.read_text(encoding="utf-8"))
    assert made["bomFormat"] == "CycloneDX"
    assert made["metadata"]["component"]["name"] == "dropdock"
    versions = {part["name"]: part.get("version") for part in made["components"]}
    assert versions == locked()


def locked() -> dict[str, str]:
    """Name and version of everything in requirements.txt."""
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9][a-z0-9.-]*)==([^ ;\\]+)", text, re.MULTILINE))

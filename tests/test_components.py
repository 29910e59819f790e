"""tests/components.py with an apt-get, apt-cache and sudo of our own on PATH."""

import os
from pathlib import Path

import pytest

from tests import components
from tests.components import Component

HERE = Component("shell", ("sh",))
WANTED = Component("wanted", ("wanted-program",))
UNKNOWN = Component("unknown", ("/no/such/file",))


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH besides the shell's and env's."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("sh", "env"):
        (folder / tool).symlink_to(f"/usr/bin/{tool}")
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def apt(path: Path, tmp_path: Path) -> Path:
    """A machine with apt that knows the package `wanted` only; the file that its calls are written to."""
    calls = tmp_path / "calls"
    calls.touch()
    command(path, "apt-get", f'echo "$*" >>{calls}')
    command(path, "apt-cache", 'test "$3" = wanted')
    return calls


def command(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


def as_user(monkeypatch: pytest.MonkeyPatch, uid: int) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid)


def test_root_installs_what_is_missing_and_known_in_one_run(apt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_user(monkeypatch, 0)

    components.install([HERE, WANTED, UNKNOWN])

    assert apt.read_text().splitlines() == ["update -qq", "install -qq -y --no-install-recommends wanted"]


def test_a_package_that_apt_does_not_know_is_not_asked_for(apt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_user(monkeypatch, 0)

    components.install([UNKNOWN])

    assert apt.read_text().splitlines() == ["update -qq"]


def test_an_apt_that_cannot_run_is_survived(path: Path, apt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_user(monkeypatch, 0)
    (path / "apt-get").write_text("#!/no/such/interpreter\n", encoding="utf-8")

    components.install([WANTED])

    assert apt.read_text() == ""


def test_nothing_is_installed_when_nothing_is_missing(apt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_user(monkeypatch, 0)

    components.install([HERE])

    assert apt.read_text() == ""


def test_an_ordinary_user_installs_nothing_and_is_told_why(apt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_user(monkeypatch, 1000)

    components.install([WANTED])

    assert apt.read_text() == ""
    assert components.why_missing() == "cannot be installed here (not root)"


def test_sudo_without_a_password_is_used(path: Path, apt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_user(monkeypatch, 1000)
    command(path, "sudo", 'test "$1" = -n || exit 9; shift; case "$1" in true) exit 0 ;; esac; exec "$@"')

    components.install([WANTED])

    assert apt.read_text().splitlines()[-1] == "install -qq -y --no-install-recommends wanted"
    assert components.why_missing() == "could not be installed by apt-get"


def test_a_machine_without_apt_is_told_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_user(monkeypatch, 0)

    components.install([WANTED])

    assert components.why_missing() == "cannot be installed here (no apt-get)"


def test_a_chromium_by_any_of_its_names_is_the_browser(path: Path) -> None:
    assert components.browser() is None

    command(path, "google-chrome", "exit 0")

    assert components.browser() == str(path / "google-chrome")

"""`make hooks` in a repository of its own."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PLAIN_GIT = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "PATH": os.environ["PATH"]}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "tests/hooks", tmp_path / "tests/hooks")
    subprocess.run(["git", "init", "-q", "."], cwd=tmp_path, env=PLAIN_GIT, check=True)
    return tmp_path


def install(repository: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "tests/hooks/install.sh"],
        cwd=repository,
        env=PLAIN_GIT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_hook_runs_the_quick_checks(repository: Path) -> None:
    (repository / "Makefile").write_text('quick:\n\t@test -z "$$GIT_DIR" && echo checked\n', encoding="utf-8")

    installed = install(repository)
    ran = subprocess.run(
        [repository / ".git/hooks/pre-push", "origin", "nowhere"],
        cwd=repository,
        env=PLAIN_GIT | {"GIT_DIR": str(repository / ".git")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert installed.returncode == 0, installed.stderr
    assert (ran.returncode, ran.stdout) == (0, "checked\n")


def test_installing_again_brings_the_hook_up_to_date(repository: Path) -> None:
    install(repository)
    (repository / ".git/hooks/pre-push").write_text("#!/bin/sh\n# Dropdock: an older one\n", encoding="utf-8")

    install(repository)

    assert (repository / ".git/hooks/pre-push").read_bytes() == (ROOT / "tests/hooks/pre-push").read_bytes()


def test_a_hook_of_somebody_else_stays(repository: Path) -> None:
    theirs = repository / ".git/hooks/pre-push"
    theirs.parent.mkdir(exist_ok=True)
    theirs.write_text("#!/bin/sh\necho mine\n", encoding="utf-8")

    refused = install(repository)

    assert refused.returncode == 1
    assert "add the line 'make quick' to it yourself" in refused.stderr
    assert theirs.read_text(encoding="utf-8") == "#!/bin/sh\necho mine\n"


def test_a_hooks_folder_shared_with_other_projects_stays(repository: Path) -> None:
    subprocess.run(["git", "config", "core.hooksPath", "shared"], cwd=repository, env=PLAIN_GIT, check=True)

    refused = install(repository)

    assert refused.returncode == 1
    assert not (repository / "shared").exists()

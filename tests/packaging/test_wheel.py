"""The wheel: built here, installed with what is locked into a fresh environment, run far from the checkout."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.builders import folder_of, page
from tests.packaging.machine import Machine, serving

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("admin_ui", "appliance", "builds", "main.py", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md")

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    home = tmp_path_factory.mktemp("wheel")
    python = [str(home / "venv" / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([sys.executable, "-m", "venv", home / "venv"], check=True, timeout=600)
    subprocess.run([*python, "--require-hashes", "-r", ROOT / "requirements.txt"], check=True, timeout=900)
    subprocess.run([*python, "--no-deps", wheel_of(home)], check=True, timeout=600)
    return Machine(home / "venv" / "bin" / "dropdock", home)


def wheel_of(home: Path) -> Path:
    """The wheel, built beside the checkout, in which setuptools would leave folders of its own."""
    copy = home / "checkout"
    copy.mkdir()
    for name in SOURCES:
        place = ROOT / name
        (shutil.copytree if place.is_dir() else shutil.copy)(place, copy / name)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(home), str(copy)]
    subprocess.run(build, check=True, timeout=600)
    return next(home.glob("dropdock-*.whl"))


def test_an_installed_wheel_sets_up_deploys_and_rolls_back(machine: Machine, tmp_path: Path) -> None:
    first = folder_of(tmp_path / "first", {"index.html": page("first edition")})
    second = folder_of(tmp_path / "second", {"index.html": page("second edition")})

    with serving(machine) as olga:
        olga.dropdock("deploy", str(first), "--site", "blog")
        olga.dropdock("deploy", str(second), "--site", "blog")
        after_second = olga.get("blog")
        olga.dropdock("rollback", "blog")
        after_rollback = olga.get("blog")
        sign_in = httpx.get(f"{olga.server.url}/sign-in").text
        style = httpx.get(olga.server.url + re.findall(r'rel="stylesheet" href="([^"]+)"', sign_in)[0])

    assert "second edition" in after_second
    assert "first edition" in after_rollback
    assert style.status_code == 200

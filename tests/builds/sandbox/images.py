"""A container image made of Debian's packages, once: no registry of images is needed."""

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

from tests.turns import alone

IMAGE = "localhost/dropdock-test:1"
SUITE = "bookworm"
PACKAGES = ("python3-minimal", "libpython3-stdlib")
SETTINGS = """
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
STORAGE = """
[storage]
driver = "overlay"
graphroot = "{folder}/images"
runroot = "{folder}/running"
"""


def kept() -> Path:
    """Where the image stays for later runs; Podman is told to keep everything of the tests there."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "dropdock-tests" / "podman"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def settings() -> dict[str, str]:
    """Variables that have Podman work without systemd and with cgroups of either version."""
    folder = kept()
    with alone(folder):
        (folder / "containers.conf").write_text(SETTINGS, encoding="utf-8")
        (folder / "storage.conf").write_text(STORAGE.format(folder=folder), encoding="utf-8")
    return {
        "CONTAINERS_CONF": str(folder / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
    }


def make(environment: dict[str, str]) -> None:
    """Have the image there."""
    with alone(kept()):
        _make(environment)


def _make(environment: dict[str, str]) -> None:
    if subprocess.run(["podman", "image", "exists", IMAGE], env=environment, check=False).returncode == 0:
        return
    root = kept() / "root"
    shutil.rmtree(root, ignore_errors=True)
    debootstrap = shutil.which("debootstrap", path=f"{os.environ['PATH']}:/usr/sbin") or "debootstrap"
    including = f"--include={','.join(PACKAGES)}"
    subprocess.run([debootstrap, "--variant=minbase", including, SUITE, root], stdout=subprocess.DEVNULL, check=True)
    packed = kept() / "root.tar"
    with tarfile.open(packed, "w") as tar:
        tar.add(root, arcname=".")
    shutil.rmtree(root)
    subprocess.run(["podman", "import", "--quiet", packed, IMAGE], env=environment, check=True)
    packed.unlink()

"""The executable that carries its own C library, in a Debian older than any it could have been built on."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.builders import Served, folder_of, page, served
from tests.cast import OLGA

ROOT = Path(__file__).resolve().parents[2]
OLD = "bullseye"  # Debian 11, of 2021: glibc 2.31
LARGEST = 40_000_000  # bytes

pytestmark = [
    pytest.mark.long,
    pytest.mark.needs("debootstrap"),
    pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="debootstrap and chroot need root"),
]


@pytest.fixture(scope="module")
def portable() -> Path:
    command = ["make", "executable", "PORTABLE=1"]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1800, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    return ROOT / "dist" / "dropdock-portable"


@pytest.fixture(scope="module")
def old_root() -> Path:
    """A bare Debian 11; made once, kept for the next run."""
    root = ROOT / "build" / OLD
    if not (root / "made").exists():
        subprocess.run(["debootstrap", "--variant=minbase", OLD, str(root)], check=True, capture_output=True)
        (root / "made").touch()
    return root


class OldMachine:
    """A machine with that system on it, the executable in it and nothing else; paths are as they are within."""

    def __init__(self, root: Path, home: Path) -> None:
        self.root, self.data = root, home / "data"
        self.within(home).mkdir(parents=True, exist_ok=True)
        self.program = ("chroot", str(root), "/opt/dropdock")

    def within(self, path: Path) -> Path:
        return self.root / path.relative_to("/")

    def dropdock(self, *arguments: str, said: str = "", **environment: str) -> str:
        done = subprocess.run(
            [*self.program, *arguments],
            input=said,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def machine(portable: Path, old_root: Path, tmp_path: Path) -> Iterator[OldMachine]:
    (old_root / "opt" / "dropdock").write_bytes(portable.read_bytes())
    (old_root / "opt" / "dropdock").chmod(0o755)
    subprocess.run(["mount", "-t", "proc", "proc", str(old_root / "proc")], check=True)
    yield OldMachine(old_root, tmp_path)
    subprocess.run(["umount", str(old_root / "proc")], check=True)


def got(server: Served, site: str) -> str:
    host = f"{site}.localhost:{server.port}"
    url = f"http://127.0.0.1:{server.port}/"
    return httpx.get(url, headers={"Host": host}, timeout=30).raise_for_status().text


def test_it_is_small_still(portable: Path) -> None:
    assert portable.stat().st_size <= LARGEST


def test_it_serves_deploys_goes_back_and_stops_on_a_system_older_than_its_builder(machine: OldMachine) -> None:
    account = ("account", "create", "--email", OLGA.email, "--role", "operator", "--password-stdin")
    machine.dropdock(*account, "--data", str(machine.data), said=OLGA.password + "\n")
    token = machine.dropdock("token", "create", "--account", OLGA.email, "--name", "old", "--data", str(machine.data))
    site = machine.data.parent / "site"

    with served(machine.data, program=machine.program) as server:
        names = {"DROPDOCK_SERVER": f"http://127.0.0.1:{server.port}", "DROPDOCK_TOKEN": token.strip()}
        for edition in ("first", "second"):
            folder_of(machine.within(site), {"index.html": page(f"{edition} edition")})
            machine.dropdock("deploy", str(site), "--site", "blog", **names)
        newest = got(server, "blog")
        machine.dropdock("rollback", "blog", **names)
        before = got(server, "blog")
        status = server.stop()

    assert "second edition" in newest
    assert "first edition" in before
    assert status == 0

"""The image: built from the Dockerfile by Podman, and run as its help page says. There is no registry in this: the base
is made here by debootstrap, of the same Debian."""

import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.builders import MAIN, SOURCE, folder_of, page
from tests.cast import OLGA

pytestmark = [
    pytest.mark.long,
    pytest.mark.needs("podman", "runc", "debootstrap"),
    pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="debootstrap and this Podman need root"),
]

ROOT = MAIN.parent
BASE, IMAGE = "localhost/dropdock-test-base", "localhost/dropdock-test"
LIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=512:512")  # no more may be given here
LOCKED_DOWN = ("--read-only", "--cap-drop", "all", "--security-opt", "no-new-privileges")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


class Podman:
    """Podman with storage of its own."""

    def __init__(self, folder: Path) -> None:
        self._command = [
            *("podman", "--root", str(folder / "root"), "--runroot", str(folder / "run")),
            *("--runtime", "runc", "--cgroup-manager=cgroupfs", "--events-backend=file"),
        ]

    def __call__(self, *arguments: str, seconds: float = 60) -> str:
        done = subprocess.run(
            [*self._command, *arguments], capture_output=True, text=True, timeout=seconds, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def load(self, folder: Path, name: str) -> None:
        with subprocess.Popen(["tar", "-C", folder, "-c", "."], stdout=subprocess.PIPE) as tar:
            subprocess.run([*self._command, "import", "-", name], stdin=tar.stdout, check=True, capture_output=True)


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Podman]:
    folder = tmp_path_factory.mktemp("podman")
    podman = Podman(folder)
    yield podman
    podman("rm", "--all", "--force")
    podman("rmi", "--all", "--force")
    subprocess.run(["rm", "-rf", str(folder)], check=True)


@pytest.fixture(scope="module")
def image(podman: Podman, tmp_path_factory: pytest.TempPathFactory) -> str:
    base = tmp_path_factory.mktemp("debian")
    subprocess.run(["debootstrap", "--variant=minbase", "bookworm", str(base)], check=True, capture_output=True)
    podman.load(base, BASE)
    subprocess.run(["rm", "-rf", str(base)], check=True)
    trust = tmp_path_factory.mktemp("trust") / "pip.conf"
    trust.write_text("[global]\ncert = /etc/authorities.pem\n", encoding="utf-8")  # this machine's, whoever they are
    mounts = ("-v", f"{trust}:/etc/pip.conf:ro", "-v", f"{CERTIFICATES}:/etc/authorities.pem:ro")
    how = ("--format", "docker", "--isolation", "chroot", "--network", "host", *mounts)
    podman("build", *how, "--build-arg", f"BASE={BASE}", "-t", IMAGE, str(ROOT), seconds=600)
    return IMAGE


class Container:
    """A running container, its port published on loopback."""

    def __init__(self, podman: Podman, image: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.podman = podman
        published = ("-p", f"127.0.0.1:{self.port}:8080", "-e", f"DROPDOCK_PUBLIC_PORT={self.port}")
        self.id = podman("run", "-d", *LIMITS, *LOCKED_DOWN, *published, "-v", "dropdock-test:/data", image).strip()

    def run(self, *command: str) -> str:
        return self.podman("exec", self.id, *command)

    def log(self) -> str:
        done = subprocess.run([*self.podman._command, "logs", self.id], capture_output=True, text=True, check=True)
        return done.stdout + done.stderr

    def await_start(self) -> None:
        deadline = time.monotonic() + 60
        while "Press Ctrl+C to stop." not in self.log():
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.2)

    def facts(self) -> Any:
        return json.loads(self.podman("inspect", self.id))[0]


@pytest.fixture
def container(podman: Podman, image: str) -> Iterator[Container]:
    made = Container(podman, image)
    made.await_start()
    yield made
    podman("rm", "--force", made.id)


@pytest.fixture(autouse=True)
def fresh_volume(podman: Podman) -> Iterator[None]:
    yield
    podman("volume", "rm", "--force", "dropdock-test")


def test_the_log_leads_to_the_first_account(container: Container) -> None:
    link = re.search(r"http://localhost:\d+/setup\?token=\S+", container.log())

    assert link is not None
    assert httpx.get(link[0]).status_code == 200


def test_a_folder_is_deployed_to_it_and_served(container: Container, tmp_path: Path) -> None:
    account = ("account", "create", "--email", OLGA.email, "--role", "operator")
    container.run("dropdock", *account)
    token = container.run("dropdock", "token", "create", "--account", OLGA.email, "--name", "test").strip()
    site = folder_of(tmp_path / "site", {"index.html": page("in a container")})
    address = f"http://localhost:{container.port}"

    done = subprocess.run(
        [*SOURCE, "deploy", str(site), "--site", "boxed"],
        env=os.environ | {"DROPDOCK_SERVER": address, "DROPDOCK_TOKEN": token},
        capture_output=True,
        text=True,
        check=False,
    )
    answer = httpx.get(f"http://127.0.0.1:{container.port}/", headers={"Host": f"boxed.localhost:{container.port}"})

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"http://boxed.localhost:{container.port}/"
    assert answer.text == page("in a container")


def test_it_is_nobody_in_particular_and_has_no_rights(container: Container) -> None:
    status = container.run("cat", "/proc/1/status")

    assert re.search(r"^Uid:\s+10001\s+10001\s+10001\s+10001$", status, re.MULTILINE)
    assert re.search(r"^CapEff:\s+0+$", status, re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.MULTILINE)


def test_it_can_write_to_its_data_and_to_nothing_else(container: Container) -> None:
    look = "find / -xdev -writable -not -type l -not -path '/proc/*' 2>/dev/null || true"  # not all can be looked into
    found = container.run("sh", "-c", look)
    scratch = ("/data", "/dev", "/run", "/tmp", "/var/tmp")  # noqa: S108 - names in the container

    assert [path for path in found.splitlines() if not path.startswith(scratch)] == []


def test_the_health_check_is_the_program_itself(container: Container) -> None:
    image = json.loads(container.podman("inspect", IMAGE))[0]

    assert image["Healthcheck"]["Test"] == ["CMD", "dropdock", "health"]
    assert container.run(*image["Healthcheck"]["Test"][1:]).splitlines()[0] == "data_folder: ok"


def test_it_stops_when_told_and_keeps_what_it_had(container: Container, podman: Podman, image: str) -> None:
    container.run("dropdock", "account", "create", "--email", OLGA.email, "--role", "operator")

    podman("stop", "-t", "10", container.id)
    after = Container(podman, image)
    after.await_start()

    assert container.facts()["State"]["ExitCode"] == 0
    assert "setup?token=" not in after.log()
    podman("rm", "--force", after.id)


def test_the_image_holds_no_more_than_it_has_to(image: str, podman: Podman) -> None:
    tools = podman(
        "run", "--rm", *LIMITS, "--entrypoint", "sh", image, "-c", "command -v pip gcc git node curl || true"
    )
    layers = json.loads(podman("inspect", image))[0]["Size"] - json.loads(podman("inspect", BASE))[0]["Size"]

    assert tools.strip() == ""
    assert layers < 250_000_000  # bytes, above the base

"""The image: built from the Dockerfile by Podman, and run as its help page says. There is no registry in this: the base
is made here by debootstrap, of the same Debian."""

import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.builders import MAIN, SOURCE, folder_of, page, zip_of
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
    try:
        yield podman
        podman("rm", "--all", "--force", seconds=300)
        podman("rmi", "--all", "--force", seconds=300)
    finally:  # what is still mounted could be removed by nobody, and every later run of pytest would stumble over it
        subprocess.run(["umount", "--recursive", str(folder / "root/overlay")], check=False, capture_output=True)
        subprocess.run(["rm", "-rf", str(folder)], check=True)


Build = Callable[..., str]


@pytest.fixture(scope="module")
def build(podman: Podman, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Builds an image of a name, with build arguments."""
    base = tmp_path_factory.mktemp("debian")
    subprocess.run(["debootstrap", "--variant=minbase", "bookworm", str(base)], check=True, capture_output=True)
    podman.load(base, BASE)
    subprocess.run(["rm", "-rf", str(base)], check=True)
    trust = tmp_path_factory.mktemp("trust") / "pip.conf"
    trust.write_text("[global]\ncert = /etc/authorities.pem\n", encoding="utf-8")  # this machine's, whoever they are
    mounts = ("-v", f"{trust}:/etc/pip.conf:ro", "-v", f"{CERTIFICATES}:/etc/authorities.pem:ro")
    how = ("--format", "docker", "--isolation", "chroot", "--network", "host", *mounts)

    def build(name: str, *arguments: str) -> str:
        given = [word for argument in (f"BASE={BASE}", *arguments) for word in ("--build-arg", argument)]
        podman("build", *how, *given, "-t", name, str(ROOT), seconds=1200)
        return name

    return build


@pytest.fixture(scope="module")
def image(build: Build) -> str:
    return build(IMAGE)


@pytest.fixture(scope="module")
def image_that_builds(build: Build) -> str:
    return build(f"{IMAGE}-generators", "EXTRAS=generators")


class Container:
    """A running container, its port published on loopback."""

    def __init__(self, podman: Podman, image: str, *options: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.podman = podman
        published = ("-p", f"127.0.0.1:{self.port}:8080", "-e", f"DROPDOCK_PUBLIC_PORT={self.port}")
        given = (*LIMITS, *LOCKED_DOWN, *published, "-v", "dropdock-test:/data", *options)
        self.id = podman("run", "-d", *given, image).strip()

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

    def token(self) -> str:
        """A token of the first account, which is made."""
        self.run("dropdock", "account", "create", "--email", OLGA.email, "--role", "operator")
        return self.run("dropdock", "token", "create", "--account", OLGA.email, "--name", "test").strip()

    def api(self, method: str, path: str, token: str, **sent: Any) -> Any:
        address = f"http://localhost:{self.port}/api/v1{path}"
        headers = {"Authorization": f"Bearer {token}", **sent.pop("headers", {})}
        return httpx.request(method, address, headers=headers, timeout=60, **sent).raise_for_status().json()

    def page(self, site: str, path: str = "/") -> httpx.Response:
        host = f"{site}.localhost:{self.port}"
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", headers={"Host": host})

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
    token = container.token()
    site = folder_of(tmp_path / "site", {"index.html": page("in a container")})
    address = f"http://localhost:{container.port}"

    done = subprocess.run(
        [*SOURCE, "deploy", str(site), "--site", "boxed"],
        env=os.environ | {"DROPDOCK_SERVER": address, "DROPDOCK_TOKEN": token},
        capture_output=True,
        text=True,
        check=False,
    )
    answer = container.page("boxed")

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


SOURCES = {
    "hugo": {
        "hugo.toml": 'title = "Notes"\nbaseURL = "/"\n',
        "content/_index.md": "---\ntitle: Built in a container\n---\n",
        "layouts/index.html": "<!doctype html><title>{{ .Title }}</title>",
    },
    "npm": {
        "package.json": json.dumps(
            {"name": "notes", "private": True, "engines": {"node": ">=18"}, "scripts": {"build": "node build.js"}}
        ),
        "package-lock.json": json.dumps(
            {"name": "notes", "lockfileVersion": 3, "requires": True, "packages": {"": {"name": "notes"}}}
        ),
        "build.js": "const fs = require('fs'); fs.mkdirSync('dist');\n"
        "fs.writeFileSync('dist/index.html', '<!doctype html><title>Built in a container</title>');\n",
    },
}
# What lets bubblewrap make its namespaces, and nothing else: the container has no right of its own all the same.
FOR_BUBBLEWRAP = ("--security-opt", "seccomp=unconfined", "--security-opt", "unmask=ALL")


@pytest.mark.parametrize("held", [(), FOR_BUBBLEWRAP], ids=["as-any-other", "bubblewrap"])
def test_the_image_with_generators_builds_sites(image_that_builds: str, podman: Podman, held: tuple[str, ...]) -> None:
    container = Container(podman, image_that_builds, *held)
    try:
        container.await_start()
        token = container.token()
        for generator, files in SOURCES.items():
            assert _built(container, token, generator, zip_of(files))["state"] == "ready"
            assert "<title>Built in a container" in container.page(generator).text
        isolation = "bubblewrap" if held else "process"
        assert isolation in container.run("dropdock", "check")
    finally:
        podman("rm", "--force", container.id)


def _built(container: Container, token: str, generator: str, archive: bytes) -> Any:
    container.api("POST", "/sites", token, json={"name": generator})
    headers = {"Content-Type": "application/zip"}
    deploy = container.api("POST", f"/sites/{generator}/deploys", token, content=archive, headers=headers)["id"]
    deadline = time.monotonic() + 180
    while (facts := container.api("GET", f"/deploys/{deploy}", token))["state"] not in {"ready", "failed"}:
        assert time.monotonic() < deadline, facts
        if facts["state"] == "asking":
            container.api("POST", f"/deploys/{deploy}/answer", token, json={"generator": generator})
        time.sleep(0.2)
    assert facts["state"] == "ready", json.dumps(facts, indent=1)
    return facts

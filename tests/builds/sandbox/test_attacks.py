"""A hostile build gets nothing but what it was given."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from builds.sandbox import layers
from builds.sandbox.process import Process
from builds.sandbox.started import Launch, Started
from tests.builds.sandbox.attacks import CONNECTING, GAINING, READING, WRITING, Target, project, write
from tests.builds.sandbox.bench import PYTHON, Bench
from tests.builds.sandbox.conftest import BUBBLEWRAP, SHARED_USER, workspace

ALL = {**READING, **CONNECTING, **WRITING, **GAINING}
attacks = pytest.mark.parametrize("attack", ALL.values(), ids=ALL.keys())
knows_scopes = pytest.mark.skipif(
    layers.abi() < layers.SCOPES, reason="the kernel's Landlock does not know signals and sockets"
)


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    """A machine with something to be had; the process that stands for the server waits, and does not mind signals."""
    data, outside = tmp_path / "data", tmp_path / "outside"
    (data / "work" / "other").mkdir(parents=True)
    outside.mkdir()
    for file in (data / "dropdock.db", data / "secret.key", data / "work/other/index.html", outside / "mine"):
        file.write_text("untouched", encoding="utf-8")
    marker, name = secrets.token_hex(16), f"dropdock-test-{secrets.token_hex(8)}"
    with ExitStack() as until_end:
        tcp = until_end.enter_context(socket.create_server(("127.0.0.1", 0)))
        for address in (str(tmp_path / "service"), f"\0{name}"):
            service = until_end.enter_context(socket.socket(socket.AF_UNIX))
            service.bind(address)
            service.listen()
        server = until_end.enter_context(
            subprocess.Popen(
                [sys.executable, "-c", "import signal; signal.signal(10, print); print(flush=True); input()"],
                env={**os.environ, "DROPDOCK_SECRET_KEY": marker},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        )
        until_end.callback(server.kill)
        assert server.stdout is not None
        server.stdout.readline()
        os.environ["DROPDOCK_TEST_MARKER"] = marker
        until_end.callback(os.environ.pop, "DROPDOCK_TEST_MARKER")
        port: int = tcp.getsockname()[1]
        yield Target(str(data), str(outside), server.pid, marker, port, str(tmp_path / "service"), name)


@attacks
def test_an_attack_fails_in_a_sandbox(attack: str, bench: Bench, target: Target, tmp_path: Path) -> None:
    write(project(attack, target), bench.workspace)

    outcome = bench.run((PYTHON, "build.py"))

    assert outcome.status not in {0, None}, outcome
    assert "untouched" not in outcome.output
    assert {file.name: file.read_text() for file in (tmp_path / "outside").iterdir()} == {"mine": "untouched"}


@attacks
def test_the_attack_works_outside(attack: str, target: Target, tmp_path: Path) -> None:
    write(project(attack, target), tmp_path)

    outcome = subprocess.run([PYTHON, "build.py"], cwd=tmp_path, capture_output=True, check=False, timeout=60)

    assert outcome.returncode == 0, outcome


@pytest.mark.long
@knows_scopes
@pytest.mark.parametrize("attack", [*READING, *WRITING, *GAINING, "TCP on loopback", "an abstract Unix socket"])
def test_landlock_and_seccomp_hold_a_plain_process(attack: str, target: Target, tmp_path: Path) -> None:
    setpriv = shutil.which("setpriv") if os.geteuid() == 0 else None
    bench = Bench(Process(landlock=True, setpriv=setpriv), workspace(tmp_path))
    write(project(ALL[attack], target), bench.workspace)

    outcome = bench.run((PYTHON, "build.py"))

    assert outcome.status not in {0, None}, outcome
    assert {file.name: file.read_text() for file in (tmp_path / "outside").iterdir()} == {"mine": "untouched"}


@knows_scopes
@pytest.mark.parametrize("attack", ["a signal to the server", "an abstract Unix socket"])
def test_landlock_alone_stops_what_leads_out_of_namespaces(attack: str, target: Target, tmp_path: Path) -> None:
    write(project(ALL[attack], target), tmp_path)
    said = (tmp_path / "said").open("wb")

    with said:
        launch = Launch([PYTHON, "build.py"], said.fileno(), prepare=layers.give_up_others, folder=tmp_path)
        status = Started(launch).wait(60)

    assert status == 1
    assert "PermissionError" in (tmp_path / "said").read_text()


def test_a_build_has_no_rights(bench: Bench) -> None:
    outcome = bench.sh("grep -E '^Cap(Prm|Eff|Bnd|Amb)' /proc/self/status")

    assert {line.split()[1] for line in outcome.output.splitlines()} == {"0" * 16}


def test_a_build_sees_only_its_own_processes(bench: Bench) -> None:
    outcome = bench.sh("ls /proc | grep -c '^[0-9]'")

    assert int(outcome.output) <= 5


def test_a_build_has_no_network_but_its_own(bench: Bench) -> None:
    outcome = bench.sh("tail -n +3 /proc/net/dev | cut -d: -f1")

    assert outcome.output.split() == ["lo"]


@pytest.mark.parametrize("isolated", [BUBBLEWRAP, SHARED_USER], indirect=True)
def test_a_build_sees_the_machines_certificates_and_none_of_its_keys(bench: Bench) -> None:
    outcome = bench.sh("find /etc/ssl /etc/pki -name private; cat /etc/ssl/certs/ca-certificates.crt")

    assert "/private\n" not in outcome.output
    assert outcome.output.count("-----BEGIN CERTIFICATE") > 50


def test_a_build_has_exactly_the_environment_it_is_given(bench: Bench) -> None:
    bench.environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": "/usr",
        "LANG": "C",
        "WORD": 'it\'s a "secret"\nof $two lines',
    }

    outcome = bench.sh("env -0; unset PWD OLDPWD; env | wc -l")

    found = dict(part.split("=", 1) for part in outcome.output.split("\0")[:-1])
    assert {name: value for name, value in found.items() if name not in {"PWD", "OLDPWD"}} == bench.environment


def test_a_build_cannot_load_code_into_what_sets_it_up(bench: Bench) -> None:
    bench.environment = {"LD_PRELOAD": str(bench.workspace / "no-such-library.so")}

    outcome = bench.sh("true")

    assert outcome.output.count("LD_PRELOAD") == 1  # the loader complains in the command itself, and in nothing before

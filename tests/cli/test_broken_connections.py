"""A deploy goes on by itself when its connections are cut, and when the server is killed and comes back."""

import os
import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from appliance.cli import deploy as deploy_command
from tests.builders import folder_of, page
from tests.cli.conftest import Run
from tests.clients.ground import Cut, Host, Wire, host

LARGE, SMALL = 3_000_000, 20_000  # bytes that do not compress
PATIENCE = "300s"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with host(tmp_path_factory.mktemp("broken") / "data") as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Host) -> Path:
    monkeypatch.setenv("DROPDOCK_SERVER", server.wire.url)
    monkeypatch.setenv("DROPDOCK_TOKEN", server.token)
    noise = random.Random(tmp_path.name)
    files = {f"small-{number}.bin": noise.randbytes(SMALL) for number in range(100)}
    return folder_of(tmp_path / "site", {"index.html": page("new"), "large.bin": noise.randbytes(LARGE), **files})


def cut() -> None:
    """What a proxy does that loses a connection."""
    raise Cut


def killed_and_started(server: Host) -> None:
    server.server.kill()
    threading.Thread(target=server.start, daemon=True).start()


@pytest.mark.parametrize("way", ["cut", "killed"])
def test_a_listed_deploy_goes_on_where_it_was(
    run: Run, server: Host, folder: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr(deploy_command, "ARCHIVE_UP_TO", 0)
    run("deploy", folder_of(folder.parent / "old", {"index.html": page("old")}), "--site", f"listed-{way}")
    total = sum(path.stat().st_size for path in folder.iterdir())
    before = server.wire.sent
    server.wire.when_sent(LARGE // 2, cut if way == "cut" else lambda: killed_and_started(server))

    outcome = run("deploy", folder, "--site", f"listed-{way}", "--retry-for", PATIENCE)

    assert outcome.code == 0, outcome.err
    assert "Trying again" in outcome.err
    assert server.page(f"listed-{way}").text == page("new")
    assert len(server.page(f"listed-{way}", "/large.bin").content) == LARGE
    assert server.wire.sent - before < total + LARGE + 4 * 2_000_000  # what was under way once more, not all of it


@pytest.mark.parametrize("way", ["cut", pytest.param("killed", marks=pytest.mark.long)])
def test_an_archive_is_sent_again_and_makes_one_deploy(run: Run, server: Host, folder: Path, way: str) -> None:
    server.wire.when_sent(LARGE // 2, cut if way == "cut" else lambda: killed_and_started(server))

    outcome = run("deploy", folder, "--site", f"whole-{way}", "--retry-for", PATIENCE)

    assert outcome.code == 0, outcome.err
    assert "Trying again" in outcome.err
    assert server.page(f"whole-{way}").text == page("new")
    with server.client() as api:
        assert api.get(f"/api/v1/sites/whole-{way}/deploys").json()["total"] == 1


def test_patience_can_be_none(run: Run, server: Host, folder: Path) -> None:
    run("deploy", folder, "--site", "impatient")
    (folder / "large.bin").write_bytes(os.urandom(LARGE))
    server.wire.when_sent(LARGE // 2, cut)

    outcome = run("deploy", folder, "--site", "impatient", "--retry-for", "0s")

    assert outcome.code == 1
    assert "goes on from there" in outcome.err
    assert run("deploy", folder, "--site", "impatient").code == 0


def test_a_wire_says_so_where_no_server_is_behind_it(run: Run) -> None:
    with closing(Wire()) as wire, socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        wire.port_behind = silent.getsockname()[1]

        outcome = run("deploys", "shop", "--server", wire.url, "--token", "any")

    assert outcome.code == 1
    assert f"No server is behind the wire, at port {wire.port_behind}: " in outcome.err


def test_a_closed_wire_takes_nobody() -> None:
    wire = Wire()
    time.sleep(0.1)  # it waits for somebody by then

    wire.close()

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", wire.port), 10)

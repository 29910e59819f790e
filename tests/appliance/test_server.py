"""The server as a process: it starts or says why not, stops cleanly, and survives being killed."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from appliance import greeting
from appliance.data_folder import DataFolder, Unusable
from appliance.listening import CannotListen
from appliance.start_check import CannotStart
from appliance.units import Address
from builds.sandbox.scratch import PREFIX
from tests.builders import MAIN, Appliance, Served, appliance, deployed, finished, page, served, uploaded, zip_of
from tests.cast import ALICE, OLGA

ONE = zip_of({"index.html": page("one")})
TWO = zip_of({"index.html": page("two")})


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
async def known(data: Path) -> Appliance:
    """Alice and Olga have accounts; no server runs."""
    async with appliance(data, (OLGA, ALICE)) as before:
        return before


def client_of(server: Served, known: Appliance) -> httpx.AsyncClient:
    headers = {"authorization": f"Bearer {known.tokens[ALICE.email]}"}
    return httpx.AsyncClient(base_url=server.url, headers=headers, timeout=30)


def visit(server: Served, host: str) -> str:
    answer = httpx.get(f"http://127.0.0.1:{server.port}/", headers={"host": f"{host}:{server.port}"})
    return answer.text if answer.status_code == 200 else str(answer.status_code)


def children_of(server: Served) -> list[psutil.Process]:
    return list(psutil.Process(server.process.pid).children(recursive=True))


@contextmanager
def stopped_child(server: Served) -> Iterator[psutil.Process]:
    """The server's build child, which does nothing from here on; ended by the test if the server does not."""
    until(lambda: len(children_of(server)) == 1)
    [child] = children_of(server)
    child.suspend()
    try:
        yield child
    finally:
        if child.is_running():
            child.kill()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


async def until_working(client: httpx.AsyncClient, deploy: str) -> None:
    async with asyncio.timeout(20):
        while (await client.get(f"/api/v1/deploys/{deploy}")).json()["state"] != "working":  # noqa: ASYNC110 - far away
            await asyncio.sleep(0.02)


def refusal(data: Path, *options: str) -> str:
    """What `serve` says when it does not start."""
    command = [sys.executable, str(MAIN), "serve", "--data", str(data), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    [line] = [line for line in done.stderr.splitlines() if line.startswith("dropdock: ")]
    return line


# ── starting ──


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server on new data, for those who only look at it."""
    with served(tmp_path_factory.mktemp("fresh") / "data") as server:
        yield server


def test_a_start_says_where_everything_is(fresh: Served) -> None:
    assert re.match(r"Dropdock \d", fresh.said)
    assert f"Admin  http://localhost:{fresh.port}/\n" in fresh.said
    assert f"Sites  http://<site>.localhost:{fresh.port}/\n" in fresh.said
    assert re.search(r"Data   /\S+/data\n", fresh.said)
    assert fresh.said.endswith(f"\n{greeting.LAST_LINE}\n")
    assert "other machines" not in fresh.said
    assert "is taken" not in fresh.said


def test_without_an_account_there_is_a_link_to_make_one(fresh: Served) -> None:
    assert fresh.set_up_link is not None
    assert fresh.set_up_link.startswith(f"http://localhost:{fresh.port}/setup?token=")


@pytest.mark.skipif(os.name != "posix", reason="there files are open or closed in another way")
def test_what_it_keeps_is_for_its_user_alone(fresh: Served) -> None:
    [data] = re.findall(r"Data   (\S+)", fresh.said)

    until(Path(data, "usage.db").exists)
    open_to_others = {path.name for path in Path(data).iterdir() if path.stat().st_mode & 0o077}

    assert open_to_others == set()


def test_a_second_server_on_the_same_data_is_refused_in_one_sentence(fresh: Served) -> None:
    [data] = re.findall(r"Data   (\S+)", fresh.said)

    said = refusal(Path(data), "--listen", "127.0.0.1:0")

    assert f"Another Dropdock server (process {fresh.process.pid}) uses {data}" in said
    assert httpx.get(f"http://127.0.0.1:{fresh.port}/healthz").status_code == 200


def test_a_taken_port_gives_the_next_free_one_and_it_is_said(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with served(data, "--listen", f"127.0.0.1:{taken}") as server:
            assert server.port > taken
            assert f"Port {taken} is taken: using {server.port}." in server.said
            assert f'"wanted": {taken}' in data.with_name(f"{data.name}.log").read_text()
            assert httpx.get(f"http://127.0.0.1:{server.port}/healthz").status_code == 200


@pytest.fixture
def expecting(tmp_path: Path) -> Path:
    """Settings by which the data folder holds an installation already."""
    config = tmp_path / "expecting.toml"
    config.write_text("expect_data = true\n")
    return config


def test_nothing_is_begun_where_the_disk_with_the_installation_is_not_mounted(data: Path, expecting: Path) -> None:
    data.mkdir(exist_ok=True)

    said = refusal(data, "--config", str(expecting))

    assert f"{data} holds no installation, and expect_data says there is one: mount its disk" in said
    assert list(data.iterdir()) == []


def test_the_database_that_a_service_is_installed_with_is_an_installation(data: Path, expecting: Path) -> None:
    data.mkdir(exist_ok=True)
    (data / "dropdock.db").touch()

    with served(data, "--config", str(expecting)) as server:
        assert server.set_up_link is not None


def test_a_start_removes_what_a_killed_server_left_in_the_temporary_folder(data: Path, tmp_path: Path) -> None:
    left = tmp_path / f"{PREFIX}left" / "workspace"
    left.mkdir(parents=True)

    with served(data, environment={"TMPDIR": str(tmp_path)}):
        until(lambda: not left.parent.exists())


def test_listening_beyond_this_machine_without_an_account_is_refused(data: Path) -> None:
    said = refusal(data, "--listen", "0.0.0.0:0")

    assert "there is no account yet" in said
    assert "listen_without_account" in said


def test_listening_beyond_this_machine_is_done_if_told_to_and_said(data: Path) -> None:
    allowed = {"DROPDOCK_LISTEN_WITHOUT_ACCOUNT": "true"}

    with served(data, "--listen", "0.0.0.0:0", environment=allowed) as server:
        assert "Listening on 0.0.0.0:0: other machines can connect." in server.said
        assert server.set_up_link


async def test_with_an_account_it_listens_beyond_this_machine_and_prints_no_link(data: Path, known: Appliance) -> None:
    with served(data, "--listen", "0.0.0.0:0") as server:
        assert "other machines can connect" in server.said
        assert server.set_up_link is None


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"listen": Address("nowhere.invalid", 0), "listen_without_account": True}, CannotListen),
        ({"listen": Address("0.0.0.0", 0)}, CannotStart),  # noqa: S104 - it is refused
    ],
)
async def test_a_start_that_fails_leaves_nothing_behind(
    changes: dict[str, Any], problem: type[Exception], data: Path
) -> None:
    before = psutil.Process().children()

    with pytest.raises(problem):
        async with appliance(data, **changes):
            pass

    async with appliance(data) as server:  # neither lock nor database is held
        assert (await server.fetch("localhost", "/healthz")).status_code == 200
    assert psutil.Process().children() == before


async def test_a_start_that_fails_late_ends_what_it_started(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(_: Any) -> str:
        raise CannotStart("not today")

    before = psutil.Process().children()
    with monkeypatch.context() as patched:
        patched.setattr("appliance.set_up.begin", fails)
        with pytest.raises(CannotStart):
            async with appliance(data):
                pass

    assert psutil.Process().children() == before
    async with appliance(data):
        pass


async def test_a_build_child_that_cannot_be_started_stops_the_start(data: Path) -> None:
    with pytest.raises(FileNotFoundError):
        async with appliance(data, build_command=[str(data / "nothing")]):
            pass

    async with appliance(data):
        pass


async def test_a_second_server_in_this_process_is_refused_too(data: Path) -> None:
    async with appliance(data):
        with pytest.raises(Unusable):
            async with appliance(data):
                pass


# ── stopping ──


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_at_once_when_there_is_nothing_to_do(number: signal.Signals, data: Path) -> None:
    with served(data, environment={"DROPDOCK_STOP_GRACE": "60s"}) as server:
        until(lambda: len(children_of(server)) == 1)
        children = children_of(server)
        began = time.monotonic()

        server.process.send_signal(number)

        assert server.process.wait(50) == 0
        assert time.monotonic() - began < 20  # a fraction of a second, but for what else the machine does
        assert not any(child.is_running() for child in children)


async def test_stopping_cuts_a_running_deploy_short_in_time_and_the_next_start_takes_it_up(
    data: Path, known: Appliance
) -> None:
    with served(data) as server, stopped_child(server) as child:
        async with client_of(server, known) as client:
            deploy = (await uploaded(client, "shop", ONE))["id"]
            await until_working(client, deploy)
            async with client.stream("GET", f"/api/v1/deploys/{deploy}/events") as following:
                await anext(following.aiter_lines())
                began = time.monotonic()

                assert await asyncio.to_thread(server.stop) == 0

        assert time.monotonic() - began < 12  # `stop_grace` and a moment, but for what else the machine does
        assert not child.is_running()
    with served(data) as server:
        async with client_of(server, known) as client:
            facts = await finished(client, deploy)

            assert (facts["state"], facts["live"]) == ("ready", True)
        assert visit(server, "shop.localhost") == page("one")


async def test_stopping_lets_a_download_finish(data: Path, known: Appliance) -> None:
    content = os.urandom(12_000_000)
    with served(data) as server:
        async with client_of(server, known) as client:
            await deployed(client, "shop", zip_of({"index.html": "x", "big.bin": content}))
        with socket.create_connection(("127.0.0.1", server.port)) as visitor:
            visitor.sendall(f"GET /big.bin HTTP/1.1\r\nHost: shop.localhost:{server.port}\r\n\r\n".encode())
            received = visitor.recv(1000)

            server.process.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.5)
            while piece := visitor.recv(1_000_000):
                received += piece

        assert received.partition(b"\r\n\r\n")[2] == content
        assert server.process.wait(10) == 0


# ── being killed ──


async def test_deploys_at_work_and_waiting_when_the_server_is_killed_go_live_after_the_next_start(
    data: Path, known: Appliance
) -> None:
    one_by_one = {"DROPDOCK_BUILDS_AT_ONCE": "1"}
    with served(data, environment=one_by_one) as server, stopped_child(server):
        async with client_of(server, known) as client:
            working = (await uploaded(client, "shop", ONE))["id"]
            await until_working(client, working)
            waiting = (await uploaded(client, "shop", TWO))["id"]
        server.kill()
    assert {path.name for path in DataFolder(data).incoming.iterdir()} == {working, waiting}
    DataFolder(data).queue.write_bytes(b"the power went" * 100)  # the database knows what waits

    with served(data, environment=one_by_one) as server:
        async with client_of(server, known) as client:
            facts = [await finished(client, deploy) for deploy in (working, waiting)]

        assert [(f["number"], f["state"]) for f in facts] == [(1, "ready"), (2, "ready")]
        assert visit(server, "shop.localhost") == page("two")


async def test_a_kill_leaves_what_was_deployed_and_no_build_child(data: Path, known: Appliance) -> None:
    with served(data) as server:
        async with client_of(server, known) as client:
            assert (await deployed(client, "shop", ONE))["live"]
        [child] = children_of(server)

        server.kill()

        until(lambda: not child.is_running())
    with served(data) as server:
        assert visit(server, "shop.localhost") == page("one")

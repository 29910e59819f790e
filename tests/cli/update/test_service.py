"""`update` of an executable that runs as a service: it goes on with the new version, or with the old as it was."""

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from appliance import presence
from appliance.data_folder import DataFolder
from appliance.services import MANAGERS
from appliance.version import VERSION
from tests.builders import served
from tests.cli.update.conftest import Installed, program
from tests.origin import NEW


def test_a_server_that_was_started_by_hand_has_to_be_stopped_by_hand(installed: Installed) -> None:
    installed.origin.offers(program(NEW))

    with served(installed.data):
        outcome = installed.update()

    assert outcome.code == 1
    assert "stop it, run this again, then start it" in outcome.err
    assert installed.is_as_it_was()


class Service:
    """What a service manager does, in little: it starts the executable, and ends it."""

    SCRIPT = """
import os, pathlib, signal, subprocess, sys, time
verb, pid, *command = sys.argv[1:]
pid = pathlib.Path(pid)
def alive():
    try:
        return open(f"/proc/{pid.read_text()}/stat").read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
if verb == "start":
    with open(pid.with_suffix(".log"), "ab") as log:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    pid.write_text(str(child.pid))
elif verb == "stop":
    if alive():
        os.kill(int(pid.read_text()), signal.SIGTERM)
    while alive():
        time.sleep(0.05)
sys.exit(0 if verb != "status" or alive() else 3)
"""

    def __init__(self, installed: Installed, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        script, self.pid, python = folder / "manager.py", folder / "pid", sys.executable
        script.write_text(self.SCRIPT)
        command = (str(installed.path), "serve", "--data", str(installed.data), "--listen", "127.0.0.1:0")
        unit = folder / "dropdock.service"
        unit.write_text(f"ExecStart={' '.join(command)}\n")

        def does(verb: str) -> tuple[str, ...]:
            return (python, str(script), verb, str(self.pid), *command)

        self.stop_command, self.start_command = does("stop"), does("start")
        manager = replace(
            MANAGERS["systemd"],
            path=unit,
            start=(self.start_command,),
            stop=(self.stop_command,),
            status=does("status"),
        )
        monkeypatch.setitem(MANAGERS, "systemd", manager)

    def start(self) -> None:
        subprocess.run(self.start_command, check=True, timeout=60)

    def stop(self) -> None:
        subprocess.run(self.stop_command, check=True, timeout=60)

    def process(self) -> str:
        return self.pid.read_text()


@pytest.fixture
def service(installed: Installed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    made = Service(installed, tmp_path, monkeypatch)
    made.start()
    assert answers(installed.data), (tmp_path / "pid.log").read_text()
    yield made
    made.stop()


@pytest.mark.long
def test_a_service_goes_on_with_the_new_version(installed: Installed, service: Service) -> None:
    before = service.process()
    new = program(NEW)
    installed.origin.offers(new)

    outcome = installed.update()

    assert outcome.code == 0, outcome.err
    assert installed.path.read_bytes() == new
    assert service.process() != before
    assert answers(installed.data)


MIGRATE = """
import pathlib, sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("INSERT INTO tortoise_migrations (app, name, applied_at) VALUES ('appliance', '9999_new', '2026')")
connection.commit()
pathlib.Path(__file__).with_name("migrated").touch()
"""


def test_a_version_that_fails_as_a_service_is_taken_back_with_its_database(
    installed: Installed, service: Service
) -> None:
    database = DataFolder(installed.data).database
    migrate = installed.data.with_name("migrate.py")
    migrate.write_text(MIGRATE)
    crash = f'case "$*" in *"{installed.data} "*) {sys.executable} {migrate} {database} && exit 1;; esac'
    installed.origin.offers(program(NEW, crash))

    outcome = installed.update()

    assert outcome.code == 1
    assert f"version {VERSION} and its database are back" in outcome.err
    assert installed.path.read_bytes() == installed.old
    assert [*installed.path.parent.iterdir()] == [installed.path]
    assert answers(installed.data)
    with sqlite3.connect(database) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM tortoise_migrations")}
    connection.close()
    assert "9999_new" not in names
    assert installed.data.with_name("migrated").exists()  # it had been there


def test_a_service_on_another_data_folder_is_not_touched(
    installed: Installed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Service(installed, tmp_path, monkeypatch)
    installed.origin.offers(program(NEW))

    outcome = installed.update(data=installed.data.with_name("other"))

    assert outcome.code == 1
    assert "on another data folder" in outcome.err
    assert installed.is_as_it_was()


def answers(data: Path) -> bool:
    """Whether the server of this folder answers, once it is there."""
    for _ in range(600):
        running = presence.find(DataFolder(data))
        if running is not None:
            address = f"http://{running.host}:{running.port}/healthz"
            return httpx.get(address, headers={"Host": running.admin}).text == "ok\n"
        threading.Event().wait(0.1)
    return False

"""A server behind a window: in a thread, with a bell that only its own user can ring."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

import admin_ui
from admin_ui.desktop.front import Bell
from appliance import opening, presence
from appliance.backstage import Backstage
from appliance.data_folder import DataFolder, InUse
from appliance.presence import Presence
from appliance.server import Program, Running
from tests.builders import build_command_for, settings_for

KEY = "the key to the window"


@dataclass(frozen=True)
class Behind:
    """A server in a thread, and whether its bell was rung."""

    backstage: Backstage
    running: Running
    shown: Presence
    rung: threading.Event

    def ring(self, key: str) -> int:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        url = f"http://{self.shown.host}:{self.shown.port}{presence.WINDOW}"
        return httpx.post(url, headers={"host": self.shown.admin, **headers}, timeout=30).status_code


@pytest.fixture
def behind(tmp_path: Path, logging_as_it_was: None) -> Iterator[Behind]:
    bell, rung = Bell(KEY), threading.Event()
    bell.rung = rung.set
    program = Program(
        lambda parts: [*admin_ui.blueprints(parts), bell.blueprint()], build_command_for(tmp_path), window=KEY
    )
    backstage = Backstage(settings_for(tmp_path / "data"), program)
    running = backstage.start()
    shown = presence.find(DataFolder(tmp_path / "data"))
    assert shown is not None
    yield Behind(backstage, running, shown, rung)
    backstage.stop()


def test_a_server_in_a_thread_answers_rings_and_lets_nobody_else_ring(behind: Behind, tmp_path: Path) -> None:
    strangers = [behind.ring(key) for key in ("", "another key", KEY[:-1])]
    before = behind.rung.is_set()

    owner = behind.ring(behind.shown.window)

    assert strangers == [403, 403, 403]
    assert not before
    assert owner == 204
    assert behind.rung.is_set()


def test_what_needs_the_database_is_done_on_the_servers_own_loop(behind: Behind) -> None:
    link = behind.backstage.do(opening.link(behind.running.parts.access, behind.shown.url))

    assert httpx.get(link, follow_redirects=True, timeout=30).url.path == "/"


def test_a_folder_that_is_in_use_is_refused_to_who_starts_a_second(behind: Behind, tmp_path: Path) -> None:
    second = Backstage(settings_for(tmp_path / "data"), Program(admin_ui.blueprints, build_command_for(tmp_path)))

    with pytest.raises(InUse):
        second.start()

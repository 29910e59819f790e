"""The page about the installation."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from admin_ui import handbook
from appliance.data_folder import DataFolder
from appliance.safekeeping.records import BackedUp, Verified, keep
from tests.admin_ui.desk import Desk
from tests.builders import Appliance, page
from tests.cast import ADAM, ALICE, OLGA, Person

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def olga(server: Appliance) -> AsyncIterator[Desk]:
    async with Desk.of(server, OLGA) as desk:
        yield desk


async def test_an_operator_sees_how_the_system_is(server: Appliance, olga: Desk) -> None:
    shown = await olga.page("/system")

    assert "/system" in shown.links()
    assert [word for word in ("Database", "Data folder", "Disk space", "Queue") if word not in shown.text] == []
    assert "Not well" not in shown.text
    assert str(server.parts.settings.data) in shown.text
    assert (await server.parts.isolation.get()).about in shown.text


@pytest.mark.parametrize("person", [ADAM, ALICE])
async def test_nobody_else_may(server: Appliance, person: Person) -> None:
    async with Desk.of(server, person) as desk:
        answer = await desk.get("/system")
        links = (await desk.page("/")).links()

    assert answer.status_code == 403
    assert str(server.parts.settings.data) not in answer.text
    assert "/system" not in links


async def test_nothing_is_sent_to_it(olga: Desk) -> None:
    assert (await olga.submit("/system")).status_code == 405


async def test_the_stranger_is_led_to_sign_in(stranger: Desk) -> None:
    assert (await stranger.get("/system")).headers["location"] == "/sign-in?next=/system"


async def test_a_folder_that_is_away_is_said_to_be(
    server: Appliance, olga: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.health.RECENT", -1.0)
    root = server.parts.settings.data
    root.rename(root.with_name("aside"))
    try:
        shown = await olga.page("/system")
    finally:
        root.with_name("aside").rename(root)

    assert "Is not there: mount its disk, or move it back." in shown.text
    assert "What it holds cannot be told" in shown.text
    assert "no good backup" not in shown.text


async def test_what_is_wrong_is_said(server: Appliance, olga: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.health.RECENT", -1.0)
    monkeypatch.setattr("appliance.health.SPACE_NEEDED", 10**18)

    shown = await olga.page("/system")

    assert "Not well" in shown.text
    assert "MB left." in shown.text


async def test_settings_are_found_by_name_or_meaning(olga: Desk) -> None:
    by_name = await olga.page("/system?find=Upload_Size")
    by_meaning = await olga.page("/system?find=largest+upload,+as+sent")

    assert "upload_size" in by_name.text
    assert "password_length" not in by_name.text
    assert "upload_size" in by_meaning.text
    assert "1 setting with" in by_meaning.text


async def test_settings_are_found_by_what_they_mean_in_the_language_of_the_page(olga: Desk) -> None:
    olga.client.headers["Accept-Language"] = "de"

    shown = await olga.page("/system?find=größter+upload")

    assert "upload_size" in shown.text
    assert "1 Einstellung mit" in shown.text


async def test_a_setting_that_is_not_as_usual_is_marked(olga: Desk) -> None:
    assert "Changed" in (await olga.page("/system?find=force_minify")).text
    assert "Changed" not in (await olga.page("/system?find=gate_window")).text


async def test_nothing_that_fits_is_said_so(olga: Desk) -> None:
    assert "No setting has" in (await olga.page("/system?find=%3Cb%3Enothing")).text


async def test_what_waits_is_listed_with_its_page(server: Appliance, olga: Desk, alice: Desk) -> None:
    source = {"mkdocs.yml": "site_name: Docs\n", "docs/index.md": "# Docs\n"}
    asking = await alice.deploy("asks", source)
    done = await alice.deploy("asks-nothing", {"index.html": page("done")})

    shown = await olga.page("/system")

    assert asking["state"] == "asking"
    assert f"/deploys/{asking['id']}" in shown.links()
    assert f"/deploys/{done['id']}" not in shown.links()
    assert "alice@example.org" in shown.text


async def test_what_is_new_is_the_newest_version_s(olga: Desk) -> None:
    newest = handbook.news()

    assert newest is not None
    assert newest.title.startswith("0.1.0")
    assert f"What is new in {newest.title}" in (await olga.page("/system")).text


async def test_many_look_at_once_and_it_is_measured_once(
    server: Appliance, olga: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await olga.page("/system")
    monkeypatch.setattr("appliance.room.measure", None)  # whoever measures again fails

    shown = await asyncio.gather(*(olga.page("/system") for _ in range(3)))

    assert all("Measured" in each.text for each in shown)


async def test_the_last_good_backup_is_said_and_damage_warned_of(server: Appliance, olga: Desk) -> None:
    folder = DataFolder(server.parts.settings.data)
    none = await olga.page("/system")
    keep(folder.backed_up, BackedUp(datetime.now(UTC), "/mnt/backups", 5, 500, rehearsed=True))
    keep(folder.verified, Verified(datetime.now(UTC), 1.0, 5, 500, damaged=2))

    shown = await olga.page("/system")
    folder.backed_up.unlink()
    folder.verified.unlink()

    assert "There is no good backup yet" in none.text
    assert "/mnt/backups (restoring it was rehearsed)" in shown.text
    assert "2 files were damaged or missing" in shown.text

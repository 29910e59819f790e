"""The page of a site's gate."""

import re

import pytest

from tests.admin_ui.desk import Desk, Page
from tests.builders import Appliance, page

pytestmark = pytest.mark.asyncio(loop_scope="session")

PASSWORD = "open sesame please"


async def site(desk: Desk, name: str) -> str:
    await desk.deploy(name, {"index.html": page(name)})
    return f"/sites/{name}/gate"


async def status(server: Appliance, name: str, **options: str) -> int:
    return (await server.fetch(f"{name}.localhost", headers=options)).status_code


async def test_a_password_is_set_and_taken_away(server: Appliance, alice: Desk) -> None:
    gate = await site(alice, "locked")

    saved = await alice.submit(gate, covers="everything", password=PASSWORD)
    closed = await status(server, "locked")
    shown = await alice.page(f"{gate}?done=saved")
    await alice.submit(f"{gate}/password/delete", sure="on")
    without = await alice.page(gate)
    await alice.submit(gate, covers="nothing", password="")

    assert (saved.headers["location"], closed) == (f"{gate}?done=saved", 401)
    assert "Saved." in shown.text
    assert "Remove the password" in shown.text
    assert PASSWORD not in shown.text
    assert "Remove the password" not in without.text
    assert [known["value"] for _, known in shown.tags if "selected" in known] == ["everything", "604800"]
    assert await status(server, "locked") == 200


async def test_saving_without_a_password_keeps_it(server: Appliance, alice: Desk) -> None:
    gate = await site(alice, "kept")
    await alice.submit(gate, covers="everything", password=PASSWORD)

    await alice.submit(gate, covers="previews", password="")

    assert "Remove the password" in (await alice.page(gate)).text
    assert await status(server, "kept") == 200


async def test_a_password_that_cannot_be_one_is_told(alice: Desk) -> None:
    gate = await site(alice, "picky")

    answer = await alice.submit(gate, covers="everything", password="short")

    assert answer.status_code == 422
    assert "10 to 1,024 characters" in answer.text


async def test_what_is_no_choice_is_refused(alice: Desk) -> None:
    gate = await site(alice, "picky")

    assert (await alice.submit(gate, covers="half")).status_code == 422


async def test_a_link_is_shown_once_and_taken_back(server: Appliance, alice: Desk) -> None:
    gate = await site(alice, "shared")
    await alice.submit(gate, covers="everything")

    made = await alice.submit(f"{gate}/links", label="for the client", lifetime="3600")
    later = await alice.page(gate)
    secret = re.search(r"/\.dropdock/unlock\?share=[\w.-]+", made.text)
    assert secret is not None
    opened = (await server.fetch("shared.localhost", secret[0])).status_code
    action = next(form.action for form in later.forms if "/links/" in form.action)
    gone = await alice.submit(action, sure="on")

    assert opened == 303
    assert "for the client" in later.text
    assert secret[0] not in later.text
    assert gone.headers["location"] == f"{gate}?done=link-revoked"
    assert (await server.fetch("shared.localhost", secret[0])).status_code == 403


@pytest.mark.parametrize("lifetime", ["", "never", "9999999999", "1"])
async def test_a_link_that_is_good_for_no_time_is_refused(alice: Desk, lifetime: str) -> None:
    gate = await site(alice, "picky")

    answer = await alice.submit(f"{gate}/links", lifetime=lifetime)

    assert (answer.status_code, "notice-bad" in answer.text) == (422, True)


async def test_the_token_for_automation_is_shown_once(server: Appliance, alice: Desk) -> None:
    gate = await site(alice, "robots")
    await alice.submit(gate, covers="everything")

    made = await alice.submit(f"{gate}/bypass")
    token = re.search(r"ddb_[\w-]+", Page(made.text).text)
    assert token is not None
    passed = await status(server, "robots", **{"x-dropdock-bypass": token[0]})
    later = await alice.page(gate)
    await alice.submit(f"{gate}/bypass/delete", sure="on")

    assert passed == 200
    assert token[0] not in later.text
    assert "Remove the token" in later.text
    assert await status(server, "robots", **{"x-dropdock-bypass": token[0]}) == 401


async def test_the_settings_lead_to_the_gate(alice: Desk) -> None:
    gate = await site(alice, "led")

    assert gate in (await alice.page("/sites/led/settings")).links()

"""What cannot be undone is asked first, by its name, with scripts and without."""

import pytest

from tests.admin_ui.desk import Desk, Page
from tests.builders import Appliance
from tests.cast import ALICE

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_variable_is_deleted_only_when_somebody_is_sure(server: Appliance, alice: Desk) -> None:
    await alice.submit("/sites", name="sure")
    await alice.submit("/sites/sure/builds/variables", name="API_KEY", value="secret")

    asked = await alice.submit("/sites/sure/builds/variables/API_KEY/delete")

    form = next(form for form in Page(asked.text).forms if form.action.endswith("/delete"))
    assert "Delete the variable API_KEY of sure?" in Page(asked.text).text
    assert "API_KEY" in (await alice.page("/sites/sure/builds")).text
    answered = await alice.send(form.action, **form.fields)
    assert answered.status_code == 303
    assert "/variables/API_KEY" not in (await alice.get("/sites/sure/builds")).text


async def test_a_link_is_named_before_it_is_taken_back(server: Appliance, alice: Desk) -> None:
    await alice.submit("/sites", name="linked")
    async with server.client(ALICE) as api:
        wanted = {"lifetime": 604800, "label": "The printers"}
        (await api.post("/api/v1/sites/linked/gate/links", json=wanted)).raise_for_status()
    shown = await alice.page("/sites/linked/gate")
    form = next(form for form in shown.forms if "/links/" in form.action)

    asked = await alice.send(form.action, **form.fields)

    assert "Take back the link “The printers” of linked?" in Page(asked.text).text
    async with server.client(ALICE) as api:
        assert len((await api.get("/api/v1/sites/linked/gate")).json()["links"]) == 1


async def test_strangers_are_asked_nothing(alice: Desk, stranger: Desk) -> None:
    assert (await alice.submit("/sites/nobodys/gate/bypass/delete")).status_code == 404
    assert (await stranger.send("/sites/nobodys/gate/bypass/delete")).status_code in {303, 403}

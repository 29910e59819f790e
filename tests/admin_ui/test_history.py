"""The page about who changed what."""

import pytest

from tests.admin_ui.desk import Desk
from tests.builders import Appliance
from tests.cast import BOB

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_changes_are_listed_with_who_made_them(alice: Desk) -> None:
    await alice.submit("/sites", name="told")

    shown = await alice.page("/history?action=site&site=told")

    assert "made the site told" in shown.text
    assert "alice@example.org" in shown.text
    assert "browser" in shown.text
    assert "/api/v1/audit/export?action=site&site=told" in shown.links()


async def test_a_filter_that_makes_no_sense_is_said_beside_the_form(alice: Desk) -> None:
    answer = await alice.get("/history?action=nonsense")

    assert answer.status_code == 422
    assert "There is no action" in answer.text


async def test_nothing_that_fits_is_said_so(alice: Desk) -> None:
    assert "Nothing fits." in (await alice.page("/history?site=nowhere")).text


async def test_another_user_s_changes_are_not_shown(server: Appliance, alice: Desk) -> None:
    await alice.submit("/sites", name="untold")

    async with Desk.of(server, BOB) as bob:
        assert "untold" not in (await bob.page("/history")).text

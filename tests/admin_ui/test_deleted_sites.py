"""Deleted sites in the admin: restored with one click, removed for good after a question."""

import pytest

from tests.admin_ui.desk import Desk
from tests.builders import page

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_deleted_site_is_restored_from_where_one_lands(alice: Desk) -> None:
    await alice.deploy("undone", {"index.html": page("one")})
    deleted = await alice.submit("/sites/undone/delete", confirm="undone")
    landed = await alice.page(deleted.headers["location"])
    (form,) = [form for form in landed.forms if form.action == "/deleted-sites/undone/restore"]

    restored = await alice.send(form.action, **form.fields)

    assert "The site is deleted." in landed.text
    assert restored.headers["location"] == "/sites/undone?done=restored"
    assert (await alice.server.fetch("undone.localhost")).text == page("one")


async def test_the_list_of_sites_leads_to_deleted_ones(alice: Desk) -> None:
    await alice.submit("/sites", name="led-to")
    before = await alice.page("/")
    await alice.submit("/sites/led-to/delete", confirm="led-to")

    after = await alice.page("/")

    assert "/deleted-sites" not in before.links()
    assert "/deleted-sites" in after.links()
    await alice.submit("/deleted-sites/led-to/delete")


async def test_a_deleted_site_is_removed_for_good_after_a_question(alice: Desk) -> None:
    await alice.submit("/sites", name="ended")
    await alice.submit("/sites/ended/delete", confirm="ended")
    asked = await alice.page("/deleted-sites/ended/delete")
    (form,) = [form for form in asked.forms if form.action.startswith("/deleted-sites")]

    answer = await alice.send(form.action, **form.fields)

    assert "cannot be undone" in asked.text
    assert answer.headers["location"] == "/deleted-sites?done=ended"
    assert (await alice.get("/deleted-sites/ended/delete")).status_code == 404

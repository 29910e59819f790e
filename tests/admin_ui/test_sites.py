"""The list of sites, and the form for a new one."""

import pytest

from tests.admin_ui.desk import Desk, Page
from tests.builders import Appliance, page
from tests.cast import ADAM, BOB

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_site_is_listed_with_its_address_and_live_deploy(alice: Desk) -> None:
    await alice.deploy("listed", {"index.html": page("one")})

    shown = await alice.page("/")

    assert f"http://listed.localhost:{alice.server.port}/" in shown.links()
    assert "/sites/listed" in shown.links()
    assert "Deploy 1" in shown.text


async def test_without_a_site_the_page_is_a_drop_zone(server: Appliance) -> None:
    async with Desk.of(server, BOB) as bob:
        shown = await bob.page("/")

    assert "Your first site" in shown.text
    assert ("form", "new-site") in [(tag, known.get("id")) for tag, known in shown.tags]


async def test_naming_a_site_leads_to_its_page(alice: Desk) -> None:
    answer = await alice.submit("/sites", name=" Fresh-Site ")

    assert (answer.status_code, answer.headers["location"]) == (303, "/sites/fresh-site")
    assert "Nothing is live yet" in (await alice.page("/sites/fresh-site")).text


@pytest.mark.parametrize(("name", "status"), [("no spaces", 422), ("admin", 422), ("", 422), ("taken", 409)])
async def test_a_name_that_cannot_be_is_said_beside_the_form(alice: Desk, name: str, status: int) -> None:
    await alice.submit("/sites", name="taken")

    answer = await alice.submit("/sites", name=name)

    assert answer.status_code == status
    assert 'role="alert"' in answer.text
    assert [form.fields["name"] for form in Page(answer.text).forms if form.action == "/sites"] == [name]


async def test_only_those_who_see_others_sites_are_told_the_owner(server: Appliance, alice: Desk) -> None:
    await alice.submit("/sites", name="owned")

    async with Desk.of(server, ADAM) as adam:
        seen_by_adam = (await adam.page("/")).text

    assert "alice@example.org" in seen_by_adam
    assert (await alice.page("/")).text.count("alice@example.org") == 1  # in the bar


async def test_a_page_beyond_the_last_leads_back(alice: Desk) -> None:
    await alice.submit("/sites", name="paged")

    shown = await alice.page("/?page=99")

    assert "/sites/paged" not in shown.links()

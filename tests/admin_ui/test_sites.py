"""The list of sites, and the form for a new one."""

import pytest

from appliance.models.deploy import Deploy, Live, Publication, PublishingLock
from appliance.models.site import Site
from tests.admin_ui.desk import Desk, Page
from tests.admin_ui.queries import queries
from tests.builders import Appliance, page
from tests.cast import ADAM, BOB, CHARLIE

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


async def test_sites_are_found_by_their_names(alice: Desk) -> None:
    await alice.submit("/sites", name="find-this")
    await alice.submit("/sites", name="leave-that")

    shown = await alice.page("/?find=+FIND-")

    assert "/sites/find-this" in shown.links()
    assert "/sites/leave-that" not in shown.links()
    assert "find" in [known.get("name") for tag, known in shown.tags if tag == "input"]


@pytest.mark.parametrize("find", ["zebra", "%25", "_", "x" * 5000, "%3Cb%3E"])
async def test_a_search_that_finds_nothing_says_so(alice: Desk, find: str) -> None:
    await alice.submit("/sites", name="any-site")

    shown = await alice.page(f"/?find={find}")

    assert "in its name" in shown.text
    assert "/sites/any-site" not in shown.links()
    assert "Your first site" not in shown.text


async def test_another_user_s_site_is_not_found(server: Appliance, alice: Desk) -> None:
    await alice.submit("/sites", name="hidden")

    async with Desk.of(server, BOB) as bob:
        assert "/sites/hidden" not in (await bob.page("/?find=hidden")).links()


async def test_the_last_deploy_is_shown_also_when_it_failed(alice: Desk) -> None:
    await alice.deploy("stumbled", {"index.html": page("one")})
    failed = await alice.deploy("stumbled", {"../evil.html": page("evil")})

    shown = await alice.page("/?find=stumbled")

    async with alice.server.client(alice.person) as api:
        latest = (await api.get("/api/v1/sites/stumbled")).json()["latest"]

    assert (latest["deploy"], latest["number"], latest["state"]) == (failed["id"], 2, "failed")
    assert f"/deploys/{failed['id']}" in shown.links()
    assert "Failed" in shown.text
    assert "Deploy 1," in shown.text  # is live


async def test_the_list_costs_as_many_queries_for_many_sites_as_for_two(server: Appliance) -> None:
    owner = server.actors[CHARLIE.email].id
    async with Desk.of(server, CHARLIE) as charlie:
        await add_sites(owner, range(2))
        await charlie.page("/")
        with queries() as for_two:
            two = await charlie.page("/")
        await add_sites(owner, range(2, 60))
        with queries() as for_many:
            many = await charlie.page("/")
        next_page = [path for path in (await charlie.page("/?find=zz")).links() if "page=2" in path]

    assert two.text.count("Locked") == 2
    assert many.text.count("Locked") == 50
    assert len(for_many) == len(for_two) > 0
    assert next_page == ["/?find=zz&page=2"]


async def add_sites(owner: int, numbers: range) -> None:
    """Sites that have everything a row of the list may say."""
    for number in numbers:
        site = await Site.create(name=f"zz-{number}", owner_id=owner, last_number=1)
        deploy = await Deploy.create(id=f"zz{number}", site=site, number=1, state="ready", author_id=owner)
        await Live.create(site=site, deploy=deploy)
        await Publication.create(site=site, deploy=deploy, kind="deploy")
        await PublishingLock.create(site=site, account_id=owner)

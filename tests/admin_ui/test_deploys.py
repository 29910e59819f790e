"""All deploys of a site: found, sorted, what can be done with each, and the lock."""

import re
from datetime import UTC, datetime

import pytest

from appliance.models.build import Build
from appliance.models.deploy import Alias, Deploy, Live
from appliance.models.site import Site
from tests.admin_ui.desk import Desk, Page
from tests.admin_ui.queries import queries
from tests.builders import Appliance, page
from tests.cast import ALICE

pytestmark = pytest.mark.asyncio(loop_scope="session")


def numbers(shown: Page) -> list[str]:
    """The deploys in the table, as it has them."""
    return re.findall(r"^ *Deploy (\d+)$", shown.text, re.MULTILINE)


async def test_a_row_leads_to_all_that_can_be_done_with_a_deploy(alice: Desk) -> None:
    first = await alice.deploy("all-acts", {"index.html": page("one")}, branch="feature/x")
    await alice.deploy("all-acts", {"index.html": page("two"), "more.html": page("more")}, message="more pages")

    shown = await alice.page("/sites/all-acts/deploys")

    href = f"/deploys/{first['id']}"
    assert {href, f"{href}/version", f"{href}/delete", f"/api/v1{href}/download"} <= set(shown.links())
    assert "/sites/all-acts/diff?before=1&after=2" in shown.links()
    assert "more pages" in shown.text
    assert "feature/x" in shown.text


async def test_what_is_live_is_marked_and_cannot_be_deleted(alice: Desk) -> None:
    made = await alice.deploy("one-live", {"index.html": page("one")})

    shown = await alice.page("/sites/one-live/deploys")

    assert [known["data-live"] for _, known in shown.tags if "data-live" in known] == ["true"]
    assert f"/deploys/{made['id']}/delete" not in shown.links()


async def test_a_deploy_says_what_it_added_to_what_was_live(alice: Desk) -> None:
    await alice.deploy("adding", {"index.html": page("one"), "a.css": "a {}" * 10})
    second = await alice.deploy("adding", {"index.html": page("one"), "a.css": "b {}" * 10, "again.css": "b {}" * 10})

    async with alice.server.client(ALICE) as api:
        latest, first = (await api.get("/api/v1/sites/adding/deploys")).json()["items"]

    assert first["bytes_added"] == first["bytes"] > 0
    assert (latest["id"], latest["bytes_added"]) == (second["id"], 40)
    assert "40 B" in (await alice.page("/sites/adding/deploys")).text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["5", "4", "3", "2", "1"]),
        ("sort=number", ["1", "2", "3", "4", "5"]),
        ("sort=-bytes", ["2", "1", "3", "5", "4"]),
        ("sort=bytes", ["5", "4", "3", "1", "2"]),
        ("sort=-files", ["4", "5", "3", "2", "1"]),
        ("find=HEADER", ["3", "1"]),
        ("find=100%25", ["5"]),
        ("find=stag_ng", []),
        ("find=staging", ["2"]),
        ("find=abc123", ["4"]),
        ("find=3", ["3"]),
        ("find=alice@", ["5", "4", "3", "2", "1"]),
        ("find=header&sort=number", ["1", "3"]),
        ("state=ready&find=header", ["3", "1"]),
    ],
)
async def test_deploys_are_found_and_sorted_by_the_address(alice: Desk, query: str, found: list[str]) -> None:
    await add_sorted(alice)

    shown = Page((await alice.get(f"/sites/sorted/deploys?{query}")).text)

    assert numbers(shown) == found


async def add_sorted(alice: Desk) -> None:
    """Five deploys that differ in all that is sorted by; once."""
    if await Site.exists(name="sorted"):
        return
    owner = alice.server.actors[ALICE.email].id
    site = await Site.create(name="sorted", owner_id=owner, last_number=5)
    rows = (
        ("New header", None, None, 300, 1),
        ("", "staging", None, 400, 2),
        ("header again", None, None, 200, 3),
        ("", None, "abc1234", 100, 9),
        ("100% done", None, None, 100, 8),
    )
    for number, (message, branch, commit, size, files) in enumerate(rows, 1):
        await Deploy.create(
            id=f"sorted{number}", site=site, number=number, state="ready", author_id=owner, message=message,
            branch=branch, commit=commit, bytes=size, files=files, bytes_added=size, finished_at=datetime.now(UTC),
        )  # fmt: skip


async def test_a_search_that_finds_nothing_leads_back(alice: Desk) -> None:
    await alice.deploy("nothing-fits", {"index.html": page("one")})

    shown = await alice.page("/sites/nothing-fits/deploys?state=failed")

    assert "Nothing fits" in shown.text
    assert "/sites/nothing-fits/deploys" in shown.links()


async def test_a_site_without_deploys_says_where_the_first_comes_from(alice: Desk) -> None:
    await alice.submit("/sites", name="no-deploys")

    assert "Drop something" in (await alice.page("/sites/no-deploys/deploys")).text


async def test_a_failed_deploy_has_no_size_and_can_be_deleted(alice: Desk) -> None:
    made = await alice.deploy("failed-row", {"../evil.html": page("evil")})

    shown = await alice.page("/sites/failed-row/deploys?state=failed")

    assert f"/deploys/{made['id']}/delete" in shown.links()
    assert f"/api/v1/deploys/{made['id']}/download" not in shown.links()


async def test_a_site_is_locked_and_unlocked_from_its_list(alice: Desk) -> None:
    await alice.deploy("lock-list", {"index.html": page("one")})

    locked = await alice.submit("/sites/lock-list/lock", reason="until Monday")
    shown = await alice.page("/sites/lock-list/deploys")
    again = await alice.submit("/sites/lock-list/lock")
    unlocked = await alice.submit("/sites/lock-list/unlock")

    assert (locked.status_code, locked.headers["location"]) == (303, "/sites/lock-list/deploys?done=saved")
    assert "until Monday" in shown.text
    assert again.status_code == 409
    assert 'role="alert"' in again.text
    assert unlocked.status_code == 303
    assert "until Monday" not in (await alice.page("/sites/lock-list/deploys")).text


async def test_the_page_of_a_site_shows_the_newest_and_leads_to_all(alice: Desk) -> None:
    await add_deploys(alice, "leads-on", range(1, 12))

    shown = await alice.page("/sites/leads-on")

    assert "All 11 deploys" in shown.text
    assert "/deploys/leads-on11" in shown.links()
    assert "/deploys/leads-on1" not in shown.links()


async def test_the_list_costs_as_many_queries_for_many_deploys_as_for_two(server: Appliance, alice: Desk) -> None:
    await add_deploys(alice, "many", range(1, 3))
    await alice.page("/sites/many/deploys")
    with queries() as for_two:
        await alice.page("/sites/many/deploys")
    await add_deploys(alice, "many", range(3, 60))
    with queries() as for_many:
        shown = await alice.page("/sites/many/deploys")

    assert len(numbers(shown)) == 50
    assert "/sites/many/deploys?page=2" in shown.links()
    assert len(for_many) == len(for_two) > 0


async def add_deploys(alice: Desk, name: str, wanted: range) -> None:
    """Deploys that have everything a row may say; the newest is live."""
    owner = alice.server.actors[ALICE.email].id
    site, _ = await Site.get_or_create(name=name, defaults={"owner_id": owner})
    for number in wanted:
        made = await Deploy.create(id=f"{name}{number}", site=site, number=number, state="ready", author_id=owner)
        await Alias.create(site=site, name=f"alias-{number}", deploy=made, moved_at=datetime.now(UTC))
        await Build.create(deploy=made, answer="static")
        await Live.update_or_create({"deploy_id": made.id}, site=site)

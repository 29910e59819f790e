"""A version's page: its aliases, what it changes, its end, and the site's lock."""

import pytest

from tests.admin_ui.desk import Desk
from tests.builders import page

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_an_alias_is_pointed_and_taken_away_by_plain_forms(alice: Desk) -> None:
    made = await alice.deploy("aliased", {"index.html": page("one")})
    href = f"/deploys/{made['id']}"

    answer = await alice.submit(f"{href}/aliases", alias="Staging")

    assert (answer.status_code, answer.headers["location"]) == (303, f"{href}/version?done=saved")
    assert "staging--aliased.localhost" in (await alice.page(f"{href}/version")).text
    assert "one" in (await alice.server.fetch("staging--aliased.localhost")).text
    assert (await alice.submit(f"{href}/aliases/staging/remove", sure="on")).status_code == 303
    assert (await alice.server.fetch("staging--aliased.localhost")).status_code == 404


async def test_an_alias_that_cannot_be_is_said_beside_its_field(alice: Desk) -> None:
    made = await alice.deploy("misnamed", {"index.html": page("one")})

    answer = await alice.submit(f"/deploys/{made['id']}/aliases", alias="no--good")

    assert answer.status_code == 422
    assert "single hyphens" in answer.text


async def test_a_version_shows_what_it_changes_and_where_its_download_is(alice: Desk) -> None:
    first = await alice.deploy("compared", {"index.html": page("one"), "old.html": page("old")})
    await alice.deploy("compared", {"index.html": page("two"), "new.html": page("new")})

    shown = await alice.page(f"/deploys/{first['id']}/version")

    assert "1 added, 1 changed, 1 removed" in shown.text
    assert "old.html" in shown.text
    assert f"/api/v1/deploys/{first['id']}/download" in shown.links()


async def test_a_site_is_locked_and_unlocked_by_plain_forms(alice: Desk) -> None:
    made = await alice.deploy("locked", {"index.html": page("one")})
    href = f"/deploys/{made['id']}"

    assert (await alice.submit(f"{href}/lock", reason="until Monday")).status_code == 303

    shown = await alice.page(f"{href}/version")
    assert "alice@example.org" in shown.text
    assert "until Monday" in shown.text
    assert (await alice.submit(f"{href}/unlock")).status_code == 303
    assert "until Monday" not in (await alice.page(f"{href}/version")).text


async def test_a_deploy_is_deleted_unless_it_is_live(alice: Desk) -> None:
    first = await alice.deploy("shrinking", {"index.html": page("one")})
    live = await alice.deploy("shrinking", {"index.html": page("two")})

    asked = await alice.page(f"/deploys/{first['id']}/delete")
    refused = await alice.submit(f"/deploys/{live['id']}/delete")
    done = await alice.submit(f"/deploys/{first['id']}/delete")

    assert "Delete deploy 1 of shrinking?" in asked.text
    assert refused.status_code == 409
    assert "is live" in refused.text
    assert (done.status_code, done.headers["location"]) == (303, "/sites/shrinking?done=deploy-deleted")
    assert (await alice.get(f"/deploys/{first['id']}")).status_code == 404


async def test_aliases_are_shown_with_their_addresses_and_moved(alice: Desk) -> None:
    first = await alice.deploy("named", {"index.html": page("one")})
    second = await alice.deploy("named", {"index.html": page("two")})
    await alice.submit(f"/deploys/{first['id']}/aliases", alias="staging")
    address = f"http://staging--named.localhost:{alice.server.port}/"

    for shown in ("/sites/named", f"/deploys/{first['id']}"):
        assert address in (await alice.page(shown)).links()

    await alice.submit(f"/deploys/{second['id']}/aliases", alias="staging")

    assert address not in (await alice.page(f"/deploys/{first['id']}")).links()
    assert address in (await alice.page(f"/deploys/{second['id']}")).links()
    assert "two" in (await alice.server.fetch("staging--named.localhost")).text

"""The queue: what waits, asks or failed lately, of the sites somebody may see."""

import pytest

from tests.admin_ui.desk import Desk
from tests.builders import Appliance, page
from tests.cast import CHARLIE, OLGA

pytestmark = pytest.mark.asyncio(loop_scope="session")

SOURCE = {"mkdocs.yml": "site_name: Docs\n", "docs/index.md": "# Docs\n"}


async def test_what_asks_and_what_failed_is_listed_with_what_to_do_about_it(alice: Desk) -> None:
    asking = await alice.deploy("in-line", SOURCE, message="The handbook")
    failed = await alice.deploy("broken", {"../evil.html": page("evil")})

    shown = await alice.page("/queue")

    assert {f"/deploys/{asking['id']}", f"/deploys/{asking['id']}/cancel", f"/deploys/{failed['id']}"} <= set(
        shown.links()
    )
    assert "The handbook" in shown.text
    assert "leads out of its folder" in shown.text


async def test_where_nothing_waits_it_says_so(server: Appliance) -> None:
    async with Desk.of(server, CHARLIE) as charlie:
        assert "Nothing waits" in (await charlie.page("/queue")).text


async def test_it_shows_the_sites_one_may_see_and_operators_all(server: Appliance, alice: Desk) -> None:
    asking = await alice.deploy("of-alice", SOURCE)

    for person, sees in ((CHARLIE, False), (OLGA, True)):
        async with Desk.of(server, person) as desk:
            assert (f"/deploys/{asking['id']}" in (await desk.page("/queue")).links()) is sees


async def test_what_was_called_off_or_answered_is_gone_from_it(alice: Desk) -> None:
    asking = await alice.deploy("called-off", SOURCE)

    await alice.submit(f"/deploys/{asking['id']}/cancel")

    assert f"/deploys/{asking['id']}" not in (await alice.page("/queue")).links()

"""What windows are told: of changes to sites the account may see, from where they left off, until the server stops."""

import pytest

from tests.admin_ui.desk import Desk
from tests.admin_ui.hearing import desk_of, first, listening
from tests.builders import Appliance, page
from tests.cast import ALICE, CHARLIE

pytestmark = pytest.mark.asyncio(loop_scope="session")

SITE = {"index.html": page("hello")}


async def test_a_deploy_is_told_to_those_who_may_see_its_site(server: Appliance, alice: Desk) -> None:
    now = server.parts.news.revision

    async with listening(alice, now) as told:
        await alice.deploy("told", SITE)

        assert await first(told) == ("sites", {"sites": ["told"]})


async def test_strangers_hear_nothing_of_a_site(server: Appliance, alice: Desk) -> None:
    async with desk_of(server, CHARLIE) as charlie:
        now = server.parts.news.revision
        async with listening(charlie, now) as told:
            await alice.deploy("secret-plans", SITE)
            await charlie.deploy("own", SITE)

            assert await first(told) == ("sites", {"sites": ["own"]})


async def test_what_was_missed_is_told_on_return(server: Appliance, alice: Desk) -> None:
    now = server.parts.news.revision
    await alice.deploy("missed", SITE)

    async with listening(alice, now) as told:
        assert await first(told) == ("sites", {"sites": ["missed"]})


@pytest.mark.parametrize("long_ago", ["", "0", "17", "99999999999999999999999", "now"])
async def test_who_comes_from_long_ago_looks_at_everything(alice: Desk, long_ago: str) -> None:
    async with listening(alice, long_ago) as told:
        assert await first(told) == ("all", {})


async def test_a_site_that_goes_is_told_without_its_name(server: Appliance, alice: Desk) -> None:
    await alice.deploy("going", SITE)
    async with desk_of(server, CHARLIE) as charlie:
        now = server.parts.news.revision
        async with listening(charlie, now) as told:
            async with server.client(ALICE) as api:
                (await api.delete("/api/v1/sites/going")).raise_for_status()

            assert await first(told) == ("gone", {})

"""What windows are told: of changes to sites the account may see, from where they left off, until the server stops."""

import pytest

from tests.admin_ui.desk import Desk
from tests.admin_ui.hearing import desk_of, first, listening
from tests.builders import Appliance, page
from tests.cast import ADAM, ALICE, BOB, CHARLIE, OLGA

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


async def test_who_is_not_signed_in_is_refused_rather_than_shown_a_screen(stranger: Desk) -> None:
    answer = await stranger.client.get("/events", headers={"Accept": "text/event-stream"})

    assert answer.status_code == 401
    assert answer.content == b""


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


async def test_who_gains_or_loses_a_site_looks_at_everything_and_is_asked_anew(server: Appliance, alice: Desk) -> None:
    await alice.deploy("lent", SITE)

    for method in ("PUT", "DELETE"):
        async with desk_of(server, BOB) as bob, listening(bob, server.parts.news.revision) as told:
            async with server.client(ALICE) as api:
                (await api.request(method, f"/api/v1/sites/lent/members/{BOB.email}")).raise_for_status()

            assert await first(told) == ("you", {})
            assert [event async for event in told] == []  # it has ended


async def test_accounts_are_told_of_to_those_who_see_them(server: Appliance) -> None:
    async with desk_of(server, ADAM) as adam, desk_of(server, CHARLIE) as charlie:
        now = server.parts.news.revision
        async with listening(adam, now) as to_adam, listening(charlie, now) as to_charlie:
            async with server.client(OLGA) as api:
                person = f"/api/v1/accounts/{server.actors[BOB.email].id}"
                (await api.patch(person, json={"role": "user"})).raise_for_status()
            await charlie.deploy("of-charlie", SITE)

            assert await first(to_adam) == ("people", {})
            assert await first(to_charlie) == ("sites", {"sites": ["of-charlie"]})

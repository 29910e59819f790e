"""The page with a site's host names, and those of the installation."""

import pytest

from admin_ui.context.common import PER_PAGE
from admin_ui.context.domains import domains_page
from appliance.domains import Base, Domain
from tests.admin_ui.desk import Desk
from tests.builders import Appliance, page
from tests.cast import BOB, CHARLIE, OLGA

ELSEWHERE = Base("sites.example.org", "*.sites.example.org", "admin.sites.example.org", is_local=False)


@pytest.mark.asyncio(loop_scope="session")
async def test_a_site_lists_its_names_with_one_that_is_canonical_and_what_to_copy(
    server: Appliance, alice: Desk
) -> None:
    deploy = await alice.deploy("named", {"index.html": page("one")})
    async with server.client(alice.person) as api:
        await api.put("/api/v1/sites/named/aliases/staging", json={"deploy": deploy["id"]})

    shown = await alice.page("/sites/named/domains")

    own, alias = (f"http://{name}.localhost:{server.port}/" for name in ("named", "staging--named"))
    assert [link for link in shown.links() if link in {own, alias}] == [own, alias]
    assert shown.text.count("Canonical") == 1
    copied = [known["data-copy"] for _, known in shown.tags if "data-copy" in known]
    assert copied == [own, alias, "<deploy>--named.localhost", "*.localhost"]
    assert "/help/addresses#on-a-domain-of-your-own" in shown.links()
    assert [form.method for form in shown.forms] == ["post"]  # signing out is all there is to send


@pytest.mark.asyncio(loop_scope="session")
async def test_members_may_strangers_learn_nothing_and_nothing_is_sent(server: Appliance, alice: Desk) -> None:
    await alice.deploy("with-a-member", {"index.html": page("one")})
    async with server.client(alice.person) as api:
        await api.put(f"/api/v1/sites/with-a-member/members/{BOB.email}")
    async with Desk.of(server, BOB) as bob, Desk.of(server, CHARLIE) as charlie, Desk.of(server, None) as nobody:
        answers = [await desk.get("/sites/with-a-member/domains") for desk in (bob, charlie, nobody)]

    assert [answer.status_code for answer in answers] == [200, 404, 303]
    assert (await alice.submit("/sites/with-a-member/domains")).status_code == 405


@pytest.mark.asyncio(loop_scope="session")
async def test_operators_see_the_names_of_the_installation(server: Appliance) -> None:
    async with Desk.of(server, OLGA) as olga:
        shown = await olga.page("/system")

    assert "*.localhost" in [known.get("data-copy") for _, known in shown.tags]
    assert "/help/addresses#on-a-domain-of-your-own" in shown.links()


def test_very_many_names_have_pages() -> None:
    own = Domain("blog.localhost", "http://blog.localhost/", "site", canonical=True)
    aliases = [
        Domain(
            f"a{number}--blog.localhost", "http://x/", "alias", alias=f"a{number}", deploy="kq3v9wzx7m", number=number
        )
        for number in range(PER_PAGE)
    ]

    first = domains_page("blog", [own, *aliases], ELSEWHERE, 1)
    second = domains_page("blog", [own, *aliases], ELSEWHERE, 2)

    assert (len(first.rows), len(second.rows)) == (PER_PAGE, 1)
    assert first.rows[0].canonical
    assert first.rows[0].shows == "Nothing is live yet"
    assert first.pages.later == "/sites/blog/domains?page=2"

"""Signing in and out."""

import pytest

from appliance import sign_in_links
from tests.admin_ui.desk import Desk, Page
from tests.builders import Appliance
from tests.cast import ALICE, CHARLIE

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_one_gets_where_one_wanted_to_go(stranger: Desk) -> None:
    asked = await stranger.get("/sites/blog?page=2")
    form = Page((await stranger.get(asked.headers["location"])).text).forms[0]

    answer = await stranger.send(form.action, **{**form.fields, "email": ALICE.email, "password": ALICE.password})

    assert (answer.status_code, answer.headers["location"]) == (303, "/sites/blog?page=2")
    assert (await stranger.get("/")).status_code == 200


async def test_who_is_signed_in_already_goes_straight_on(alice: Desk) -> None:
    answer = await alice.get("/sign-in?next=/account")

    assert answer.headers["location"] == "/account"


async def test_cookies_are_out_of_reach_of_scripts(alice: Desk) -> None:
    answer = await alice.send("/sign-in", email=ALICE.email, password=ALICE.password)

    cookies = answer.headers.get_list("set-cookie")
    assert len(cookies) == 2
    assert all("HttpOnly" in cookie and "SameSite=Lax" in cookie for cookie in cookies)


async def test_a_wrong_password_is_said_and_the_e_mail_kept(stranger: Desk) -> None:
    answer = await stranger.send("/sign-in", email=ALICE.email, password="wrong", next="/account")

    assert answer.status_code == 401
    assert "do not match" in answer.text
    assert Page(answer.text).forms[0].fields == {"next": "/account", "email": ALICE.email, "password": ""}


async def test_too_many_wrong_passwords_have_to_wait(stranger: Desk) -> None:
    for _ in range(10):
        answer = await stranger.send("/sign-in", email=CHARLIE.email, password="wrong")

    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert "try again in" in answer.text


async def test_signing_out_ends_the_session(server: Appliance) -> None:
    async with Desk.of(server, ALICE) as desk:
        cookies = dict(desk.client.cookies)

        answer = await desk.submit("/sign-out")

        assert answer.headers["location"] == "/sign-in"
        assert not desk.client.cookies
        desk.client.cookies.update(cookies)
        assert (await desk.get("/")).status_code == 303


async def test_sign_in_never_leads_to_another_host(stranger: Desk) -> None:
    sent = {"email": ALICE.email, "password": ALICE.password, "next": "//evil.example/"}

    answer = await stranger.send("/sign-in", **sent)

    assert answer.headers["location"] == "/"


async def test_a_link_made_on_the_servers_machine_signs_in_once(server: Appliance) -> None:
    link = f"/sign-in/link?token={await sign_in_links.make(server.parts.access, ALICE.email)}"
    async with Desk.of(server, None) as first, Desk.of(server, None) as second:
        answer = await first.get(link)
        again = await second.get(link)

        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert (await first.get("/account")).status_code == 200
        assert again.status_code == 403
        assert "has been used, or is too old" in again.text
        assert not second.client.cookies

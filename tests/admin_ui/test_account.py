"""One's own account: password and tokens."""

import httpx
import pytest

from appliance import accounts
from appliance.accounts import NewAccount
from tests.admin_ui.desk import Desk, Page
from tests.builders import Appliance
from tests.cast import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_token_is_shown_once_and_works(alice: Desk) -> None:
    answer = await alice.submit("/account/tokens", name="laptop")

    token = next(known["data-copy"] for _, known in Page(answer.text).tags if "data-copy" in known)
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as script:
        me = await script.get(f"http://localhost:{alice.server.port}/api/v1/me")
    assert me.json()["email"] == "alice@example.org"
    assert token not in (await alice.get("/account")).text


async def test_a_second_token_of_the_same_name_is_refused(alice: Desk) -> None:
    await alice.submit("/account/tokens", name="twice")

    answer = await alice.submit("/account/tokens", name="twice")

    assert answer.status_code == 409
    assert "already is a token" in answer.text


async def test_a_deleted_token_stops_working(alice: Desk) -> None:
    made = await alice.submit("/account/tokens", name="short-lived")
    form = [form for form in Page(made.text).forms if "/delete" in form.action][-1]
    asked = await alice.send(form.action, **form.fields)

    answer = await alice.send(form.action, **Page(asked.text).forms[-1].fields)

    assert "“short-lived”" in asked.text

    assert answer.headers["location"] == "/account?done=token-deleted"
    assert "short-lived" not in (await alice.get("/account")).text


async def test_a_new_password_signs_in(server: Appliance) -> None:
    dora = await joined(server, "dora@example.org")

    async with Desk.of(server, dora) as desk:
        answer = await desk.submit(
            "/account/password", current_password=dora.password, password="a newer one", again="a newer one"
        )
        assert answer.headers["location"] == "/account?done=password"
        assert (await desk.get("/account")).status_code == 200

    async with Desk.of(server, Person(dora.email, "a newer one", "user")):
        pass  # signing in with the new one has worked


@pytest.mark.parametrize(
    ("current", "password", "again", "said"),
    [
        ("not it", "a newer one", "a newer one", "current password is not right"),
        (None, "a newer one", "another one", "differ"),
        (None, "short", "short", "too short"),
    ],
)
async def test_a_password_that_cannot_be_is_refused(
    server: Appliance, current: str | None, password: str, again: str, said: str
) -> None:
    emil = await joined(server, f"emil-{len(said)}@example.org")

    async with Desk.of(server, emil) as desk:
        fields = {"current_password": current or emil.password, "password": password, "again": again}
        answer = await desk.submit("/account/password", **fields)

    assert answer.status_code == 422
    assert said in answer.text


async def joined(server: Appliance, email: str) -> Person:
    person = Person(email, "a password to change", "user")
    await accounts.create(server.parts.access, None, NewAccount(email, person.role, person.password))
    return person

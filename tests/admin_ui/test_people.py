"""The people who have accounts."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from tests.admin_ui.desk import Desk, Page
from tests.builders import Appliance
from tests.cast import ADAM, OLGA, Person

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def olga(server: Appliance) -> AsyncIterator[Desk]:
    async with Desk.of(server, OLGA) as desk:
        yield desk


async def test_an_operator_sees_everybody(olga: Desk) -> None:
    shown = await olga.page("/people")

    assert "alice@example.org" in shown.text
    assert "/people" in shown.links()


async def test_a_user_may_not_see_them(alice: Desk) -> None:
    answer = await alice.get("/people")

    assert answer.status_code == 403
    assert "/people" not in (await alice.page("/")).links()


async def test_a_new_account_signs_in(server: Appliance, olga: Desk) -> None:
    answer = await olga.submit("/people", email="Fay@example.org", role="user", password="fay was invited")

    assert answer.headers["location"] == "/people?done=created"
    async with Desk.of(server, Person("fay@example.org", "fay was invited", "user")) as fay:
        assert "Your first site" in (await fay.page("/")).text


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"email": "nobody", "role": "user", "password": "long enough it is"}, 422),
        ({"email": "gus@example.org", "role": "user", "password": "short"}, 422),
        ({"email": "alice@example.org", "role": "user", "password": "long enough it is"}, 409),
    ],
)
async def test_an_account_that_cannot_be_is_said_beside_the_form(
    olga: Desk, fields: dict[str, str], status: int
) -> None:
    answer = await olga.submit("/people", **fields)

    assert answer.status_code == status
    assert 'role="alert"' in answer.text
    assert fields["email"] in [form.fields.get("email") for form in Page(answer.text).forms]


async def test_an_admin_makes_users_only_and_changes_nobody(server: Appliance) -> None:
    async with Desk.of(server, ADAM) as adam:
        shown = await adam.page("/people")
        refused = await adam.submit("/people", email="h@example.org", role="operator", password="long enough it is")

    assert [known["value"] for tag, known in shown.tags if tag == "option"] == ["user"]
    assert not [path for path in shown.links() if path.startswith("/people/")]
    assert refused.status_code == 403


async def test_a_disabled_account_is_out_at_once(server: Appliance, olga: Desk) -> None:
    ida = Person("ida@example.org", "ida had a long day", "user")
    await olga.submit("/people", email=ida.email, role=ida.role, password=ida.password)
    link = await link_to(olga, ida)

    async with Desk.of(server, ida) as desk:
        answer = await olga.submit(link, role="user", disabled="on", sure="on")
        assert (await desk.get("/")).status_code == 303

    assert answer.headers["location"] == "/people?done=saved"
    assert "Disabled" in (await olga.page("/people")).text
    assert [known["id"] for _, known in (await olga.page(link)).tags if "checked" in known] == ["disabled"]


async def test_the_last_operator_stays_one(olga: Desk) -> None:
    link = await link_to(olga, OLGA)

    answer = await olga.submit(link, role="user", sure="on")

    assert answer.status_code == 409
    assert "last operator" in answer.text


async def test_a_new_password_for_somebody_needs_their_e_mail_typed(server: Appliance, olga: Desk) -> None:
    jon = Person("jon@example.org", "jon forgot it again", "user")
    await olga.submit("/people", email=jon.email, role=jon.role, password=jon.password)
    link, new = await link_to(olga, jon), replace(jon, password="a new one for jon")

    refused = await olga.submit(f"{link}/password", password=new.password, confirm="jon")
    async with Desk.of(server, jon):
        done = await olga.submit(f"{link}/password", password=new.password, confirm=jon.email)

    assert (refused.status_code, done.status_code) == (422, 303)
    assert new.password not in refused.text
    async with Desk.of(server, new) as signed:
        assert (await signed.get("/")).status_code == 200


async def test_less_is_asked_about_and_more_is_not(olga: Desk) -> None:
    await olga.submit("/people", email="kay@example.org", role="admin", password="kay is on holiday")
    link = await link_to(olga, Person("kay@example.org", "", "admin"))

    less, same, more = [await olga.submit(link, role=role) for role in ("user", "admin", "operator")]

    assert "Have kay@example.org do less?" in Page(less.text).text
    assert [form.fields["role"] for form in Page(less.text).forms if "sure" in form.fields] == ["user"]
    assert (same.status_code, more.status_code) == (303, 303)


async def link_to(desk: Desk, person: Person) -> str:
    """The page of somebody's account, found by trying the links in the list."""
    for path in (await desk.page("/people")).links():
        if path.startswith("/people/") and person.email in (await desk.page(path)).text.split("Sign out")[1]:
            return path
    raise AssertionError(f"{person.email} is not listed")

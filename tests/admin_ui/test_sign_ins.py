"""Where one is signed in, on the account's page: seen, and ended, as a browser without scripts does."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from admin_ui.context.sign_ins import client_words
from tests.admin_ui.desk import Desk, Page
from tests.admin_ui.test_account import joined
from tests.builders import Appliance
from tests.cast import BOB, Person

on_the_server_s_loop = pytest.mark.asyncio(loop_scope="session")
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
OTHERS = "/account/sign-ins/end"


@pytest_asyncio.fixture(loop_scope="session")
async def gina(server: Appliance, request: pytest.FixtureRequest) -> AsyncIterator[Person]:
    """Somebody new for each test, with no sign-in yet."""
    yield await joined(server, f"gina-{request.node.name}@example.org")


def ends(page: Page) -> list[str]:
    """The addresses that end a sign-in, each with the sign-in's number."""
    actions = [form.action for form in page.forms if form.action.startswith("/account/sign-ins/")]
    return [action for action in actions if action != OTHERS]


@on_the_server_s_loop
async def test_who_is_signed_in_once_sees_that_one_and_nothing_to_end(server: Appliance, gina: Person) -> None:
    async with Desk.of(server, gina) as desk:
        page = await desk.page("/account")

    assert page.text.count("this one") == 1
    assert "python-httpx" in page.text
    assert ends(page) == []
    assert OTHERS not in [form.action for form in page.forms]


@on_the_server_s_loop
async def test_another_is_ended_after_a_question_and_is_signed_out_at_once(server: Appliance, gina: Person) -> None:
    async with Desk.of(server, gina) as there, Desk.of(server, gina) as here:
        [end] = ends(await here.page("/account"))
        asked = Page((await here.submit(end)).text)
        assert (await there.get("/account")).status_code == 200  # it was only asked

        done = await here.send(end, **next(form for form in asked.forms if form.action == end).fields)

        assert "python-httpx" in asked.text
        assert done.headers["location"] == "/account?done=sign-in-ended"
        assert "The sign-in is ended." in (await here.page(done.headers["location"])).text
        assert (await there.get("/account")).headers["location"].startswith("/sign-in")


@on_the_server_s_loop
async def test_all_others_end_and_this_one_stays(server: Appliance, gina: Person) -> None:
    async with Desk.of(server, gina) as one, Desk.of(server, gina) as two, Desk.of(server, gina) as here:
        assert len(ends(await here.page("/account"))) == 2
        asked = Page((await here.submit(OTHERS)).text)

        done = await here.send(OTHERS, **next(form for form in asked.forms if form.action == OTHERS).fields)

        assert "End 2 other sign-ins?" in asked.text
        assert done.headers["location"] == "/account?done=sign-ins-ended"
        assert ends(await here.page("/account")) == []
        for gone in (one, two):
            assert (await gone.get("/account")).headers["location"].startswith("/sign-in")


@on_the_server_s_loop
async def test_a_stranger_s_is_not_found(server: Appliance, gina: Person) -> None:
    async with Desk.of(server, gina), Desk.of(server, gina) as desk, Desk.of(server, BOB) as bob:
        [end] = ends(await desk.page("/account"))

        assert (await bob.submit(end)).status_code == 404
        assert (await bob.submit(end, sure="on")).status_code == 404
        assert ends(await desk.page("/account")) == [end]


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "(X11; Linux x86_64; rv:140.0) Firefox/140.0"),
        (CHROME, "(Windows NT 10.0; Win64; x64) Chrome/140.0.0.0 Safari/537.36"),
        ("curl/8.14.1", "curl/8.14.1"),
        ("x" * 61, "x" * 60 + "…"),
        ("Mozilla/5.0 ", "Mozilla/5.0 "),
        ("", "unknown"),
    ],
)
def test_a_client_is_said_without_what_all_browsers_say(agent: str, words: str) -> None:
    assert client_words(agent) == words

"""How the admin looks to an account: chosen by a form, kept with the account, there from the first byte of a page."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

import admin_ui
from tests.admin_ui.desk import Desk, Page
from tests.admin_ui.themes import put
from tests.builders import Appliance, appliance
from tests.cast import ALICE, BOB, EVERYBODY, OLGA

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOGO = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Appliance]:
    """A server whose operator brought a theme, and another that cannot be used."""
    data = tmp_path_factory.mktemp("look") / "data"
    put(data, "ours", 'label = "Our own"\nlogo = "our.svg"\n', our_svg=LOGO)
    put(data, "bad", '[light]\nsea = "blue"\n')
    async with appliance(data, EVERYBODY, admin=admin_ui.blueprints, theme="fjord") as running:
        yield running


def sheet(shown: Page) -> str:
    address = next(known["href"] for tag, known in shown.tags if known.get("rel") == "stylesheet")
    return Path(address).stem


def root(shown: Page) -> dict[str, str]:
    return next(known for tag, known in shown.tags if tag == "html")


async def test_without_a_choice_the_system_and_the_installation_decide(alice: Desk) -> None:
    shown = await alice.page("/")

    assert (sheet(shown), root(shown)) == ("fjord", {"lang": "en", "dir": "ltr"})
    assert [known["content"] for _, known in shown.tags if known.get("name") == "color-scheme"] == ["light dark"]


async def test_the_sign_in_page_looks_as_the_installation_does(stranger: Desk) -> None:
    assert sheet(await stranger.page("/sign-in")) == "fjord"


async def test_what_was_chosen_is_in_the_page_itself_on_every_machine(server: Appliance, alice: Desk) -> None:
    answer = await alice.submit("/account/look", scheme="dark", density="compact", theme="dune")

    async with Desk.of(server, ALICE) as elsewhere:
        shown = await elsewhere.page("/")
    assert answer.headers["location"] == "/account?done=saved"
    assert (sheet(shown), root(shown)) == (
        "dune",
        {"lang": "en", "dir": "ltr", "data-scheme": "dark", "data-density": "compact"},
    )
    assert [known["content"] for _, known in shown.tags if known.get("name") == "color-scheme"] == ["dark"]


async def test_what_goes_wrong_looks_the_same(alice: Desk) -> None:
    await alice.submit("/account/look", scheme="light", density="", theme="contrast")

    shown = Page((await alice.get("/sites/nothing")).text)

    assert (sheet(shown), root(shown)) == ("contrast", {"lang": "en", "dir": "ltr", "data-scheme": "light"})


async def test_the_choice_is_one_account_s(server: Appliance, alice: Desk) -> None:
    await alice.submit("/account/look", scheme="dark", density="", theme="")

    async with Desk.of(server, BOB) as bob:
        assert "data-scheme" not in root(await bob.page("/"))


@pytest.mark.parametrize(
    ("name", "value"), [("scheme", "blue"), ("density", "none"), ("theme", "bad"), ("theme", "x" * 40)]
)
async def test_what_cannot_be_chosen_is_refused(alice: Desk, name: str, value: str) -> None:
    before = (await alice.get("/account")).text

    answer = await alice.submit("/account/look", **{"scheme": "", "density": "", "theme": "", name: value})

    assert answer.status_code == 422
    assert "from the list" in answer.text
    assert (await alice.get("/account")).text == before


async def test_an_operator_s_theme_can_be_chosen_and_brings_its_logo(alice: Desk) -> None:
    await alice.submit("/account/look", scheme="", density="", theme="ours")

    shown = await alice.page("/account")
    logo = next(known["src"] for tag, known in shown.tags if tag == "img")
    answer = await alice.get(logo)

    assert sheet(shown) == "ours"
    assert "Our own" in shown.text
    assert (answer.content, answer.headers["content-type"]) == (LOGO, "image/svg+xml")
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_the_operator_is_told_of_a_theme_that_cannot_be_used(server: Appliance) -> None:
    async with Desk.of(server, OLGA) as olga:
        assert "The theme 'bad' cannot be used: sea is a colour" in (await olga.page("/system")).text

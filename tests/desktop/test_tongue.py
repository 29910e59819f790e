"""The window speaks the language of the account it signs in, else the installation's, else the system's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from admin_ui.desktop import markup, network, tongue
from admin_ui.desktop.menu import Menu
from admin_ui.languages import shipped
from admin_ui.words import speak
from appliance import preferences
from appliance.actor import Actor
from appliance.addresses import Addresses
from appliance.data_folder import DataFolder
from appliance.preferences import Preferences
from appliance.units import Address
from tests.builders import settings_for
from tests.desktop.test_menu import ADMIN, Remembering


@pytest.fixture
def german() -> Iterator[None]:
    speak(shipped().all["de"])
    yield
    speak(shipped().english)


@pytest.mark.parametrize(
    ("system", "setting", "chosen", "spoken"),
    [
        ("", "auto", "", "en"),
        ("de_AT.UTF-8", "auto", "", "de"),
        ("ja_JP.UTF-8", "auto", "", "en"),
        ("C.UTF-8", "auto", "", "en"),
        ("de_DE.UTF-8", "en", "", "en"),
        ("", "en", "de", "de"),
    ],
)
async def test_what_was_chosen_comes_before_what_is_set_and_that_before_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, olga: Actor, system: str, setting: str, chosen: str, spoken: str
) -> None:
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LC_CTYPE", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", system)
    await preferences.change(olga, Preferences(language=chosen))

    found = await tongue.of_window(settings_for(tmp_path, language=setting))

    assert found.tag == spoken


async def test_before_anybody_has_an_account_it_speaks_all_the_same(tmp_path: Path, database: DataFolder) -> None:
    assert (await tongue.of_window(settings_for(tmp_path, language="de"))).tag == "de"


@pytest.mark.usefixtures("german")
def test_the_menu_and_the_question_are_in_german() -> None:
    menu = Menu(Remembering(f"{ADMIN}/"), Addresses("localhost", "localhost", "http", 8080), Path("/srv/data"))
    titles = [entry.title for entry in menu.entries() if entry]
    question = markup.question()

    assert titles[0] == "Alle Sites"
    assert titles[-1] == "Dropdock beenden"
    assert '<html lang="de" dir="ltr">' in question
    assert all(word in question for word in ("Weiterlaufen lassen", "Dropdock anhalten", "Abbrechen"))


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize(
    ("listen", "base", "says"),
    [
        ("127.0.0.1", "localhost", "Nur dieser Rechner erreicht Dropdock."),
        ("0.0.0.0", "localhost", "aber nicht unter dem Namen <code>localhost</code>"),  # noqa: S104 - nothing listens
        ("0.0.0.0", "192-0-2-7.sslip.io", "Kamera eines Telefons"),  # noqa: S104 - nothing listens here
    ],
)
def test_the_way_for_other_devices_is_in_german(tmp_path: Path, listen: str, base: str, says: str) -> None:
    settings = settings_for(tmp_path, listen=Address(listen, 8080), base=base)

    page = network.page(settings, Addresses.of(settings, 8080))

    assert says in page
    assert "Auf anderen Geräten" in page


def test_a_value_cannot_bring_markup_into_a_page() -> None:
    page = markup.filled(markup.NETWORK, title="t", text="<b>text</b>", content="<script>")

    assert "&lt;b&gt;text&lt;/b&gt;" in page
    assert "<script>" not in page

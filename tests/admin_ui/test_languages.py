"""How a language is loaded and chosen, and what it makes of texts, numbers and dates."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from markupsafe import Markup
from werkzeug.datastructures import LanguageAccept

from admin_ui.languages import Languages, Unspeakable, shipped
from admin_ui.words import Moment, counted, moment, seconds, size, speak, spoken, t
from tests.admin_ui.desk import Desk, Page
from tests.builders import Appliance
from tests.cast import ALICE

ENGLISH = """
[language]
name = "English"
[greeting]
plain = "Hello {name}"
rich_html = "Hello <strong>{name}</strong>"
many = { one = "{count} hello", other = "{count} hellos" }
only = "Only here"
[formats]
moment = "y"
[scripts.times]
now = "now"
"""
POLISH = """
[language]
name = "polski"
[greeting]
plain = "Cześć {name}"
rich_html = "Cześć <strong>{name}</strong>"
many = { one = "{count} raz", few = "{count} razy", many = "{count} razów", other = "{count} raza" }
"""


@pytest.fixture
def languages(tmp_path: Path) -> Languages:
    (tmp_path / "en.toml").write_text(ENGLISH, encoding="utf-8")
    (tmp_path / "pl.toml").write_text(POLISH, encoding="utf-8")
    return Languages.load(tmp_path)


@pytest.fixture
def german() -> Iterator[None]:
    speak(shipped().all["de"])
    yield
    speak(shipped().english)


def test_a_language_is_added_by_one_file(languages: Languages) -> None:
    polish = languages.all["pl"]

    assert polish.say("greeting.plain", name="Alice") == "Cześć Alice"
    assert [polish.say("greeting.many", count=count) for count in (1, 3, 5, 1_000_000)] == [
        "1 raz",
        "3 razy",
        "5 razów",
        "1\N{NO-BREAK SPACE}000\N{NO-BREAK SPACE}000 razów",
    ]
    assert polish.own == "polski"


def test_what_a_language_does_not_say_is_said_in_english(languages: Languages) -> None:
    assert languages.all["pl"].say("greeting.only") == "Only here"


def test_values_are_escaped_where_there_is_markup(languages: Languages) -> None:
    english = languages.english

    assert english.say("greeting.rich_html", name="<b>") == Markup("Hello <strong>&lt;b&gt;</strong>")
    assert english.say("greeting.plain", name=Markup("<b>A</b>")) == Markup("Hello <b>A</b>")
    assert not isinstance(english.say("greeting.plain", name="<b>"), Markup)  # the template escapes it whole


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[a]\nb = 1", "a.b is neither"),
        ('[a]\nb = "{name.secret}"', "only names may stand in braces"),
        ('[a]\nb = "{name!r:>9}"', "only names may stand in braces"),
        ('[a]\nb = "{"', "Single|expected"),
        ('[a]\nb = { one = "x" }', "needs the form `other`"),
        ("[a", "pl.toml"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_fault(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "en.toml").write_text(ENGLISH, encoding="utf-8")
    (tmp_path / "pl.toml").write_text(text, encoding="utf-8")

    with pytest.raises(Unspeakable, match=fault) as error:
        Languages.load(tmp_path)

    assert "pl.toml" in str(error.value)


def test_a_file_whose_name_is_no_language_is_refused(tmp_path: Path) -> None:
    (tmp_path / "en.toml").write_text(ENGLISH, encoding="utf-8")
    (tmp_path / "zz.toml").write_text(POLISH, encoding="utf-8")

    with pytest.raises(Unspeakable, match=r"zz\.toml: Babel knows no language 'zz'"):
        Languages.load(tmp_path)


@pytest.mark.parametrize(
    ("asked", "wanted", "tag"),
    [
        ("", (), "en"),
        ("*", (), "en"),
        ("de", (), "de"),
        ("de-AT,en;q=0.5", (), "de"),
        ("fr,de;q=0.3", (), "de"),
        ("fr", (), "en"),
        ("en-GB,de;q=0.9", (), "en"),
        ("en", ("de",), "de"),
        ("en", ("auto",), "en"),
        ("de", ("", "auto"), "de"),
        ("de", ("xx", "en"), "en"),
    ],
)
def test_what_is_chosen_goes_before_what_a_browser_likes(asked: str, wanted: tuple[str, ...], tag: str) -> None:
    accepted = LanguageAccept(
        [(part.partition(";")[0], float(part.partition("q=")[2] or 1)) for part in asked.split(",") if part]
    )

    assert shipped().pick(accepted, *wanted).tag == tag


def test_figures_follow_the_language(german: None) -> None:
    assert spoken().tag == "de"
    assert [size(count) for count in (999, 1500, 35_000_000, 2 * 10**15)] == ["999 B", "1,5 kB", "35 MB", "2.000 TB"]
    assert (seconds(1.4), seconds(0.04)) == ("1,4 s", "40 ms")
    assert counted(1173, "file") == "1.173 Dateien"


def test_times_follow_the_language(german: None) -> None:
    at = datetime.now(UTC) - timedelta(hours=3)

    shown = moment(datetime(2026, 3, 1, 1, 30, tzinfo=UTC))

    assert isinstance(shown, Moment)
    assert shown.exact == "1. März 2026, 01:30 UTC"
    assert (moment(at).ago, moment(datetime.now(UTC)).ago) == ("vor 3 Stunden", "gerade eben")


def test_english_is_spoken_where_nobody_chose() -> None:
    assert spoken().tag == "en"
    assert t("sign_in.title") == "Sign in"


@pytest.mark.asyncio(loop_scope="session")
async def test_a_stranger_is_answered_in_their_browsers_language(server: Appliance) -> None:
    async with Desk.of(server, None) as desk:
        desk.client.headers["Accept-Language"] = "de-CH,de;q=0.9,en;q=0.5"

        page = await desk.page("/sign-in")

    assert ("html", {"lang": "de", "dir": "ltr"}) in page.tags
    assert "Passwort" in page.text


@pytest.mark.asyncio(loop_scope="session")
async def test_what_goes_wrong_is_said_in_the_same_language(server: Appliance, alice: Desk) -> None:
    answer = await alice.client.get("/sites/nowhere", headers={"Accept-Language": "de"})

    assert answer.status_code == 404
    assert "Zu Ihren Sites" in Page(answer.text).text


@pytest.mark.asyncio(loop_scope="session")
async def test_an_account_has_its_language_on_every_machine(server: Appliance, alice: Desk) -> None:
    answer = await alice.submit("/account/look", language="de")

    async with Desk.of(server, ALICE) as elsewhere:
        page = await elsewhere.page("/")
        missing = await elsewhere.get("/sites/nowhere")
    await alice.submit("/account/look", language="")
    assert answer.headers["location"] == "/account?done=saved"
    assert ("html", {"lang": "de", "dir": "ltr"}) in page.tags
    assert "Neue Site" in page.text or "Ihre erste Site" in page.text
    assert "Zu Ihren Sites" in missing.text


@pytest.mark.asyncio(loop_scope="session")
async def test_a_language_that_is_not_there_is_not_kept(alice: Desk) -> None:
    for language in ("xx", "x" * 40):
        answer = await alice.submit("/account/look", language=language)

        assert answer.status_code == 422
    assert ("html", {"lang": "en", "dir": "ltr"}) in (await alice.page("/")).tags

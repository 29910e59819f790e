"""The help, and how it is searched."""

import re

import pytest

from admin_ui import handbook, help_search
from admin_ui.handbook import Chapter
from tests.admin_ui.desk import Desk

on_a_desk = pytest.mark.asyncio(loop_scope="session")


@on_a_desk
async def test_every_page_can_be_read(alice: Desk) -> None:
    listed = [path for path in (await alice.page("/help")).links() if path.startswith("/help/")]

    assert listed[:2] == ["/help/first-site", "/help/admin"]
    for path in listed:
        assert ("article", "prose") in [(tag, known.get("class")) for tag, known in (await alice.page(path)).tags]


@on_a_desk
async def test_what_has_changed_is_among_them(alice: Desk) -> None:
    assert "0.1.0" in (await alice.page("/help/changelog")).text


@on_a_desk
@pytest.mark.parametrize("path", ["/help/nothing", "/help/..%2Fapp", "/help/first-site.md"])
async def test_a_page_that_is_not_there_is_not_found(alice: Desk, path: str) -> None:
    assert (await alice.get(path)).status_code == 404


@on_a_desk
async def test_what_is_looked_for_is_found_marked_and_led_to(alice: Desk) -> None:
    shown = await alice.page("/help?q=Redirects")

    (to_first, *_) = [path for path in shown.links() if path.startswith("/help/")]
    page, _, anchor = to_first.partition("#")
    assert page == "/help/redirects-and-headers"
    assert anchor in [known.get("id") for _, known in (await alice.page(page)).tags]
    assert "mark" in [tag for tag, _ in shown.tags]
    assert ("q", "Redirects") in [(known.get("name"), known.get("value")) for _, known in shown.tags]


@on_a_desk
@pytest.mark.parametrize("query", ["zebra", "redirects zebra", "<b>zebra", "…", "x" * 5000])
async def test_nothing_found_is_said_with_a_way_on(alice: Desk, query: str) -> None:
    answer = await alice.client.get("/help", params={"q": query})

    assert answer.status_code == 200
    assert "No page has" in answer.text
    assert "<b>" not in answer.text
    assert "All pages" in answer.text


@on_a_desk
async def test_no_words_are_the_list_of_all(alice: Desk) -> None:
    assert (await alice.page("/help?q=+")).links() == (await alice.page("/help")).links()


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A help of three pages."""
    texts = {
        "ovens": "# Ovens\n\nAbout heat.\n\n## Cleaning\n\nWith a cloth, when *cold*.\n",
        "bread": "# Bread\n\nOvens bake it, ovens and ovens and ovens and ovens and ovens and ovens.\n",
        "salt": "# Salt\n\n| name | use |\n|---|---|\n| `sea_salt` | `cloth --white` |\n\n```\nboil water\n```\n",
    }
    chapters = {name: handbook.read(text) for name, text in texts.items()}
    monkeypatch.setattr(handbook, "chapters", lambda: chapters)


def found(query: str) -> list[str]:
    return [each.href for each in help_search.search(query)]


@pytest.mark.usefixtures("pages")
def test_a_title_counts_more_than_many_words_of_a_text() -> None:
    assert found("oven") == ["/help/ovens", "/help/bread"]


@pytest.mark.usefixtures("pages")
def test_every_word_has_to_be_there_and_the_section_with_most_is_led_to() -> None:
    assert found("ovens cloth") == ["/help/ovens#on-cleaning"]
    assert found("ovens salt") == []


@pytest.mark.usefixtures("pages")
@pytest.mark.parametrize("query", ["salt", "SEA_SALT", "boil", "white", "sea"])
def test_names_tables_and_code_are_searched_by_how_words_begin(query: str) -> None:
    assert found(query) == ["/help/salt"]


@pytest.mark.usefixtures("pages")
def test_the_inside_of_a_word_is_not_its_beginning() -> None:
    assert found("loth") == []


@pytest.mark.usefixtures("pages")
def test_the_words_found_are_marked_whole_and_nothing_is_lost() -> None:
    (one,) = help_search.search("clot col")

    assert [piece.text for piece in one.snippet if piece.found] == ["cloth", "cold"]
    assert "".join(piece.text for piece in one.snippet) == "With a cloth, when cold."
    assert [piece.text for piece in one.title] == ["Ovens: Cleaning"]


def test_a_snippet_of_a_long_text_is_short_and_cut_between_words() -> None:
    chapter = handbook.read("# A\n\n" + "before it " * 90 + "needle " + "after it " * 90)

    (section,) = chapter.sections
    pieces = list(help_search.snippet(section.text, [re.compile("needle")]))

    text = "".join(piece.text for piece in pieces)
    assert text.startswith("… ")
    assert "before it needle after it" in text
    assert set(re.findall(r"\w+", text)) == {"before", "it", "needle", "after"}
    assert len(text) < help_search.SHOWN + 10


def test_links_between_pages_lead_to_headings_that_are_there() -> None:
    chapters = handbook.chapters()
    links = [
        link
        for chapter in chapters.values()
        for link in re.findall(r'href="/help/([\w-]+)(?:#([\w-]+))?"', chapter.body)
    ]

    assert [(name, place) for name, place in links if name not in chapters or not leads_to(chapters[name], place)] == []


def leads_to(chapter: Chapter, place: str) -> bool:
    return not place or f'id="{place}"' in chapter.body

"""What differs between any two deploys of a site."""

import pytest

from admin_ui.context.differences import PATHS_PER_PAGE, difference_page
from appliance.deploys.differences import ChangedPath, Difference, Lines, PathSize
from tests.admin_ui.desk import Desk, Page
from tests.admin_ui.facts import deploy
from tests.builders import page

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_two_deploys_are_compared_by_path_bytes_and_rules(alice: Desk) -> None:
    await alice.deploy("differs", {"index.html": page("one"), "old.html": "12345", "_redirects": "/a /b 301"})
    await alice.deploy(
        "differs",
        {"index.html": page("three"), "new.html": "123", "_redirects": "/c /d 302", "_headers": "/*\n  X-New: yes"},
    )

    shown = await alice.page("/sites/differs/diff?before=1&after=2")

    assert "2 added, 2 changed, 1 removed; 0 files the same" in shown.text
    for said in ("old.html", "new.html", "index.html", "/a /b 301", "/c /d 302", "/*  x-new: yes"):
        assert said in shown.text
    assert "/sites/differs/diff?before=2&after=1" in shown.links()


async def test_the_same_deploy_twice_differs_in_nothing(alice: Desk) -> None:
    await alice.deploy("same", {"index.html": page("one")})

    shown = await alice.page("/sites/same/diff?before=1&after=1")

    assert "1 file the same" in shown.text
    assert shown.text.count("The same in both.") == 2


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("", 200, "Choose two deploys"),
        ("before=1", 200, "Choose two deploys"),
        ("before=1&after=99", 404, "has no deploy"),
        ("before=1&after=2", 409, "is not ready"),
    ],
)
async def test_what_cannot_be_compared_is_said_beside_the_form(alice: Desk, query: str, status: int, said: str) -> None:
    if (await alice.get("/sites/odd-pair")).status_code == 404:
        await alice.deploy("odd-pair", {"index.html": page("one")})
        await alice.deploy("odd-pair", {"../evil.html": page("evil")})

    answer = await alice.get(f"/sites/odd-pair/diff?{query}")

    assert answer.status_code == status
    assert said in answer.text
    assert "before" in [known.get("name") for tag, known in Page(answer.text).tags if tag == "input"]


async def test_a_deploy_of_another_site_is_not_compared(alice: Desk) -> None:
    other = await alice.deploy("other-pair", {"index.html": page("one")})
    await alice.deploy("this-pair", {"index.html": page("one")})

    assert (await alice.get(f"/sites/this-pair/diff?before=1&after={other['id']}")).status_code == 404


async def test_many_paths_have_pages() -> None:
    added = [PathSize(f"{number:04}.html", 10) for number in range(PATHS_PER_PAGE + 1)]
    found = Difference("a", "b", added, [], [ChangedPath("0000.css", 30, 10)], 7, Lines(), Lines())

    first = difference_page(found, deploy(number=1), deploy(number=2), page=1)
    second = difference_page(found, deploy(number=1), deploy(number=2), page=2)

    assert (len(first.paths), len(second.paths)) == (PATHS_PER_PAGE, 2)
    assert first.pages.later == "/sites/blog/diff?before=1&after=2&page=2"
    assert (first.paths[0].path, first.paths[0].grew) == ("0000.css", "\N{MINUS SIGN}20 B")
    assert first.bytes == "+2.0 kB in all."

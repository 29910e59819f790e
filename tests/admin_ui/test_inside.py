"""Looking into a deploy: its files, its rules, why an address is answered as it is."""

from urllib.parse import quote

import pytest

from admin_ui.context.inside import DEEPEST, FILES_PER_PAGE, RULES_PER_PAGE, Folder, files_page, rules_page
from appliance.deploys.inside import _files
from appliance.storage.manifest import Entry, Found, Manifest, Options, Variant
from appliance.storage.rules import HeaderBlock, Lock, Redirect, Rules
from tests.admin_ui.desk import Desk
from tests.admin_ui.facts import deploy
from tests.admin_ui.queries import queries
from tests.builders import page

pytestmark = pytest.mark.asyncio(loop_scope="session")

SITE = {
    "index.html": page("home"),
    "docs/guide/start.html": page("start"),
    "docs/long.txt": "long " * 1000,
    "_redirects": "/old /docs/long.txt 302\n/docs/long.txt /elsewhere 301\nnot a rule",
    "_headers": "/docs/*\n  X-Docs: yes\n",
}

ENGLISH = ("the", "The", "is", "are", "It", "There", "there", "and", "left", "Never", "line", "of", "with", "that")


async def looked_into(alice: Desk) -> str:
    """The address of a deploy of SITE."""
    async with alice.server.client(alice.person) as api:
        known = (await api.get("/api/v1/sites/inside/deploys")).json()
    made = known["items"][0] if known.get("items") else await alice.deploy("inside", SITE)
    return f"/deploys/{made['id']}"


# ── files


async def test_files_stand_in_their_folders_with_sizes_and_codings(alice: Desk) -> None:
    shown = await alice.page(f"{await looked_into(alice)}/files")

    assert "docs/ 2 files, 5.1 kB" in " ".join(shown.text.split())
    assert "guide/ 1 file" in " ".join(shown.text.split())
    assert "5.0 kB text/plain · zstd" in " ".join(shown.text.split())
    assert [tag for tag, _ in shown.tags].count("details") == 2  # docs, docs/guide


async def test_files_are_found_by_their_path(alice: Desk) -> None:
    shown = await alice.page(f"{await looked_into(alice)}/files?find=GUIDE")

    assert "start.html" in shown.text
    assert "long.txt" not in shown.text
    assert "1 file, " in shown.text


@pytest.mark.parametrize("query", ["find=zebra", "find=" + "x" * 5000, "page=99"])
async def test_no_files_lead_back(alice: Desk, query: str) -> None:
    href = f"{await looked_into(alice)}/files"

    assert href in (await alice.page(f"{href}?{query}")).links()


async def test_a_deploy_that_is_not_ready_has_nothing_to_look_into(alice: Desk) -> None:
    made = await alice.deploy("inside-broken", {"../evil.html": page("evil")})

    for what in ("files", "rules", "explain"):
        answer = await alice.get(f"/deploys/{made['id']}/{what}")
        assert (answer.status_code, "it is failed" in answer.text) == (409, True)


async def test_a_page_of_files_asks_the_database_no_more_for_many_than_for_few(alice: Desk) -> None:
    few = await alice.deploy("inside-few", {"index.html": page("one")})
    many = await alice.deploy("inside-many", {f"{number}.html": page(str(number)) for number in range(400)})

    with queries() as for_few:
        await alice.page(f"/deploys/{few['id']}/files")
    with queries() as for_many:
        shown = await alice.page(f"/deploys/{many['id']}/files")

    assert f"/deploys/{many['id']}/files?page=2" in shown.links()
    assert len(for_many) == len(for_few) > 0


async def test_ten_thousand_files_have_pages_and_folders_say_what_is_in_all_of_them() -> None:
    manifest = Manifest(entries={f"a/b{n % 7}/{n}.html": Entry("0" * 64, 10, "text/html", 0) for n in range(10_000)})

    facts = _files(manifest, 2 * FILES_PER_PAGE, FILES_PER_PAGE, "")
    shown = files_page(deploy(), facts, "", 3)

    assert (len(facts.files), facts.total, facts.bytes) == (FILES_PER_PAGE, 10_000, 100_000)
    assert (shown.tree.folders[0].name, shown.tree.folders[0].about) == ("a", "10,000 files, 100 kB")
    assert shown.pages.later == "/deploys/kq3v9wzx7m/files?page=4"
    assert not shown.tree.folders[0].is_open


async def test_folders_too_deep_to_draw_are_one() -> None:
    path = "/".join("d" * 400) + "/last.html"
    facts = _files(Manifest(entries={path: Entry("0" * 64, 10, "text/html", 0)}), 0, FILES_PER_PAGE, "")

    folder: Folder = files_page(deploy(), facts, "", 1).tree
    depth = 0
    while folder.folders:
        folder, depth = folder.folders[0], depth + 1

    assert depth == DEEPEST
    assert folder.files[0].name.endswith("d/last.html")


async def test_a_name_that_is_no_unicode_can_be_shown(alice: Desk) -> None:
    entry = Entry("0" * 64, 10, "text/html", 0, (Variant("br", "1" * 64, 4),), immutable=True, source="2" * 64)
    facts = _files(Manifest(entries={"odd\udcff/odd\udcff.html": entry}), 0, FILES_PER_PAGE, "")

    shown = files_page(deploy(), facts, "", 1)

    assert (shown.tree.folders[0].name, shown.tree.folders[0].files[0].name) == ("odd?", "odd?.html")
    assert shown.tree.folders[0].files[0].codings == "br 4 B"
    assert shown.tree.folders[0].files[0].note == "kept as 10 B, kept for a year by browsers"


# ── rules


async def test_rules_stand_with_their_lines_and_warnings(alice: Desk) -> None:
    shown = await alice.page(f"{await looked_into(alice)}/rules")

    said = " ".join(shown.text.split())
    assert "_redirects:1 /old /docs/long.txt 302" in said
    assert "_headers:1 /docs/* x-docs: yes" in said
    assert "_redirects line 3" in said  # what is no rule is found
    assert "2 redirects" in said


async def test_a_rule_shows_all_that_it_depends_on() -> None:
    rules = Rules(
        (Redirect("/a", "/b", 301, True, "x.org", (("id", ":id"),), (("Country", ("de", "at")),), True, line=7),),
        (HeaderBlock("/*", (("x-a", "1"),), ("x-b",), "x.org", 2),),
        (Lock("/secret/*", ("alice:hash", "bob:hash")),),
    )
    found = [Found("shadowed", "It never applies.", "_redirects", 7), Found("other", "Elsewhere.", "a.html", 7)]

    shown = rules_page(deploy(problems=found), rules, Options(), 1)

    rule = shown.redirects[0]
    assert (rule.place, rule.path, rule.status) == ("_redirects:7", "https://x.org/a id=:id", "301!")
    assert rule.conditions == "Country=de,at only where there is a file"
    assert rule.problems == ["It never applies."]
    assert shown.blocks[0].fields == ["x-a: 1", "! x-b"]
    assert shown.locks == ["/secret/* (2 users)"]
    assert [one.message for one in shown.problems] == ["It never applies."]
    assert "hash" not in str(shown)


async def test_many_rules_have_pages() -> None:
    rules = Rules(tuple(Redirect(f"/{number}", "/", 301, line=number) for number in range(RULES_PER_PAGE + 1)))

    second = rules_page(deploy(), rules, Options(), 2)

    assert (len(second.redirects), second.pages.earlier) == (1, "/deploys/kq3v9wzx7m/rules?page=1")


# ── explain


async def test_a_path_is_explained_for_its_deploy(alice: Desk) -> None:
    href = await looked_into(alice)

    shown = await alice.page(f"{href}/explain?url=/docs/long.txt&accept_encoding=br")

    said = " ".join(shown.text.split())
    assert "200 for http" in said
    assert "docs/long.txt" in said
    assert "content-encoding: br" in said
    assert "_redirects:2 /docs/long.txt /elsewhere 301 A file is there." in said
    assert "_headers:1 /docs/* sets x-docs" in said
    assert "The answer" in said


async def test_in_german_an_answer_and_the_findings_of_rule_files_are_german(alice: Desk) -> None:
    href = await looked_into(alice)
    alice.client.headers["Accept-Language"] = "de"

    answer = await alice.page(f"{href}/explain?url=/docs/long.txt")
    rules = await alice.page(f"{href}/rules")

    said, found = (" ".join(shown.text.split()) for shown in (answer, rules))
    assert "Für diese Adresse gibt es eine Datei, deshalb gilt _redirects:2 nicht. Datei finden" in said
    assert "Die Datei wird gesendet. Die Antwort Datei senden" in said
    assert "Wird nie erreicht: Es gibt eine Datei." in found
    assert "weggelassen. (_redirects" in found
    assert [word for word in ENGLISH if f" {word} " in f" {said} {found} "] == []


async def test_without_a_question_there_is_a_form_only(alice: Desk) -> None:
    shown = await alice.page(f"{await looked_into(alice)}/explain")

    assert "Step by step" not in shown.text
    assert "url" in [known.get("name") for tag, known in shown.tags if tag == "input"]


@pytest.mark.parametrize(
    ("url", "said"), [("http://other.localhost/", "no address of inside"), ("http://[", "cannot be read")]
)
async def test_an_address_of_something_else_is_refused_beside_the_form(alice: Desk, url: str, said: str) -> None:
    answer = await alice.get(f"{await looked_into(alice)}/explain?url={quote(url, safe='')}")

    assert answer.status_code == 422
    assert said in answer.text
    assert "What the visitor sends" in answer.text


async def test_the_live_address_is_explained_by_what_is_live(alice: Desk) -> None:
    first = await alice.deploy("inside-live", {"index.html": page("one")})
    second = await alice.deploy("inside-live", {"index.html": page("two")})

    shown = await alice.page(f"/deploys/{first['id']}/explain?url={quote(second['url'], safe='')}")

    assert "Deploy 2, which is live" in shown.text

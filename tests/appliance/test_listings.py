"""Deploys made of listed content: what is asked for, what they become, and what nobody gets by knowing a hash."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from appliance.actor import Actor
from appliance.deploys import DeployFacts, Listed, Listing, Name, NewDeploy
from appliance.errors import BadInput, Conflict, Invalid, NotFound, TooLarge
from appliance.sites import NewSite
from appliance.units import Size
from tests.appliance.listed import listing_of, made, pages, sent, settled, sha1, sha256
from tests.builders import Appliance, appliance, deployed, page, zip_of
from tests.cast import ALICE, BOB, OLGA

ONE = {"index.html": page("one"), "about.html": page("about"), "app.js": "let one"}
TWO = ONE | {"index.html": page("two")}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Appliance]:
    """A server on which Alice has a shop and Bob a blog."""
    async with appliance(tmp_path / "data", (OLGA, ALICE, BOB), pending_size=Size(50_000)) as made:
        await made.parts.sites.create(made.actors[ALICE.email], NewSite("shop"))
        await made.parts.sites.create(made.actors[BOB.email], NewSite("blog"))
        yield made


@pytest.fixture
def alice(server: Appliance) -> Actor:
    return server.actors[ALICE.email]


@pytest.fixture
def bob(server: Appliance) -> Actor:
    return server.actors[BOB.email]


async def shown(server: Appliance, host: str, path: str = "/") -> str:
    return (await server.fetch(host, path)).text


async def test_a_listed_deploy_is_live_once_its_content_was_sent(server: Appliance, alice: Actor) -> None:
    facts = await made(server.parts, alice, "shop", ONE)

    assert (facts.state, facts.live, facts.files) == ("ready", True, 3)
    assert [step.state for step in facts.steps] == ["done"] * len(facts.steps)
    assert await shown(server, "shop.localhost") == page("one")
    assert await shown(server, "shop.localhost", "/app.js") == "let one"


async def test_only_what_changed_is_asked_for(server: Appliance, alice: Actor) -> None:
    await made(server.parts, alice, "shop", ONE)

    opened = await server.parts.listings.begin(alice, "shop", NewDeploy(), listing_of(TWO))

    assert [file.path for file in opened.missing] == ["index.html"]


async def test_what_came_in_an_archive_is_not_asked_for_again(server: Appliance, alice: Actor) -> None:
    async with server.client(ALICE) as client:
        await deployed(client, "shop", zip_of(ONE))

    opened = await server.parts.listings.begin(alice, "shop", NewDeploy(), listing_of(TWO))

    assert [file.path for file in opened.missing] == ["index.html"]


async def test_an_archive_and_a_listing_make_the_same_manifest(server: Appliance, alice: Actor) -> None:
    async with server.client(ALICE) as client:
        archived = await deployed(client, "shop", zip_of(ONE | {"junk/.DS_Store": "x", "_redirects": "/a /about"}))

    listed = await made(
        server.parts, alice, "shop", ONE | {"junk/.DS_Store": "x", "_redirects": "/a /about"}, NewDeploy()
    )

    again = await server.parts.deploys.get(alice, archived["id"])
    assert (listed.files, listed.bytes, len(listed.problems)) == (again.files, again.bytes, len(again.problems))
    assert (await server.fetch("shop.localhost", "/a")).status_code == 301


async def test_what_was_sent_before_a_stop_is_not_asked_for_after_it(tmp_path: Path) -> None:
    async with appliance(tmp_path / "data", (OLGA, ALICE)) as first:
        alice = first.actors[ALICE.email]
        await first.parts.sites.create(alice, NewSite("shop"))
        new = NewDeploy()
        await first.parts.listings.begin(alice, "shop", new, listing_of(ONE))
        await sent(first.parts, alice, ONE["index.html"])

    async with appliance(tmp_path / "data", before=first) as again:
        opened = await again.parts.listings.get(alice, new.id)
        assert sorted(file.path for file in opened.missing) == ["about.html", "app.js"]
        await sent(again.parts, alice, ONE["about.html"], ONE["app.js"])
        await again.parts.listings.finish(alice, new.id)

        assert (await settled(again.parts, alice, new.id)).live


async def test_a_deploy_with_content_missing_is_not_finished(server: Appliance, alice: Actor) -> None:
    new = NewDeploy()
    await server.parts.listings.begin(alice, "shop", new, listing_of(ONE))

    with pytest.raises(Conflict, match=r"'index\.html'") as refused:
        await server.parts.listings.finish(alice, new.id)

    assert refused.value.code == "content_missing"
    assert (await server.parts.listings.get(alice, new.id)).files == 3


async def test_finishing_again_answers_the_same(server: Appliance, alice: Actor) -> None:
    new = NewDeploy()
    await server.parts.listings.begin(alice, "shop", new, listing_of(ONE))
    await sent(server.parts, alice, *ONE.values())

    both = await asyncio.gather(*(server.parts.listings.finish(alice, new.id) for _ in range(2)))

    assert {(facts.id, facts.number) for facts in both} == {(new.id, 1)}
    await settled(server.parts, alice, new.id)


async def test_the_last_content_finishes_a_deploy_that_is_told_of_each(server: Appliance, alice: Actor) -> None:
    new = NewDeploy()
    texts = {"index.html": page("one"), "app.js": "let one"}
    await server.parts.listings.open(alice, "shop", new)
    files = tuple(Listed(path, sha1(text)) for path, text in texts.items())
    await server.parts.listings.fill(alice, new.id, Listing(files, exact=True))

    async def put(path: str) -> object:
        name = await server.parts.listings.named(alice, new.id, path)
        await server.parts.contents.put_bytes(alice, texts[path].encode(), name)
        return await server.parts.listings.received(alice, new.id, name)

    results = await asyncio.gather(put("index.html"), put("app.js"))

    assert sum(result is not None for result in results) == 1
    assert (await settled(server.parts, alice, new.id)).live


async def test_content_with_another_digest_than_it_was_sent_under_is_refused(server: Appliance, alice: Actor) -> None:
    for name in (sha256("one"), sha1("one")):
        with pytest.raises(BadInput) as refused:
            await server.parts.contents.put_bytes(alice, b"two", name)
        assert refused.value.code == "wrong_digest"

    assert await server.parts.contents.missing(alice, [sha256("two")]) == [sha256("two")]


@pytest.mark.parametrize("name", [sha256(page("one")), sha1(page("one")), pages(page("one"), "html")])
async def test_knowing_a_digest_gives_nobody_what_others_have(
    server: Appliance, alice: Actor, bob: Actor, name: Name
) -> None:
    """Alice has published it and sent it lately, under every name there is."""
    await made(server.parts, alice, "shop", ONE)
    for mine in (sha256(page("one")), sha1(page("one")), pages(page("one"), "html")):
        await server.parts.contents.put_bytes(alice, page("one").encode(), mine)
    new = NewDeploy()

    opened = await server.parts.listings.begin(bob, "blog", new, Listing((Listed("index.html", name),), exact=True))

    assert [file.name for file in opened.missing] == [name]
    with pytest.raises(Conflict):
        await server.parts.listings.finish(bob, new.id)
    assert (await server.fetch("blog.localhost")).status_code == 404


async def test_sending_what_others_have_costs_and_says_the_same_as_sending_what_nobody_has(
    server: Appliance, alice: Actor, bob: Actor
) -> None:
    """Else an answer, or the time it takes, would tell who has what."""
    await made(server.parts, alice, "shop", ONE)
    pending = server.parts.contents.of(bob.id)

    for text in (page("one"), page("new")):
        stored = await server.parts.contents.put_bytes(bob, text.encode(), sha256(text))
        assert (stored.sha256, stored.size) == (sha256(text).value, len(text))
        assert pending.path(stored.sha256).read_bytes() == text.encode()


async def test_cloudflares_digests_are_proven_with_the_path_they_are_listed_for(
    server: Appliance, alice: Actor
) -> None:
    right, wrong = pages("body {}", "css"), pages("body {}", "js")
    for name in (right, wrong):
        await server.parts.contents.put_bytes(alice, b"body {}", name)
    assert await server.parts.contents.missing(alice, [right, wrong]) == []
    files = (Listed("index.html", sha256("x")), Listed("a.css", right), Listed("b.css", wrong))
    await sent(server.parts, alice, "x")
    new = NewDeploy()

    opened = await server.parts.listings.begin(alice, "shop", new, Listing(files, exact=True))

    assert [file.path for file in opened.missing] == ["b.css"]
    assert await server.parts.contents.missing(alice, [right, wrong]) == [wrong]


async def test_more_than_an_account_may_have_pending_is_refused_and_other_accounts_go_on(
    server: Appliance, alice: Actor, bob: Actor
) -> None:
    for letter in "ab":
        await server.parts.contents.put_bytes(alice, letter.encode() * 20_000)

    with pytest.raises(TooLarge) as refused:
        await server.parts.contents.put_bytes(alice, b"c" * 20_000)

    assert refused.value.limit is not None
    assert (refused.value.limit.name, refused.value.limit.value) == ("pending_size", "50KB")
    await server.parts.contents.put_bytes(bob, b"c" * 20_000)
    await server.parts.contents.put_bytes(alice, b"c" * 5_000)


async def test_a_published_deploy_frees_what_was_pending(server: Appliance, alice: Actor) -> None:
    for text in ("one", "two", "three"):
        await made(server.parts, alice, "shop", {"index.html": page(text) + "." * 19_000})

    assert server.parts.contents.of(alice.id).sizes() == {}


@pytest.mark.parametrize(
    "path", ["../index.html", "/etc/passwd", "a\\b", "C:/x", "a/\0b", "x" * 2000, "con", "a/../../b"]
)
async def test_a_path_that_must_not_be_is_refused_and_nothing_is_begun(
    server: Appliance, alice: Actor, path: str
) -> None:
    new = NewDeploy()

    with pytest.raises((BadInput, TooLarge)):
        await server.parts.listings.begin(alice, "shop", new, listing_of(ONE | {path: "x"}))

    with pytest.raises(NotFound):
        await server.parts.listings.get(alice, new.id)


async def test_paths_that_clash_are_refused(server: Appliance, alice: Actor) -> None:
    with pytest.raises(Invalid) as refused:
        await server.parts.listings.begin(alice, "shop", NewDeploy(), listing_of({"A.css": "one", "a.css": "two"}))

    assert refused.value.code == "duplicate"


async def test_a_size_that_is_not_the_contents_is_refused(server: Appliance, alice: Actor) -> None:
    new = NewDeploy()
    await sent(server.parts, alice, "one")
    await server.parts.listings.begin(alice, "shop", new, Listing((Listed("index.html", sha256("one"), 1),)))

    with pytest.raises(Invalid) as refused:
        await server.parts.listings.finish(alice, new.id)

    assert refused.value.code == "wrong_size"


async def test_a_patch_adds_replaces_and_removes_on_top_of_a_deploy(server: Appliance, alice: Actor) -> None:
    await made(server.parts, alice, "shop", ONE)
    new = NewDeploy()
    changes = {"index.html": page("patched"), "new.html": page("new")}

    opened = await server.parts.listings.begin(
        alice, "shop", new, listing_of(changes, base="1", remove=("about.html",))
    )
    await sent(server.parts, alice, *changes.values())
    await server.parts.listings.finish(alice, new.id)

    assert sorted(file.path for file in opened.missing) == ["index.html", "new.html"]
    assert (await settled(server.parts, alice, new.id)).files == 3
    assert await shown(server, "shop.localhost") == page("patched")
    assert await shown(server, "shop.localhost", "/app.js") == "let one"
    assert (await server.fetch("shop.localhost", "/about.html")).status_code == 404


async def test_a_patch_of_the_only_file_makes_the_page_that_shows_it_again(server: Appliance, alice: Actor) -> None:
    await uploaded(server, alice, "# One", "doc.md")

    for number, text in enumerate(("# Two", "# Three"), 1):
        await patched(server, alice, {"doc.md": text}, base=str(number))

        assert f"<h1>{text.removeprefix('# ')}</h1>" in await shown(server, "shop.localhost")


async def test_a_patch_that_would_leave_a_page_that_was_made_is_refused(server: Appliance, alice: Actor) -> None:
    await uploaded(server, alice, "# One", "doc.md")
    sentence = r"'doc.md'.*add an index.html of your own, too, or remove index.html"

    with pytest.raises(Conflict, match=sentence):
        await patched(server, alice, {"logo.svg": "<svg/>"}, base="1")
    with pytest.raises(Conflict, match=sentence):
        await patched(server, alice, {}, base="1", remove=("doc.md",))


async def test_a_patch_may_remove_a_page_that_was_made_or_bring_another(server: Appliance, alice: Actor) -> None:
    await uploaded(server, alice, "# One", "doc.md")

    without = await patched(server, alice, {"logo.svg": "<svg/>"}, base="1", remove=("index.html",))
    await patched(server, alice, {"index.html": page("mine"), "doc.md": "# Two"}, base="1")

    assert without.files == 2
    assert await shown(server, "shop.localhost") == page("mine")


async def uploaded(server: Appliance, alice: Actor, text: str, name: str) -> None:
    new = NewDeploy()
    await server.parts.listings.begin(alice, "shop", new, listing_of({name: text}))
    await sent(server.parts, alice, text)
    await server.parts.listings.finish(alice, new.id)
    await settled(server.parts, alice, new.id)


async def patched(server: Appliance, alice: Actor, changes: dict[str, str], **more: object) -> DeployFacts:
    new = NewDeploy()
    await server.parts.listings.begin(alice, "shop", new, listing_of(changes, **more))
    await sent(server.parts, alice, *changes.values())
    await server.parts.listings.finish(alice, new.id)
    return await settled(server.parts, alice, new.id)


async def test_a_patched_deploy_keeps_the_passwords_of_its_rules(server: Appliance, alice: Actor) -> None:
    await made(server.parts, alice, "shop", ONE | {"_headers": "/*\n  Basic-Auth: bob:secret-word\n"})
    new = NewDeploy()
    await server.parts.listings.begin(alice, "shop", new, listing_of({"a.txt": "a"}, base="1"))
    await sent(server.parts, alice, "a")

    await server.parts.listings.finish(alice, new.id)

    assert (await settled(server.parts, alice, new.id)).live
    assert (await server.fetch("shop.localhost", "/a.txt")).status_code == 401
    assert (await server.fetch("shop.localhost", "/a.txt", auth=("bob", "secret-word"))).text == "a"


async def test_a_rule_file_with_passwords_is_pending_no_longer_than_needed(server: Appliance, alice: Actor) -> None:
    await made(server.parts, alice, "shop", ONE | {"_headers": "/*\n  Basic-Auth: bob:secret-word\n"})

    async with asyncio.timeout(60):  # it goes once the deploy is ready
        while server.parts.contents.of(alice.id).sizes():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


async def test_a_deploy_under_way_is_its_senders_only(server: Appliance, alice: Actor, bob: Actor) -> None:
    new = NewDeploy()
    await server.parts.listings.begin(alice, "shop", new, listing_of(ONE))

    for look in (server.parts.listings.get, server.parts.listings.finish):
        with pytest.raises(NotFound):
            await look(bob, new.id)
    await server.parts.listings.cancel(bob, new.id)

    assert (await server.parts.listings.get(alice, new.id)).id == new.id


async def test_a_deploy_that_was_given_up_is_gone(server: Appliance, alice: Actor) -> None:
    new = NewDeploy()
    await server.parts.listings.begin(alice, "shop", new, listing_of(ONE))

    await server.parts.listings.cancel(alice, new.id)

    with pytest.raises(NotFound):
        await server.parts.listings.get(alice, new.id)


@pytest.mark.parametrize("deploy", ["", "..", "../content", "x" * 500, "a/b"])
async def test_an_id_that_is_none_leads_nowhere(server: Appliance, alice: Actor, deploy: str) -> None:
    with pytest.raises(NotFound):
        await server.parts.listings.get(alice, deploy)


async def test_the_same_key_makes_one_deploy(server: Appliance, alice: Actor) -> None:
    first = await made(server.parts, alice, "shop", ONE, NewDeploy(key="ci-42"))
    again = NewDeploy(key="ci-42")
    await server.parts.listings.begin(alice, "shop", again, listing_of(TWO))
    await sent(server.parts, alice, *TWO.values())

    facts = await server.parts.listings.finish(alice, again.id)

    assert facts.id == first.id
    assert (await server.parts.deploys.listing(alice, "shop", 1, 10))[1] == 1


async def test_content_that_was_damaged_on_disk_fails_the_deploy_and_leaves_the_site(
    server: Appliance, alice: Actor
) -> None:
    await made(server.parts, alice, "shop", ONE)
    await sent(server.parts, alice, TWO["index.html"])
    path = server.parts.contents.of(alice.id).path(sha256(TWO["index.html"]).value)
    path.chmod(0o644)
    path.write_bytes(b"!" * len(TWO["index.html"]))

    facts = await made(server.parts, alice, "shop", TWO)

    assert facts.error is not None
    assert (facts.state, facts.error.code, facts.error.retry) == ("failed", "content_missing", True)
    assert await shown(server, "shop.localhost") == page("one")

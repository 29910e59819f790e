"""An old deploy made again: its originals, today's options, and nothing sent."""

import contextlib
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from appliance.deploys import NewDeploy, holdings
from appliance.errors import Conflict
from tests.appliance.listed import listing_of, sent, sha256
from tests.builders import Appliance, appliance, deployed, finished, page, zip_of
from tests.cast import ALICE, BOB, CHARLIE, OLGA
from tests.held_child import Gate

API = "/api/v1"
DAY = 86_400.0  # seconds
AIR = "\n\n      <!-- nothing said here -->\n\n   " * 4
PAGE = f"<!doctype html><html><head><title>t</title></head><body>{AIR}<p>word</p>{AIR}</body></html>"
SMALL = "<!doctype html><html><head><title>t</title></head><body>\n<p>word</p>\n</body></html>"
COUNTER = "<meta name=counted>"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Appliance]:
    people = (OLGA, ALICE, BOB, CHARLIE)
    async with appliance(tmp_path / "data", people, force_minify="site") as made:
        yield made


@pytest.fixture
async def alice(server: Appliance) -> AsyncIterator[httpx.AsyncClient]:
    async with server.client(ALICE) as client:
        yield client


async def asked_again(client: httpx.AsyncClient, deploy: dict[str, Any], **options: Any) -> httpx.Response:
    return await client.post(f"{API}/deploys/{deploy['id']}/redeploy", **options)


async def made_again(client: httpx.AsyncClient, deploy: dict[str, Any], **options: Any) -> dict[str, Any]:
    """The finished deploy of another one's files, for which nothing was sent."""
    answer = await asked_again(client, deploy, **options)
    assert (answer.status_code, answer.request.content) == (202, b""), answer.text
    return await finished(client, answer.json()["id"])


async def with_options(client: httpx.AsyncClient, **options: Any) -> None:
    (await client.patch(f"{API}/sites/shop", json=options)).raise_for_status()


async def with_options_of_a_new_site(client: httpx.AsyncClient, **options: Any) -> None:
    (await client.post(f"{API}/sites", json={"name": "shop"})).raise_for_status()
    await with_options(client, **options)


async def shown(server: Appliance, path: str = "/", **options: Any) -> str:
    return (await server.fetch("shop.localhost", path, **options)).text


def blob(server: Appliance, text: str) -> Path:
    """Where the store has this content."""
    name = sha256(text).value
    return Path(server.parts.settings.data) / "blobs" / name[:2] / name


def damage(path: Path, content: bytes | None) -> None:
    path.chmod(0o644)
    path.unlink() if content is None else path.write_bytes(content)


async def numbers(client: httpx.AsyncClient) -> list[int]:
    items = (await client.get(f"{API}/sites/shop/deploys")).json()["items"]
    return [deploy["number"] for deploy in items]


async def test_visitors_get_the_originals_once_minifying_is_off_and_the_derived_once_it_is_on(
    server: Appliance, alice: httpx.AsyncClient
) -> None:
    old = await deployed(alice, "shop", zip_of({"index.html": PAGE}), message="One", branch="main", commit="abc1234")
    minified = await shown(server)

    await with_options(alice, minify=False)
    off = await made_again(alice, old)
    plain = await server.fetch("shop.localhost", headers={"accept-encoding": "identity"})
    await with_options(alice, minify=True)
    await made_again(alice, off)

    assert (minified, plain.content, await shown(server)) == (SMALL, PAGE.encode(), SMALL)
    assert (off["live"], off["number"], off["again_of"], off["source"]) == (True, 2, 1, "redeploy")
    assert (off["message"], off["branch"], off["commit"]) == ("One", "main", "abc1234")
    assert server.parts.contents.of(server.actors[ALICE.email].id).sizes() == {}


async def test_the_snippet_of_today_is_in_the_pages_of_then(server: Appliance, alice: httpx.AsyncClient) -> None:
    await with_options_of_a_new_site(alice, head_snippet="<meta name=then>", minify=False)
    old = await deployed(alice, "shop", zip_of({"index.html": PAGE}))

    await with_options(alice, head_snippet=COUNTER)
    await made_again(alice, old)

    assert await shown(server) == PAGE.replace("</head>", f"{COUNTER}</head>")


async def test_rules_passwords_and_all_other_files_are_as_they_were(
    server: Appliance, alice: httpx.AsyncClient
) -> None:
    site = {
        "index.html": page("one"),
        "members/index.html": page("members"),
        "_headers": "/*\n  X-Kind: shop\n/members/*\n  Basic-Auth: bob:secret-word\n",
        "_redirects": "/old /members/ 302\n",
        "netlify.toml": '[[redirects]]\nfrom = "/older"\nto = "/"\nstatus = 307\n',
        "folder/page.html": page("inside"),
        ".well-known/security.txt": "Contact: alice",
    }
    old = await deployed(alice, "shop", zip_of(site))
    await deployed(alice, "shop", zip_of({"index.html": page("two")}))

    again = await made_again(alice, old)

    got = [
        await server.fetch("shop.localhost", path, auth=auth)
        for path, auth in (
            ("/", None),
            ("/members/", None),
            ("/members/", ("bob", "secret-word")),
            ("/old", None),
            ("/older", None),
            ("/folder/page.html", None),
            ("/.well-known/security.txt", None),
        )
    ]
    assert [answer.status_code for answer in got] == [200, 401, 200, 302, 307, 200, 200]
    assert (got[0].text, got[0].headers["x-kind"], got[2].text) == (page("one"), "shop", page("members"))
    assert (again["files"], again["bytes"], again["problems"]) == (old["files"], old["bytes"], old["problems"])


@pytest.mark.parametrize(
    "rules",
    [
        '[[headers]]\nfor = "/*"\n[headers.values]\nBasic-Auth = "bob:secret"\n# Basic-Auth was bob:older\n',
        '# no Basic-Auth here\n[[redirects]]\nfrom = "/a"\nto = "/b"\n',
    ],
)
async def test_rules_that_are_not_kept_are_said_to_be_missing_instead_of_left_out(
    server: Appliance, alice: httpx.AsyncClient, rules: str
) -> None:
    old = await deployed(
        alice, "shop", zip_of({"index.html": page("one"), "netlify.toml": rules, "_headers": "/*\n  X-A: b\n"})
    )

    refused = await asked_again(alice, old)

    assert [problem["code"] for problem in old["problems"]] == ["rules_not_kept"]
    assert (refused.status_code, refused.json()["code"]) == (409, "has_locks")
    assert await numbers(alice) == [1]


async def test_a_patch_that_brings_the_rules_that_are_not_kept_is_taken(
    server: Appliance, alice: httpx.AsyncClient
) -> None:
    actor, rules = server.actors[ALICE.email], "# no Basic-Auth here\n"
    await deployed(alice, "shop", zip_of({"index.html": page("one"), "netlify.toml": rules}))
    brought, other = {"netlify.toml": "# nothing\n"}, {"a.txt": "a"}
    await sent(server.parts, actor, *brought.values(), *other.values())

    await server.parts.listings.make(actor, "shop", NewDeploy(), listing_of(brought, base="1"))
    with pytest.raises(Conflict) as refused:
        await server.parts.listings.make(actor, "shop", NewDeploy(), listing_of(other, base="1"))

    assert refused.value.code == "has_locks"


async def test_a_patched_deploy_is_made_again_with_its_patch(server: Appliance, alice: httpx.AsyncClient) -> None:
    actor = server.actors[ALICE.email]
    await deployed(alice, "shop", zip_of({"index.html": PAGE, "old.txt": "old", "left.txt": "left"}))
    new, changes = NewDeploy(), {"index.html": PAGE.replace("word", "patched")}
    await sent(server.parts, actor, *changes.values())
    await server.parts.listings.make(actor, "shop", new, listing_of(changes, base="1", remove=("old.txt",)))
    patched = await finished(alice, new.id)

    await with_options(alice, minify=False)
    again = await made_again(alice, patched)

    assert (again["files"], again["again_of"], await shown(server)) == (2, 2, changes["index.html"])
    assert (await server.fetch("shop.localhost", "/old.txt")).status_code == 404


async def test_the_page_of_an_only_file_is_made_again_and_no_generator_is_asked_for(
    server: Appliance, alice: httpx.AsyncClient
) -> None:
    old = await deployed(alice, "shop", zip_of({"README.md": "# One"}), build="static")
    (await alice.patch(f"{API}/sites/shop/build", json={"generator": "mkdocs"})).raise_for_status()

    again = await made_again(alice, old)

    assert (again["state"], again["files"], again["live"]) == ("ready", 2, True)
    assert "<h1>One</h1>" in await shown(server)


async def test_an_old_deploy_is_found_however_many_came_since(
    server: Appliance, alice: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holdings, "NEWEST", 1)
    old = await deployed(alice, "shop", zip_of({"index.html": page("one")}))
    for text in ("two", "three"):
        await deployed(alice, "shop", zip_of({"index.html": page(text)}))

    await made_again(alice, old)

    assert await shown(server) == page("one")


async def test_it_may_be_a_draft_have_an_alias_a_life_and_a_message(
    server: Appliance, alice: httpx.AsyncClient
) -> None:
    old = await deployed(alice, "shop", zip_of({"index.html": page("one")}), message="One")
    await deployed(alice, "shop", zip_of({"index.html": page("two")}))

    draft = await made_again(alice, old, params={"draft": "true", "message": "Look", "expires": "2h"})
    named = await made_again(alice, old, params={"alias": "staging"})

    assert (draft["live"], draft["draft"], draft["message"], bool(draft["expires_at"])) == (False, True, "Look", True)
    assert (named["live"], [alias["name"] for alias in named["aliases"]]) == (False, ["staging"])
    assert await shown(server) == page("two")


async def test_a_locked_site_keeps_what_is_live_and_the_deploy_waits(
    server: Appliance, alice: httpx.AsyncClient
) -> None:
    old = await deployed(alice, "shop", zip_of({"index.html": page("one")}))
    await deployed(alice, "shop", zip_of({"index.html": page("two")}))
    (await alice.put(f"{API}/sites/shop/lock", json={"reason": "Sale"})).raise_for_status()

    again = await made_again(alice, old)

    assert (again["state"], again["live"]) == ("ready", False)
    assert [problem["code"] for problem in again["problems"]] == ["locked"]
    assert await shown(server) == page("two")


async def test_members_may_and_to_strangers_there_is_no_such_deploy(
    server: Appliance, alice: httpx.AsyncClient
) -> None:
    old = await deployed(alice, "shop", zip_of({"index.html": page("one")}))
    (await alice.put(f"{API}/sites/shop/members/{BOB.email}")).raise_for_status()

    async with server.client(BOB) as bob, server.client(CHARLIE) as charlie, server.client() as nobody:
        mine = await made_again(bob, old)
        answers = [await asked_again(charlie, old), await asked_again(nobody, old)]
    wrong = await alice.put(f"{API}/deploys/{old['id']}/redeploy")

    assert (mine["live"], mine["author"]) == (True, BOB.email)
    assert [answer.status_code for answer in answers] == [404, 401]
    assert (wrong.status_code, await numbers(alice)) == (405, [2, 1])


async def test_asked_twice_with_the_same_key_it_is_one_deploy_and_under_a_condition_it_may_be_none(
    server: Appliance, alice: httpx.AsyncClient
) -> None:
    old = await deployed(alice, "shop", zip_of({"index.html": page("one")}))
    key = {"idempotency-key": "once"}

    first = await made_again(alice, old, headers=key)
    second = await asked_again(alice, old, headers=key)
    refused = await asked_again(alice, old, headers={"if-match": '"1"'})

    assert second.json()["id"] == first["id"]
    assert (refused.status_code, refused.json()["code"]) == (409, "live_changed")
    assert await numbers(alice) == [2, 1]
    assert list((Path(server.parts.settings.data) / "incoming").iterdir()) == []


async def test_the_history_says_of_what_it_was_made_again(server: Appliance, alice: httpx.AsyncClient) -> None:
    old = await deployed(alice, "shop", zip_of({"index.html": page("one")}))

    again = await made_again(alice, old)

    entries = (await alice.get(f"{API}/audit", params={"site": "shop", "action": "deploy"})).json()["items"]
    about = [entry for entry in entries if entry["details"].get("deploy") == again["id"]]
    number, before = again["number"], old["number"]
    assert [(entry["action"], entry["what"]) for entry in about] == [
        ("deploy.live_again", f"made deploy {number} of shop live by deploying an earlier one again"),
        ("deploy.again", f"deployed deploy {before} of shop again, as deploy {number}"),
    ]
    assert about[1]["details"]["source"] == "redeploy"


async def test_a_deploy_that_is_not_ready_is_not_made_again(server: Appliance, alice: httpx.AsyncClient) -> None:
    failed = await deployed(alice, "shop", b"PK no ZIP")

    refused = await asked_again(alice, failed)

    assert (failed["state"], refused.status_code, refused.json()["code"]) == ("failed", 409, "not_ready")


@pytest.mark.parametrize("left", [None, b"short"])
async def test_content_that_is_gone_or_cut_short_is_refused_by_its_path_and_nothing_is_made(
    server: Appliance, alice: httpx.AsyncClient, left: bytes | None
) -> None:
    old = await deployed(alice, "shop", zip_of({"index.html": PAGE, "about.html": page("about")}))
    await deployed(alice, "shop", zip_of({"index.html": page("two")}))
    damage(blob(server, page("about")), left)

    refused = await asked_again(alice, old)

    assert (refused.status_code, refused.json()["code"]) == (409, "content_lost")
    assert "'about.html'" in refused.json()["detail"]
    assert (await numbers(alice), await shown(server)) == ([2, 1], page("two"))
    assert list((Path(server.parts.settings.data) / "pending").glob("*/*/*")) == []


@pytest.mark.parametrize("live", [True, False])
async def test_content_with_other_bytes_than_its_name_says_fails_the_deploy_and_leaves_the_site(
    server: Appliance, alice: httpx.AsyncClient, live: bool
) -> None:
    old = await deployed(alice, "shop", zip_of({"index.html": page("one"), "about.html": PAGE}))
    expected = page("one")
    if not live:
        expected = page("two")
        await deployed(alice, "shop", zip_of({"index.html": expected}))
    damage(blob(server, PAGE), b"!" * len(PAGE))

    failed = await made_again(alice, old)

    assert (failed["state"], failed["error"]["code"], failed["error"]["retry"]) == ("failed", "content_lost", False)
    assert await shown(server) == expected


async def test_a_manifest_that_cannot_be_read_is_refused(server: Appliance, alice: httpx.AsyncClient) -> None:
    old = await deployed(alice, "shop", zip_of({"index.html": page("one")}))
    await deployed(alice, "shop", zip_of({"index.html": page("two")}))
    for path in (Path(server.parts.settings.data) / "manifests").iterdir():
        damage(path, path.read_bytes()[:-1])

    refused = await asked_again(alice, old)

    assert (refused.status_code, refused.json()["code"]) == (409, "content_lost")


async def test_the_old_deploy_may_be_deleted_and_swept_meanwhile(tmp_path: Path) -> None:
    data, gate = tmp_path / "data", Gate(tmp_path / "gate")
    async with (
        appliance(data, (OLGA, ALICE), build_command=gate.command(data)) as server,
        server.client(ALICE) as client,
    ):
        old = await deployed(client, "shop", zip_of({"index.html": page("one"), "only.txt": "only here"}))
        await deployed(client, "shop", zip_of({"index.html": page("two")}))
        gate.hold_next()
        begun = (await asked_again(client, old)).json()
        await gate.held(begun["id"])
        (await client.delete(f"{API}/deploys/{old['id']}")).raise_for_status()
        for _ in range(2):  # the first finds that nothing names its manifest
            age(data)
            await server.parts.sweeping.sweep()
        gate.let_go(begun["id"])
        again = await finished(client, begun["id"])

        assert (again["state"], again["again_of"]) == ("ready", 1)
        assert (await shown(server), await shown(server, "/only.txt")) == (page("one"), "only here")


def age(data: Path) -> None:
    """Everything stored was last used, and found to be unnamed, a day ago."""
    then = time.time() - DAY
    for folder in ("blobs", "manifests", "sweep/unnamed"):
        for path in (data / folder).rglob("*"):
            with contextlib.suppress(FileNotFoundError):
                if path.is_file():
                    os.utime(path, (then, then))

"""The gate of a site, by the API, and what visitors meet the moment it has answered."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.builders import Appliance, appliance, deployed, zip_of
from tests.cast import ADAM, ALICE, BOB, EVERYBODY

pytestmark = pytest.mark.asyncio(loop_scope="session")

PASSWORD = "open sesame please"
BROWSER = {"accept": "text/html"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Appliance]:
    async with appliance(tmp_path_factory.mktemp("gates") / "data", EVERYBODY) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def alice(server: Appliance) -> AsyncIterator[httpx.AsyncClient]:
    async with server.client(ALICE) as client:
        yield client


async def site(client: httpx.AsyncClient, name: str) -> str:
    """A site with one page; the id of its deploy."""
    made = await deployed(client, name, zip_of({"index.html": f"page of {name}"}))
    return str(made["id"])


async def gate(client: httpx.AsyncClient, name: str, **change: Any) -> dict[str, Any]:
    answer = await client.patch(f"/api/v1/sites/{name}/gate", json=change)
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


async def status(server: Appliance, host: str, path: str = "/", **options: Any) -> int:
    return (await server.fetch(f"{host}.localhost", path, **options)).status_code


async def test_a_site_begins_without_a_gate(server: Appliance, alice: httpx.AsyncClient) -> None:
    await site(alice, "fresh")

    found = (await alice.get("/api/v1/sites/fresh/gate")).json()

    assert found.pop("covers") == "nothing"
    assert not any(found.values())
    assert await status(server, "fresh") == 200


async def test_a_password_closes_the_site_at_once_with_its_deploys(server: Appliance, alice: httpx.AsyncClient) -> None:
    deploy = await site(alice, "closing")
    assert await status(server, f"{deploy}--closing") == 200

    found = await gate(alice, "closing", password=PASSWORD)

    assert (found["covers"], found["has_password"]) == ("everything", True)
    assert PASSWORD not in str(found)
    assert await status(server, "closing") == 401
    assert await status(server, f"{deploy}--closing") == 401
    assert await status(server, "0000000000--closing") == 401
    assert await status(server, "closing", auth=("me", PASSWORD)) == 200
    assert await status(server, f"{deploy}--closing", auth=("me", PASSWORD)) == 200
    assert await status(server, "0000000000--closing", auth=("me", PASSWORD)) == 404


async def test_only_previews_may_be_covered(server: Appliance, alice: httpx.AsyncClient) -> None:
    deploy = await site(alice, "previews")

    await gate(alice, "previews", covers="previews", password=PASSWORD)

    assert await status(server, "previews") == 200
    assert await status(server, f"{deploy}--previews") == 401


async def test_a_gate_taken_away_opens_the_site_at_once(server: Appliance, alice: httpx.AsyncClient) -> None:
    await site(alice, "opening")
    await gate(alice, "opening", password=PASSWORD)

    found = await gate(alice, "opening", covers="nothing")

    assert found["has_password"]
    assert await status(server, "opening") == 200


async def test_without_its_password_a_gate_stays_closed(server: Appliance, alice: httpx.AsyncClient) -> None:
    await site(alice, "lost-key")
    await gate(alice, "lost-key", password=PASSWORD)

    found = await gate(alice, "lost-key", password=None)

    assert (found["covers"], found["has_password"]) == ("everything", False)
    assert await status(server, "lost-key", auth=("me", PASSWORD)) == 401


@pytest.mark.parametrize("password", ["short", "x" * 1_025, "surrogate \ud800 inside"])
async def test_a_password_that_cannot_be_one_is_refused(alice: httpx.AsyncClient, password: str) -> None:
    await alice.post("/api/v1/sites", json={"name": "picky"})

    answer = await alice.patch(
        "/api/v1/sites/picky/gate", content=b'{"password": "%s"}' % password.encode("unicode_escape"),
        headers={"content-type": "application/json"},
    )  # fmt: skip

    assert answer.status_code in {400, 422}


async def test_signing_in_lasts_over_a_deploy_and_ends_with_the_password(
    server: Appliance, alice: httpx.AsyncClient
) -> None:
    await site(alice, "lasting")
    await gate(alice, "lasting", password=PASSWORD)
    cookie = await signed_in(server, "lasting")

    await deployed(alice, "lasting", zip_of({"index.html": "second"}))
    after_deploy = await server.fetch("lasting.localhost", headers=cookie)
    await gate(alice, "lasting", password=PASSWORD + " 2")

    assert (after_deploy.status_code, after_deploy.text) == (200, "second")
    assert await status(server, "lasting", headers=cookie) == 401


async def signed_in(server: Appliance, name: str) -> dict[str, str]:
    """A visitor's cookie, got by the form."""
    async with httpx.AsyncClient() as visitor:
        answer = await visitor.post(
            f"http://127.0.0.1:{server.port}/.dropdock/unlock",
            data={"password": PASSWORD, "next": "/"},
            headers={"host": f"{name}.localhost"},
        )
    assert answer.status_code == 303, answer.text
    return {"cookie": answer.headers["set-cookie"].partition(";")[0]}


async def test_a_share_link_opens_until_it_is_taken_back(server: Appliance, alice: httpx.AsyncClient) -> None:
    await site(alice, "shared")
    await gate(alice, "shared", covers="everything")
    wanted = {"lifetime": 3600, "label": "for the client", "path": "/a?b=c"}

    made = (await alice.post("/api/v1/sites/shared/gate/links", json=wanted)).raise_for_status().json()
    path = made["url"].removeprefix(f"http://shared.localhost:{server.port}")
    opened = await server.fetch("shared.localhost", path)
    cookie = {"cookie": opened.headers["set-cookie"].partition(";")[0]}
    inside = await status(server, "shared", headers=cookie)
    listed = (await alice.get("/api/v1/sites/shared/gate")).json()["links"]
    await alice.delete(f"/api/v1/sites/shared/gate/links/{made['id']}")

    assert (opened.status_code, opened.headers["location"]) == (303, "/a?b=c")
    assert inside == 200
    assert [(link["id"], link["label"]) for link in listed] == [(made["id"], "for the client")]
    assert await status(server, "shared", headers=cookie) == 401
    assert await status(server, "shared", path) == 403


@pytest.mark.parametrize("wanted", [{"path": "elsewhere"}, {"path": "/a b"}, {"label": "a\nb"}])
async def test_a_share_link_that_cannot_be_one_is_refused(alice: httpx.AsyncClient, wanted: dict[str, str]) -> None:
    await alice.post("/api/v1/sites", json={"name": "picky"})

    answer = await alice.post("/api/v1/sites/picky/gate/links", json=wanted)

    assert (answer.status_code, answer.json()["code"]) == (422, "bad_link")


async def test_there_is_an_end_to_share_links(alice: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.gates.MOST_LINKS", 1)
    await alice.post("/api/v1/sites", json={"name": "linked"})

    answers = [await alice.post("/api/v1/sites/linked/gate/links", json={}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 409]


async def test_a_link_that_is_not_there_cannot_be_taken_back(alice: httpx.AsyncClient) -> None:
    await alice.post("/api/v1/sites", json={"name": "linked"})

    for name in ("nothing", "x" * 40):
        assert (await alice.delete(f"/api/v1/sites/linked/gate/links/{name}")).status_code == 404


async def test_automation_passes_with_its_token(server: Appliance, alice: httpx.AsyncClient) -> None:
    await site(alice, "robots")
    await gate(alice, "robots", password=PASSWORD)

    token = (await alice.post("/api/v1/sites/robots/gate/bypass")).json()["token"]
    header = {"x-dropdock-bypass": token}
    with_token = await status(server, "robots", headers=header)
    await alice.delete("/api/v1/sites/robots/gate/bypass")

    assert with_token == 200
    assert await status(server, "robots", headers=header) == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("PATCH", ""),
        ("POST", "/links"),
        ("DELETE", "/links/x"),
        ("POST", "/bypass"),
        ("DELETE", "/bypass"),
    ],
)
async def test_another_user_s_gate_is_not_there(
    server: Appliance, alice: httpx.AsyncClient, method: str, path: str
) -> None:
    await alice.post("/api/v1/sites", json={"name": "alices"})

    async with server.client(BOB) as bob, server.client() as nobody:
        answer = await bob.request(method, f"/api/v1/sites/alices/gate{path}", json={} if method != "DELETE" else None)
        refused = await nobody.request(method, f"/api/v1/sites/alices/gate{path}")

    assert (answer.status_code, refused.status_code) == (404, 401)


async def test_an_admin_may_change_everybody_s_gate(server: Appliance, alice: httpx.AsyncClient) -> None:
    await alice.post("/api/v1/sites", json={"name": "alices"})

    async with server.client(ADAM) as adam:
        assert (await gate(adam, "alices", covers="previews"))["covers"] == "previews"


async def test_a_new_site_does_not_inherit_the_gate_of_one_by_its_name(
    server: Appliance, alice: httpx.AsyncClient
) -> None:
    await site(alice, "reborn")
    await gate(alice, "reborn", password=PASSWORD)
    cookie = await signed_in(server, "reborn")

    await alice.delete("/api/v1/sites/reborn")
    await alice.delete("/api/v1/deleted-sites/reborn")
    gone = await status(server, "reborn")
    await site(alice, "reborn")
    fresh = await status(server, "reborn")
    await gate(alice, "reborn", password=PASSWORD)

    assert (gone, fresh) == (404, 200)
    assert await status(server, "reborn", headers=cookie) == 401


async def test_basic_auth_in_the_headers_file_locks_its_paths(server: Appliance, alice: httpx.AsyncClient) -> None:
    files = {
        "index.html": "open",
        "members/index.html": "members only",
        "_headers": "/members/*\n  Basic-Auth: ann:first-password bob:second-password\n  X-Own: yes\n",
    }

    made = await deployed(alice, "members", zip_of(files))
    answers = {
        who: (await server.fetch("members.localhost", "/members/", auth=who)).status_code
        for who in (("ann", "first-password"), ("bob", "second-password"), ("ann", "second-password"), ("eve", ""))
    }
    inside = await server.fetch("members.localhost", "/members/", auth=("ann", "first-password"))

    assert [problem["code"] for problem in made["problems"]] == []
    assert list(answers.values()) == [200, 200, 401, 401]
    assert await status(server, "members") == 200
    assert await status(server, "members", "/members") == 401
    assert await status(server, f"{made['id']}--members", "/members/") == 401
    assert await status(server, "members", "/_headers") == 404
    assert (inside.headers["cache-control"], inside.headers["x-own"]) == ("private, no-store", "yes")

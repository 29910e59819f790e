"""Cloudflare's protocol without wrangler: keys, tokens for uploads, deployments, refusals in its own form."""

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from blake3 import blake3

from appliance import tokens, upload_tokens
from tests.builders import Appliance, appliance, page
from tests.cast import ALICE, BOB, OLGA
from tests.clients.waiting import until

INDEX = page("By key").encode()


def key(content: bytes, extension: str) -> str:
    return blake3(base64.b64encode(content) + extension.encode()).hexdigest()[:32]


class Pages:
    """Somebody with a token, a project and an upload token."""

    def __init__(self, server: Appliance, email: str) -> None:
        headers = {"Authorization": f"Bearer {server.tokens[email]}"}
        base = f"http://localhost:{server.port}/cloudflare"
        self.client = httpx.AsyncClient(base_url=base, headers=headers, timeout=60)
        self.account = f"{server.actors[email].id:032x}"
        self.projects = f"/accounts/{self.account}/pages/projects"
        self.permit = ""

    async def begin(self, project: str = "blog", branch: str = "main") -> None:
        body = json.dumps({"name": project, "production_branch": branch})
        await self.client.post(self.projects, content=body, headers={"Content-Type": "text/plain"})
        token = await self.client.get(f"{self.projects}/{project}/upload-token")
        self.permit = token.json()["result"]["jwt"]

    async def asset(self, call: str, body: object) -> httpx.Response:
        return await self.client.post(
            f"/pages/assets/{call}", json=body, headers={"Authorization": f"Bearer {self.permit}"}
        )

    async def upload(self, *contents: tuple[str, bytes]) -> httpx.Response:
        assets = [{"key": name, "value": base64.b64encode(body).decode(), "base64": True} for name, body in contents]
        return await self.asset("upload", assets)

    async def deploy(self, manifest: dict[str, str], project: str = "blog", **fields: Any) -> httpx.Response:
        files: dict[str, Any] = {"manifest": (None, json.dumps(manifest)), **fields}
        return await self.client.post(f"{self.projects}/{project}/deployments", files=files)

    async def finished(self, answer: httpx.Response, project: str = "blog") -> dict[str, Any]:
        address = f"{self.projects}/{project}/deployments/{answer.json()['result']['id']}"

        async def look() -> dict[str, Any] | None:
            found: dict[str, Any] = (await self.client.get(address)).json()["result"]
            return found if found["latest_stage"]["name"] == "deploy" else None

        return await until(look)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Appliance]:
    async with appliance(tmp_path / "data", [OLGA, ALICE, BOB], file_size=100_000) as running:
        yield running


@pytest.fixture
async def pages(server: Appliance) -> AsyncIterator[Pages]:
    made = Pages(server, ALICE.email)
    async with made.client:
        await made.begin()
        yield made


async def test_content_is_sent_once_and_deployed_by_its_keys(server: Appliance, pages: Pages) -> None:
    html, text = key(INDEX, "html"), key(b"plain", "")
    missing = await pages.asset("check-missing", {"hashes": [html, text]})
    assert missing.json()["result"] == [html, text]
    assert (await pages.upload((html, INDEX), (text, b"plain"))).json()["success"]
    assert (await pages.asset("upsert-hashes", {"hashes": [html, text]})).json()["success"]

    made = await pages.deploy(
        {"/index.html": html, "/plain": text},
        _headers=("_headers", "/*\n  X-From: rules\n"),
        _redirects=("_redirects", "/old / 302\n"),
        commit_message=(None, "Why"),
        branch=(None, "main"),
    )

    done = await pages.finished(made)
    assert done["latest_stage"]["status"] == "success"
    assert done["environment"] == "production"
    answer = await server.fetch("blog.localhost")
    assert "By key" in answer.text
    assert answer.headers["x-from"] == "rules"
    assert (await server.fetch("blog.localhost", "/old")).status_code == 302
    assert (await pages.asset("check-missing", {"hashes": [html, text]})).json()["result"] == []


async def test_a_key_of_other_content_is_refused_and_asked_for_again(pages: Pages) -> None:
    claimed = key(INDEX, "html")
    await pages.upload((claimed, b"something else"))

    answer = await pages.deploy({"/index.html": claimed})

    assert not answer.json()["success"]
    await pages.upload((claimed, INDEX))
    done = await pages.finished(await pages.deploy({"/index.html": claimed}))
    assert done["latest_stage"]["status"] == "success"


async def test_another_branch_is_an_alias(server: Appliance, pages: Pages) -> None:
    html = key(INDEX, "html")
    await pages.upload((html, INDEX))

    done = await pages.finished(await pages.deploy({"/index.html": html}, branch=(None, "Docs/New")))

    assert done["environment"] == "preview"
    assert done["aliases"] == [f"http://docs-new--blog.localhost:{server.port}"]
    assert "By key" in (await server.fetch("docs-new--blog.localhost")).text
    assert (await server.fetch("blog.localhost")).status_code == 404


async def test_a_deployment_is_deleted_but_not_the_live_one_and_an_alias_s_only_by_force(
    server: Appliance, pages: Pages
) -> None:
    html = key(INDEX, "html")
    await pages.upload((html, INDEX))
    live = await pages.finished(await pages.deploy({"/index.html": html}))
    branch = await pages.finished(await pages.deploy({"/index.html": html}, branch=(None, "next")))
    address = f"{pages.projects}/blog/deployments"

    listed = {
        env: (await pages.client.get(address, params={"env": env})).json()["result"]
        for env in ("production", "preview")
    }
    assert {env: [one["id"] for one in found] for env, found in listed.items()} == {
        "production": [live["id"]],
        "preview": [branch["id"]],
    }

    kept = await pages.client.delete(f"{address}/{live['id']}", params={"force": "true"})
    pointed_to = await pages.client.delete(f"{address}/{branch['id']}", params={"force": "false"})
    forced = await pages.client.delete(f"{address}/{branch['id']}", params={"force": "true"})

    assert [kept.status_code, pointed_to.status_code, forced.status_code] == [409, 409, 200]
    assert (await server.fetch("next--blog.localhost")).status_code == 404
    assert (await server.fetch("blog.localhost")).status_code == 200


async def test_sites_made_this_way_answer_as_cloudflare_does(server: Appliance, pages: Pages) -> None:
    site = await server.parts.sites.get(server.actors[ALICE.email], "blog")

    assert (site.options.dialect, site.options.html) == ("cloudflare", "auto")


@pytest.mark.parametrize("field", ["_worker.bundle", "_worker.js", "functions-filepath-routing-config.json"])
async def test_functions_are_refused(pages: Pages, field: str) -> None:
    sent: dict[str, Any] = {field: (field, "export default {}")}
    answer = await pages.deploy({}, **sent)

    assert answer.status_code == 422
    assert "not supported: static sites only" in answer.json()["errors"][0]["message"]


async def test_a_missing_project_has_the_code_the_client_knows(pages: Pages) -> None:
    answer = await pages.client.get(f"{pages.projects}/nope")

    assert answer.status_code == 404
    assert answer.json() == {
        "success": False,
        "errors": [{"code": 8000007, "message": "There is no site 'nope' in this account."}],
        "messages": [],
        "result": None,
    }


async def test_an_upload_token_is_for_its_site_and_a_while(server: Appliance, pages: Pages) -> None:
    claims = jwt.decode(pages.permit, options={"verify_signature": False})
    assert claims["site"] == "blog"
    assert claims["max_file_count_allowed"] == server.parts.settings.entries
    assert claims["exp"] - claims["iat"] == upload_tokens.LIFETIME

    elsewhere = await pages.client.get(pages.projects, headers={"Authorization": f"Bearer {pages.permit}"})
    personal = await pages.client.post("/pages/assets/check-missing", json={"hashes": []})
    assert elsewhere.status_code == personal.status_code == 401
    assert elsewhere.json()["errors"][0]["code"] == 8000013


async def test_an_upload_token_ends_with_the_token_it_was_asked_for_with(server: Appliance, pages: Pages) -> None:
    html = key(INDEX, "html")
    assert (await pages.upload((html, INDEX))).status_code == 200
    alice = server.actors[ALICE.email]
    (own,), _ = await tokens.listing(alice, 1, 9)

    await tokens.remove(alice, own.id)

    refused = [await pages.upload((html, INDEX)), await pages.asset("check-missing", {"hashes": [html]})]
    assert [answer.status_code for answer in refused] == [401, 401]


async def test_an_upload_token_may_do_no_more_than_the_one_it_was_asked_for_with(access: Any, alice: Any) -> None:
    parent = await tokens.create(alice, "reader", "read")

    permit = await upload_tokens.check(access, upload_tokens.issue(access, alice, parent.token, "blog"))

    assert permit is not None
    assert permit.actor.right == "read"


async def test_an_upload_token_ends_with_its_time_and_its_account(access: Any, alice: Any, clock: Any) -> None:
    parent = (await tokens.create(alice, "laptop")).token
    token = upload_tokens.issue(access, alice, parent, "blog")
    permit = await upload_tokens.check(access, token)
    assert permit is not None
    assert permit.site == "blog"

    clock.advance(seconds=upload_tokens.LIFETIME)

    assert await upload_tokens.check(access, token) is None
    assert await upload_tokens.check(access, token[:-2]) is None
    assert await upload_tokens.check(access, "") is None


async def test_somebody_elses_account_and_project_stay_theirs(server: Appliance, pages: Pages) -> None:
    bob = Pages(server, BOB.email)
    async with bob.client:
        theirs = await bob.client.get(pages.projects)
        project = await bob.client.get(f"{bob.projects}/blog")
        await bob.begin("other")
        html = key(INDEX, "html")
        await pages.upload((html, INDEX))
        unseen = await bob.asset("check-missing", {"hashes": [html]})

    assert theirs.status_code == 403
    assert bob.account in theirs.json()["errors"][0]["message"]
    assert project.status_code == 404
    assert unseen.json()["result"] == [html]


async def test_who_and_what_there_is(pages: Pages) -> None:
    memberships = (await pages.client.get("/memberships")).json()["result"]
    accounts = (await pages.client.get("/accounts")).json()["result"]
    projects = (await pages.client.get(pages.projects, params={"per_page": "10", "page": "1"})).json()["result"]

    assert memberships[0]["account"]["id"] == accounts[0]["id"] == pages.account
    assert [project["name"] for project in projects] == ["blog"]
    assert set(projects[0]["deployment_configs"]) == {"preview", "production"}


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'[{"key": "x", "value": "%"}]'])
async def test_a_body_that_is_no_list_of_contents_is_refused(pages: Pages, body: bytes) -> None:
    answer = await pages.client.post(
        "/pages/assets/upload", content=body, headers={"Authorization": f"Bearer {pages.permit}"}
    )

    assert answer.status_code in {400, 422}
    assert not answer.json()["success"]

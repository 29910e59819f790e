"""Deploys from a real repository: by hand, by webhooks, of branches; and what stays secret and closed."""

import hashlib
import hmac
import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from appliance.units import networks
from tests.builders import Appliance, appliance, page
from tests.cast import ALICE, BOB, OLGA
from tests.clients.waiting import until
from tests.git_host import GitHost, git_host

pytestmark = pytest.mark.needs("git")

TOKEN = "a-token-of-the-git-host"


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHost]:
    with git_host(tmp_path / "repositories") as made:
        monkeypatch.setenv("SSL_CERT_FILE", str(made.authority))
        made.commit("site", {"index.html": page("First"), "docs/index.html": page("Docs")})
        yield made


@dataclass
class Desk:
    """Alice at the API, with a site that is deployed from the repository."""

    server: Appliance
    client: httpx.AsyncClient
    secret: str = ""

    async def set(self, url: str, **more: Any) -> httpx.Response:
        return await self.client.put("/api/v1/sites/blog/git", json={"url": url, **more})

    async def facts(self) -> dict[str, Any]:
        return (await self.client.get("/api/v1/sites/blog/git")).raise_for_status().json()  # type: ignore[no-any-return]

    async def deploy(self, branch: str = "") -> dict[str, Any]:
        """Deploy and wait for the end of it."""
        asked = await self.client.post("/api/v1/sites/blog/git/deploys", json={"branch": branch})
        assert asked.status_code == 202
        return await self.settled()

    async def settled(self) -> dict[str, Any]:
        async def fetched() -> dict[str, Any] | None:
            facts = await self.facts()
            return facts if facts["state"] in {"done", "failed"} else None

        facts = await until(fetched)

        async def finished() -> bool | None:
            found = (await self.client.get(f"/api/v1/deploys/{facts['deploy']}")).json()
            return found["state"] in {"ready", "failed"} or None

        if facts["state"] == "done":
            await until(finished)
        return facts

    async def page(self, label: str = "blog") -> str:
        return (await self.server.fetch(f"{label}.localhost")).text

    async def shows(self, text: str, label: str = "blog") -> None:
        async def look() -> bool | None:
            return text in await self.page(label) or None

        await until(look)

    async def hook(self, delivery: str, payload: dict[str, Any], **more: str) -> httpx.Response:
        """A webhook as GitHub sends it."""
        body = json.dumps(payload).encode()
        signature = hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "X-GitHub-Event": "push",
            "X-GitHub-Delivery": delivery,
            "X-Hub-Signature-256": f"sha256={signature}",
            "Content-Type": "application/json",
            **more,
        }
        async with self.server.client() as anybody:
            return await anybody.post("/api/v1/sites/blog/git/hook", content=body, headers=headers)


@pytest.fixture
async def desk(host: GitHost, tmp_path: Path) -> AsyncIterator[Desk]:
    loopback = networks("127.0.0.0/8, ::1/128")
    people = [OLGA, ALICE, BOB]
    async with appliance(tmp_path / "data", people, git_networks=loopback) as server, server.client(ALICE) as client:
        (await client.post("/api/v1/sites", json={"name": "blog"})).raise_for_status()
        yield Desk(server, client)


@pytest.fixture
async def hooked(desk: Desk, host: GitHost) -> Desk:
    """With the repository set and a webhook's secret made."""
    (await desk.set(host.url("site"))).raise_for_status()
    made = (await desk.client.post("/api/v1/sites/blog/git/secret")).json()
    assert made["hook_url"].endswith("/api/v1/sites/blog/git/hook")
    desk.secret = made["secret"]
    return desk


def pushed(branch: str, after: str = "a" * 40) -> dict[str, Any]:
    return {"ref": f"refs/heads/{branch}", "after": after, "repository": {"default_branch": "main"}}


async def test_a_repository_is_fetched_and_live(desk: Desk, host: GitHost) -> None:
    newest = host.commit("site", {"index.html": page("Second")}, message="Second\n\nmore")
    await desk.set(host.url("site"))

    facts = await desk.deploy()

    assert (facts["state"], facts["commit"], facts["fetched_branch"]) == ("done", newest, "main")
    assert "Second" in await desk.page()
    deploy = (await desk.client.get(f"/api/v1/deploys/{facts['deploy']}")).json()
    assert (deploy["message"], deploy["commit"], deploy["source"]) == ("Second", newest, "git")


async def test_a_folder_and_a_branch_are_chosen(desk: Desk, host: GitHost) -> None:
    host.commit("site", {"docs/index.html": page("Docs of next")}, branch="next")
    await desk.set(host.url("site"), branch="next", folder="docs")

    await desk.deploy()

    assert "Docs of next" in await desk.page()


async def test_another_branch_becomes_an_alias(desk: Desk, host: GitHost) -> None:
    host.commit("site", {"index.html": page("Preview")}, branch="Feature/One")
    await desk.set(host.url("site"), branch="main")
    await desk.deploy()

    await desk.deploy("Feature/One")

    assert "Preview" in await desk.page("feature-one--blog")
    assert "First" in await desk.page()


async def test_a_token_is_used_and_never_shown(desk: Desk, host: GitHost, tmp_path: Path) -> None:
    host.token = TOKEN
    answers = [await desk.set(host.url("site"), token=TOKEN)]

    facts = await desk.deploy()

    assert facts["state"] == "done"
    answers.append(await desk.client.get("/api/v1/sites/blog/git"))
    assert [TOKEN in answer.text for answer in answers] == [False, False]
    assert answers[1].json()["has_token"] is True
    assert [
        path for path in (tmp_path / "data").rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()
    ] == []


async def test_a_token_is_in_no_process_list_or_environment(
    desk: Desk, host: GitHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.token = TOKEN
    seen: list[bytes] = []
    real = subprocess.run

    def looking(*arguments: Any, **options: Any) -> Any:
        for process in Path("/proc").glob("[0-9]*"):
            for name in ("cmdline", "environ"):
                try:
                    seen.append((process / name).read_bytes())
                except OSError:
                    pass  # it has ended
        return real(*arguments, **options)

    monkeypatch.setattr("tests.git_host.subprocess.run", looking)
    await desk.set(host.url("site"), token=TOKEN)

    await desk.deploy()

    assert any(b"internal\0clone" in one for one in seen)
    assert not any(TOKEN.encode() in one for one in seen)


async def test_a_token_is_asked_for_again_when_the_address_changes(desk: Desk, host: GitHost) -> None:
    await desk.set(host.url("site"), token=TOKEN)

    elsewhere = await desk.set("https://git.example.org/other")
    same = await desk.set(host.url("site"), branch="main")

    assert elsewhere.status_code == 422
    assert same.json()["has_token"] is True


async def test_no_private_address_is_reached_unless_allowed(host: GitHost, tmp_path: Path) -> None:
    async with appliance(tmp_path / "data", [OLGA, ALICE]) as server, server.client(ALICE) as client:
        await client.post("/api/v1/sites", json={"name": "blog"})
        desk = Desk(server, client)
        await desk.set(host.url("site"))

        facts = await desk.deploy()

    assert facts["state"] == "failed"
    assert "private address" in facts["detail"]
    assert host.asked == []


async def test_a_failed_fetch_says_why_and_leaves_what_is_live(desk: Desk, host: GitHost) -> None:
    await desk.set(host.url("site"))
    await desk.deploy()
    await desk.set(host.url("site"), branch="gone")

    facts = await desk.deploy()

    assert facts["state"] == "failed"
    assert "no branch 'gone'" in facts["detail"]
    assert "First" in await desk.page()


async def test_a_fetch_that_takes_too_long_is_ended(host: GitHost, tmp_path: Path) -> None:
    changes: dict[str, Any] = {"git_networks": networks("127.0.0.0/8, ::1/128"), "git_timeout": 0.05}
    async with appliance(tmp_path / "data", [OLGA, ALICE], **changes) as server, server.client(ALICE) as client:
        await client.post("/api/v1/sites", json={"name": "blog"})
        desk = Desk(server, client)
        await desk.set(host.url("site"))

        facts = await desk.deploy()

    assert "git_timeout" in facts["detail"]


async def test_a_push_redeploys(hooked: Desk, host: GitHost) -> None:
    host.commit("site", {"index.html": page("Pushed")})

    answer = await hooked.hook("1", pushed("main"))

    assert (answer.status_code, answer.json()) == (202, {"done": "deploying main"})
    await hooked.shows("Pushed")


async def test_a_push_to_another_branch_is_a_preview_until_the_branch_is_gone(hooked: Desk, host: GitHost) -> None:
    host.commit("site", {"index.html": page("Preview")}, branch="next")
    await hooked.hook("1", pushed("next"))
    await hooked.shows("Preview", "next--blog")

    gone = await hooked.hook("2", pushed("next", "0" * 40))

    assert gone.json() == {"done": "forgotten next"}
    assert (await hooked.server.fetch("next--blog.localhost")).status_code == 404


async def test_a_webhook_is_taken_once_whatever_id_it_comes_under(hooked: Desk) -> None:
    first = await hooked.hook("1", pushed("main"))
    again = await hooked.hook("1", pushed("main", "b" * 40))
    other = await hooked.hook("2", pushed("main"))

    assert [first.status_code, again.status_code, other.status_code] == [202, 409, 409]
    assert again.json()["code"] == "replayed"


@pytest.mark.parametrize("how", ["wrong", "none", "other site", "old"])
async def test_a_webhook_that_is_not_signed_is_refused(hooked: Desk, how: str) -> None:
    if how == "wrong":
        answer = await hooked.hook("1", pushed("main"), **{"X-Hub-Signature-256": "sha256=" + "0" * 64})
    elif how == "none":
        async with hooked.server.client() as anybody:
            answer = await anybody.post("/api/v1/sites/blog/git/hook", json=pushed("main"))
    elif how == "other site":
        async with hooked.server.client() as anybody:
            answer = await anybody.post("/api/v1/sites/nobody/git/hook", json=pushed("main"))
    else:
        await hooked.client.post("/api/v1/sites/blog/git/secret")
        answer = await hooked.hook("1", pushed("main"))

    assert answer.status_code == 403
    assert "not signed" in answer.json()["detail"]


async def test_a_webhook_of_a_deleted_site_is_refused_until_it_is_restored(hooked: Desk) -> None:
    await hooked.client.delete("/api/v1/sites/blog")
    refused = await hooked.hook("1", pushed("main"))
    await hooked.client.post("/api/v1/deleted-sites/blog/restore")
    taken = await hooked.hook("2", pushed("main"))

    assert (refused.status_code, taken.status_code) == (403, 202)


async def test_a_ping_and_a_tag_lead_to_nothing(hooked: Desk) -> None:
    ping = await hooked.hook("1", {"zen": "x"}, **{"X-GitHub-Event": "ping"})
    tag = await hooked.hook("2", {"ref": "refs/tags/v1"})

    assert ping.json()["done"].startswith("nothing")
    assert tag.json()["done"].startswith("nothing")


async def test_previews_can_be_switched_off(hooked: Desk, host: GitHost) -> None:
    await hooked.set(host.url("site"), previews=False)

    answer = await hooked.hook("1", pushed("next"))

    assert answer.json() == {"done": "nothing: only main is deployed"}


async def test_a_push_is_not_taken_in_the_name_of_a_disabled_account(hooked: Desk) -> None:
    alice = hooked.server.actors[ALICE.email].id
    async with hooked.server.client(OLGA) as olga:
        (await olga.patch(f"/api/v1/accounts/{alice}", json={"disabled": True})).raise_for_status()
        await hooked.hook("1", pushed("main"))

        async def failed() -> dict[str, Any] | None:
            facts: dict[str, Any] = (await olga.get("/api/v1/sites/blog/git")).json()
            return facts if facts["state"] == "failed" else None

        facts = await until(failed)

    assert "may not act any more" in facts["detail"]


async def test_somebody_elses_repository_stays_theirs(hooked: Desk) -> None:
    async with hooked.server.client(BOB) as bob:
        answers = [
            await bob.get("/api/v1/sites/blog/git"),
            await bob.put("/api/v1/sites/blog/git", json={"url": "https://git.example.org/x"}),
            await bob.post("/api/v1/sites/blog/git/deploys", json={}),
            await bob.post("/api/v1/sites/blog/git/secret"),
            await bob.delete("/api/v1/sites/blog/git"),
        ]

    assert [answer.status_code for answer in answers] == [404] * 5


async def test_a_site_can_be_deployed_from_git_no_more(hooked: Desk) -> None:
    removed = await hooked.client.delete("/api/v1/sites/blog/git")

    assert removed.status_code == 204
    assert (await hooked.client.get("/api/v1/sites/blog/git")).status_code == 404
    assert (await hooked.hook("1", pushed("main"))).status_code == 403

"""Who may ask what: every route of every surface against everybody. A route without a row fails."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio

import admin_ui
from appliance import members, tokens
from appliance.actor import Actor
from appliance.clients import cloudflare_values
from appliance.sites import NewSite
from tests.authorisation import ASKING, BODIES, FORM, MATRIX, PARAMETERS, routes_of
from tests.builders import Appliance, appliance, deployed, page, zip_of
from tests.cast import ADAM, ALICE, BOB, CHARLIE, OLGA, Person

pytestmark = pytest.mark.asyncio(loop_scope="session")

DORA = Person("dora@example.org", "dora is asked about", "user")
ARCHIVE = zip_of({"index.html": page("matrix")})
REFUSED = ("This token may only", "This token is for one", "Only the owner")
GONE = {
    "no_such_alias",
    "no_such_link",
    "no_such_variable",
    "no_git_source",
    "no_such_token",
    "no_such_member",
    "no_such_session",
}


@dataclass
class Stage:
    """A server with a site of Alice's, of which Charlie is a member, and a token for everybody."""

    server: Appliance
    tokens: dict[str, str]
    numbers: dict[str, int]
    client: httpx.AsyncClient
    found: tuple[str, str] | None = None  # the site and its live deploy, unless a question may have taken it away

    async def site(self) -> tuple[str, str]:
        """The site's name and its live deploy, made anew where an earlier question took it away."""
        if self.found is None:
            async with self.server.client(ALICE) as alice:
                await alice.post("/api/v1/deleted-sites/matrix/restore")
                answer = await alice.get("/api/v1/sites/matrix")
                if answer.status_code == 404 or not answer.json()["live"]:
                    await deployed(alice, "matrix", ARCHIVE)
                    answer = await alice.get("/api/v1/sites/matrix")
            await members.add(self.server.parts.access, self.server.actors[ALICE.email], "matrix", CHARLIE.email)
            self.found = "matrix", answer.json()["live"]["deploy"]
        return self.found

    async def ask(self, who: str, method: str, rule: str) -> httpx.Response:
        """What somebody gets for an address."""
        name, deploy = await self.site()
        if "deleted-sites/<name>" in rule:
            async with self.server.client(ALICE) as alice:
                await alice.delete(f"/api/v1/sites/{name}")
            self.found = None
        path = self._path(who, rule, name, deploy)
        request = self.client.build_request(
            method, path, **_with_headers(_body(method, rule, deploy), self._credentials(who, rule))
        )
        answer = await self.client.send(request, stream=True)
        if "event-stream" in answer.headers.get("content-type", ""):  # has no end of its own
            await answer.aclose()
            answer = httpx.Response(answer.status_code)
        else:
            await answer.aread()
        if method == "DELETE" or path.endswith(("delete", "remove")):
            self.found = None
        return answer

    def _path(self, who: str, rule: str, name: str, deploy: str) -> str:
        own = self.numbers.get(who, self.numbers["owner"])
        parts = {
            "name": name,
            "site": name,
            "project": name,
            "deploy": deploy,
            "account": cloudflare_values.account_id(Actor(own, "", "user")),
            "domain": f"{name}.localhost",
            "alias": "gone",
            "link": "gone",
            "variable": "GONE",
            "email": DORA.email,
            "sha256": "0" * 64,
            "slug": "dropdock",
            "path": "js/main.js",
            "rest": "nowhere",
        }
        rule = rule.replace("/help/<name>", "/help/deploys").replace("/api/docs/<name>", "/api/docs/start.js")
        rule = re.sub(r"<int[^>]*:account>", str(self.numbers["dora"]), rule)
        rule = re.sub(r"<int[^>]*:(?:token|session)>", "999999", rule)
        return re.sub(r"<(?:path:)?(\w+)>", lambda match: parts[match[1]], rule)

    def _credentials(self, who: str, rule: str) -> dict[str, str]:
        if who == "nobody":
            return {}
        token = self.tokens[who]
        if rule.startswith("/surge") or rule == "/<domain>":
            return {"authorization": httpx.BasicAuth("token", token)._auth_header}
        return {"authorization": f"Bearer {token}"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    people = (OLGA, ADAM, ALICE, BOB, CHARLIE, DORA)
    data = tmp_path_factory.mktemp("matrix") / "data"
    async with appliance(data, people, admin=admin_ui.blueprints) as server:
        alice = server.actors[ALICE.email]
        await server.parts.sites.create(alice, NewSite("other"))
        cast = {"owner": ALICE, "stranger": BOB, "member": CHARLIE, "admin": ADAM, "operator": OLGA, "dora": DORA}
        kept = {who: server.tokens[person.email] for who, person in cast.items()}
        kept["reader"] = (await tokens.create(alice, "reader", "read")).token
        kept["deployer"] = (await tokens.create(alice, "deployer", "deploy")).token
        kept["elsewhere"] = (await tokens.create(alice, "elsewhere", "all", "other")).token
        numbers = {who: server.actors[person.email].id for who, person in cast.items()}
        async with httpx.AsyncClient(base_url=f"http://localhost:{server.port}", timeout=60) as client:
            yield Stage(server, kept, numbers, client)


def _body(method: str, rule: str, deploy: str) -> dict[str, Any]:
    """What is sent along: as it should be where that is looked at before who asks, else as little as can be."""
    if method == "GET":
        return {"params": PARAMETERS.get(rule, {})}
    if rule == "/api/v1/sites/<name>/deploys":
        return {"content": b"no archive", "headers": {"content-type": "application/zip"}}
    if rule.startswith(("/api", "/cloudflare", "/netlify", "/surge")) or rule == "/<domain>":
        return {"json": {name: deploy if value == "DEPLOY" else value for name, value in BODIES.get(rule, {}).items()}}
    return {"data": FORM}


def _with_headers(options: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    return {**options, "headers": {**options.get("headers", {}), **headers}}


def outcome(answer: httpx.Response) -> str:
    """`-` not signed in, `x` forbidden, `0` said not to be there, `+` let in."""
    if answer.status_code in {401, 429} or answer.headers.get("location", "").startswith("/sign-in"):
        return "-"
    if answer.status_code == 403 or any(words in answer.text for words in REFUSED):  # Netlify's client wants another
        return "x"
    if answer.status_code == 404 and _code(answer) not in GONE:
        return "0"
    return "+"


def _code(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("code", ""))
    except ValueError:
        return ""


@pytest.mark.parametrize("route", MATRIX)
async def test_everybody_gets_what_the_matrix_says(stage: Stage, route: str) -> None:
    method, rule = route.split(" ", 1)

    got = {who: outcome(await stage.ask(who, method, _served(stage, rule))) for who in ASKING}

    assert "".join(got[who] for who in ASKING) == MATRIX[route], got


async def test_every_route_has_a_row_and_every_row_a_route(stage: Stage) -> None:
    assert sorted(routes_of(stage.server.running.app)) == sorted(MATRIX)


def _served(stage: Stage, rule: str) -> str:
    if "HASH" not in rule:
        return rule
    rules = (each.rule for each in stage.server.running.app.url_map.iter_rules())
    return next(each for each in rules if each.startswith("/static/"))


async def test_a_token_for_one_site_sees_that_one_only(stage: Stage) -> None:
    await stage.site()
    headers = {"authorization": f"Bearer {stage.tokens['elsewhere']}"}
    async with httpx.AsyncClient(base_url=f"http://localhost:{stage.server.port}", headers=headers) as client:
        listed, made = await asyncio.gather(
            client.get("/api/v1/sites"), client.post("/api/v1/sites", json={"name": "third"})
        )

    assert [site["name"] for site in listed.json()["items"]] == ["other"]
    assert made.status_code == 403

"""Surge: `surge --endpoint http://HOST/surge`. One archive up, lines of JSON down.

Learned from surge 0.44. The client shows the reason of a 401, 403 or 429 from the header `Reason`, and nothing of any
other status; everything else is therefore told by an `error` event in the stream, as its own server does.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from quart import Response, request
from quart.wrappers.response import Response as AnyResponse

from appliance import guard
from appliance.access import Access
from appliance.actor import Actor
from appliance.addresses import Addresses
from appliance.callers import Headers, Signed, basic, by_personal_token
from appliance.clients.edge import Client, Routes, answer, blueprint, refuse_the_rest, say_when
from appliance.deploys import DeployFacts, Deploys, NewDeploy, Publishing
from appliance.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from appliance.intake import Intake
from appliance.parts import Parts
from appliance.removals import Removals
from appliance.sites import NewSite, Sites
from appliance.uploads import body_of

PREFIX = "/surge"
LISTED = 200  # projects and revisions; the client has no pages
_TOLD = {401, 403, 429}  # statuses whose reason the client shows


async def _by_basic(access: Access, headers: Headers) -> Signed | None:
    given = basic(headers)  # the name is "token", or the e-mail the client keeps beside it: the token alone counts
    return await by_personal_token(access, given[1]) if given else None


@dataclass(frozen=True, slots=True)
class _Surge:
    addresses: Addresses
    sites: Sites
    deploys: Deploys
    publishing: Publishing
    intake: Intake
    removals: Removals

    async def account(self, actor: Actor) -> AnyResponse:
        return answer({"email": actor.email, "id": str(actor.id), "plan": {"name": "Dropdock"}})

    async def projects(self, actor: Actor) -> AnyResponse:
        items, _ = await self.sites.listing(actor, 1, LISTED)
        return answer([{"domain": self.addresses.site_host(site.name), "email": site.owner} for site in items])

    async def revisions(self, actor: Actor, domain: str) -> AnyResponse:
        items, _ = await self.deploys.listing(actor, self._site(domain), 1, LISTED)
        ready = [deploy for deploy in items if deploy.state == "ready"]
        return answer([_revision(deploy) for deploy in reversed(ready)])  # the client turns them round

    async def rollback(self, actor: Actor, domain: str) -> AnyResponse:
        site = self._site(domain)
        live = (await self.sites.get(actor, site)).live
        former = await self.deploys.get(actor, live.deploy) if live else None
        now = await self.publishing.rollback(actor, site)
        return answer({"revision": _revision(now), "former": former and _revision(former), "instances": []})

    async def remove(self, actor: Actor, domain: str) -> AnyResponse:
        await self.removals.remove(actor, self._site(domain))
        return answer({"msg": f"{domain} is removed."})

    async def publish(self, actor: Actor, domain: str) -> AnyResponse:
        """Take the archive, then tell of the work until the deploy has come to its end."""
        site = self._site(domain)
        await self._ensure(actor, site)
        draft = request.headers.get("stage", "false") not in {"false", ""}
        new = NewDeploy(request.headers.get("message", "")[:500], "surge.tar.gz", draft, source="surge")
        made = await self.intake.receive(actor, site, new, body_of(request), request.content_length)
        response = Response(self._events(actor, made, guard.proof()), content_type="application/x-ndjson")
        response.headers["Cache-Control"] = "no-store"
        response.timeout = None  # a deploy may take longer than an ordinary answer
        return response

    async def _events(
        self, actor: Actor, made: DeployFacts, may_know: Callable[[], Awaitable[bool]]
    ) -> AsyncIterator[bytes]:
        last = made
        yield _line({"type": "progress", "id": "upload", "file": "", "written": 1, "total": 1})
        async for last in self.deploys.watch(actor, made.id):
            if not await may_know():
                yield _failed("This token was taken back, or changed: how the deploy goes on is not told with it.")
                return
            done = sum(step.state == "done" for step in last.steps)
            yield _line({"type": "progress", "id": "cdn", "file": "", "written": done, "total": len(last.steps)})
        if last.state == "ready":
            yield _line(self._published(last))
        else:
            yield _failed(last.error.detail if last.error else "The site was removed meanwhile.")

    def _published(self, deploy: DeployFacts) -> dict[str, Any]:
        urls = [{"name": "this deploy", "domain": deploy.deploy_url}]
        if deploy.live:
            urls.append({"name": "live", "domain": deploy.url})
        messages = [{"msg": problem.message, "color": "yellow", "align": "left"} for problem in deploy.problems]
        return {
            "type": "info",
            "domain": self.addresses.site_host(deploy.site),
            "metadata": _revision(deploy),
            "instances": [],
            "urls": urls,
            "msgsBot": messages,
        }

    async def _ensure(self, actor: Actor, site: str) -> None:
        try:
            await self.sites.get(actor, site)
        except NotFound:
            await self.sites.create(actor, NewSite(site))

    def _site(self, domain: str) -> str:
        host = self.addresses.read(domain.lower().partition(":")[0])
        if host is None or host.deploy is not None:
            pattern = self.addresses.site_host("<site>")
            raise Forbidden(f"{domain} is no address of a site here: use {pattern}.", code="bad_domain")
        return host.site


def _revision(deploy: DeployFacts) -> dict[str, Any]:
    size = f"{deploy.bytes / 1000:.1f} KB"
    return {
        "rev": int(deploy.created_at.timestamp() * 1000),
        "preview": deploy.deploy_url,
        "email": deploy.author or "",
        "publicFileCount": deploy.files,
        "publicTotalSize": size,
        "friendlySize": size,
        "timeAgoInWords": f"{deploy.created_at:%Y-%m-%d %H:%M} UTC",
        "msg": deploy.message,
        "current": deploy.live,
    }


def _line(event: dict[str, Any]) -> bytes:
    return msgspec.json.encode(event) + b"\n"


def _failed(sentence: str) -> bytes:
    return _line({"type": "error", "error": {"message": sentence}})


def _render(problem: Problem) -> AnyResponse:
    if request.method != "PUT":
        return answer({"messages": [problem.detail], "details": {"request": problem.detail}}, problem.status)
    status = 403 if isinstance(problem, Conflict | Invalid) else problem.status
    if status not in _TOLD:
        return AnyResponse(_failed(problem.detail), content_type="application/x-ndjson")
    response = answer({"messages": [problem.detail]}, status)
    response.headers["Reason"] = " ".join(problem.detail.encode("latin-1", "replace").decode("latin-1").split())
    return say_when(response, problem)


def _blueprints(parts: Parts) -> tuple[Any, ...]:
    made = blueprint("surge", PREFIX, _render)
    surge = _Surge(parts.addresses, parts.sites, parts.deploys, parts.publishing, parts.intake, parts.removals)
    routes = Routes(made, _by_basic)
    routes.add("GET", "/account", surge.account)
    routes.add("GET", "/list", surge.projects)
    routes.add("PUT", "/<domain>", surge.publish)
    routes.add("DELETE", "/<domain>", surge.remove, "all")
    routes.add("GET", "/<domain>/list", surge.revisions)
    routes.add("POST", "/<domain>/rollback", surge.rollback)
    refuse_the_rest(routes)
    root = blueprint("surge_root", None, _render)
    Routes(root, _by_basic).add("PUT", "/<domain>", surge.publish)  # where the client sends it, whatever its endpoint
    return made, root


CLIENT = Client(rf"[A-Z]+ {PREFIX}/|PUT /[^/]+$", _blueprints)

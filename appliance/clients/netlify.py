"""Netlify: `NETLIFY_API_URL=http://HOST/netlify`. Deploys by SHA-1 digests, or as a ZIP.

Learned from netlify-cli 17 and 27. To the client 400 and 422 are final and everything else is worth another try, so
what no second try can mend is a 422 here. It knows no call that ends a deploy: the last missing content does. What it
folds into the `netlify.toml` it uploads is read like a site's own, and that file is never served.
"""

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from quart import Blueprint, request
from quart.wrappers.response import Response

from appliance import guard
from appliance.actor import Actor
from appliance.clients import netlify_values as values
from appliance.clients.edge import (
    STATIC_ONLY,
    Client,
    Routes,
    answer,
    blueprint,
    pages_of,
    read,
    refuse_the_rest,
    say_when,
)
from appliance.deploys import DeployFacts, Filter, Listed, Listing, Name, NewDeploy, Opened, label_of, new_id
from appliance.errors import BadInput, Conflict, Forbidden, Invalid, NotFound, Problem, TooLarge, Unsupported
from appliance.parts import Parts
from appliance.sites import NewSite
from appliance.uploads import body_of, small_body

PREFIX = "/netlify"
ZIP = "application/zip"
INTERNAL = ".netlify/"  # what the client's own build leaves for its vendor; only functions matter in it
EDGE_FUNCTIONS = ".netlify/edge-functions/"
_TRANSIENT = {"stalled", "cut_short"}  # codes of a body that did not come whole
_TRY_AGAIN = 408
_FINAL = 422


class _NewSite(msgspec.Struct, frozen=True):
    """What a site is made from."""

    name: Annotated[str, msgspec.Meta(max_length=100)] | None = None


class _NewDeploy(msgspec.Struct, frozen=True):
    """What a deploy is opened with, and what is said again when its files are listed."""

    draft: bool = False
    branch: str | None = None
    title: str | None = None
    files: dict[str, str] | None = None
    functions: dict[str, Any] | None = None
    edge_functions: Any = None
    server: Any = None


@dataclass(frozen=True, slots=True)
class _Netlify:
    parts: Parts

    # ── who, and which sites ──

    async def user(self, actor: Actor) -> Response:
        return answer(values.user(actor))

    async def accounts(self, actor: Actor) -> Response:
        return answer([values.account(actor)])

    async def nothing(self, _: Actor, **__: str) -> Response:
        return answer([])

    async def sites(self, actor: Actor, **_: str) -> Response:
        """All sites, or the one of that name: the client looks ids up by name too, and so an id is one."""
        name = request.args.get("name")
        if name is None:
            found, total = await self.parts.sites.listing(actor, *pages_of(request.args))
        else:
            found = [await self.parts.sites.get(actor, name)] if await self._exists(actor, name) else []
            total = len(found)
        response = answer([values.site(site, actor, self.parts.addresses) for site in found])
        response.headers["Total"] = str(total)
        return response

    async def site(self, actor: Actor, site: str) -> Response:
        return answer(values.site(await self.parts.sites.get(actor, site), actor, self.parts.addresses))

    async def create(self, actor: Actor, **_: str) -> Response:
        given = read(_NewSite, await self._json())
        made = await self.parts.sites.create(actor, NewSite(given.name or f"site-{new_id()}"))
        return answer(values.site(made, actor, self.parts.addresses), 201)

    async def remove(self, actor: Actor, site: str) -> Response:
        await self.parts.removals.remove(actor, site)
        return _empty()

    # ── from files to a deploy ──

    async def open(self, actor: Actor, site: str) -> Response:
        if request.mimetype == ZIP:
            return await self._open_zip(actor, site)
        given = read(_NewDeploy, await self._json())
        _refuse_functions(given)
        new = await self._new(actor, site, given)
        opened = await self.parts.listings.open(actor, site, new)
        if given.files is None:
            return answer(values.opened(opened, self.parts.addresses))
        return await self._fill(actor, opened.id, given.files)

    async def _open_zip(self, actor: Actor, site: str) -> Response:
        given = msgspec.convert(dict(request.args), _NewDeploy, strict=False)
        new = await self._new(actor, site, given)
        facts = await self.parts.intake.receive(actor, site, new, body_of(request), request.content_length)
        return answer(values.deploy(facts, self.parts.addresses))

    async def fill(self, actor: Actor, site: str, deploy: str) -> Response:
        """List the files of an open deploy; `required` in the answer says what is missing."""
        await self._of_site(actor, site, deploy)
        given = read(_NewDeploy, await self._json())
        _refuse_functions(given)
        return await self._fill(actor, deploy, given.files or {})

    async def _fill(self, actor: Actor, deploy: str, files: dict[str, str]) -> Response:
        opened = await self.parts.listings.fill(actor, deploy, Listing(_listed(files), exact=True))
        if opened.missing:
            return answer(values.opened(opened, self.parts.addresses))
        return answer(values.deploy(await self.parts.listings.finish(actor, deploy), self.parts.addresses))

    async def put(self, actor: Actor, deploy: str, path: str) -> Response:
        """Take one file's content; the same content for a second path is not looked at again."""
        path = path.lstrip("/")
        try:
            name = await self.parts.listings.named(actor, deploy, path)
        except NotFound:
            await self.parts.deploys.get(actor, deploy)  # finished meanwhile: its content is complete
            return answer({"id": path, "path": f"/{path}"})
        await self.parts.contents.put(actor, body_of(request), name, request.content_length)
        await self.parts.listings.received(actor, deploy, name)
        return answer({"id": path, "path": f"/{path}", "sha": name.value})

    async def _new(self, actor: Actor, site: str, given: _NewDeploy) -> NewDeploy:
        """Published only when it is no draft and of no branch, or the production branch."""
        branch = given.branch or ""
        facts = await self.parts.sites.get(actor, site)
        aside = branch not in {"", facts.production_branch}
        return NewDeploy(
            message=(given.title or request.args.get("title", ""))[:500],
            draft=given.draft,
            branch=branch,
            source="netlify",
            alias=label_of(branch, site) if aside else "",
        )

    # ── a deploy, and what visitors get ──

    async def deploy(self, actor: Actor, deploy: str, site: str = "") -> Response:
        if site:
            await self._of_site(actor, site, deploy)
        found = await self._find(actor, deploy)
        if isinstance(found, DeployFacts):
            return await self._facts(actor, found)
        return answer(values.opened(found, self.parts.addresses))

    async def deploys(self, actor: Actor, site: str) -> Response:
        given = request.args
        states = values.STATES_OF.get(given["state"], ("none of ours",)) if given.get("state") else ()
        production = True if given.get("production") in {"true", "1"} else None
        only = Filter(states, given.get("branch", ""), production)
        found, total = await self.parts.deploys.listing(actor, site, *pages_of(given), only)
        response = answer([values.deploy(facts, self.parts.addresses) for facts in found])
        response.headers["Total"] = str(total)
        return response

    async def cancel(self, actor: Actor, deploy: str) -> Response:
        found = await self._find(actor, deploy)
        if isinstance(found, DeployFacts):
            return await self._facts(actor, found)
        await self.parts.listings.cancel(actor, deploy)
        return answer(values.opened(found, self.parts.addresses, "error") | {"error_message": "Canceled."})

    async def lock(self, actor: Actor, deploy: str) -> Response:
        facts = await self.parts.deploys.get(actor, deploy)
        await self.parts.locks.lock(actor, facts.site)
        return await self._facts(actor, facts)

    async def unlock(self, actor: Actor, deploy: str) -> Response:
        facts = await self.parts.deploys.get(actor, deploy)
        await self.parts.locks.unlock(actor, facts.site)
        return await self._facts(actor, facts)

    async def restore(self, actor: Actor, site: str, deploy: str) -> Response:
        return await self._facts(actor, await self.parts.publishing.publish(actor, site, deploy))

    async def rollback(self, actor: Actor, site: str) -> Response:
        await self.parts.publishing.rollback(actor, site)
        return _empty()

    # ── looking ──

    async def _json(self) -> bytes:
        settings = self.parts.settings
        return await small_body(request, "listing_size", settings.listing_size, settings.upload_timeout)

    async def _exists(self, actor: Actor, site: str) -> bool:
        try:
            await self.parts.sites.get(actor, site)
        except NotFound:
            return False
        return True

    async def _find(self, actor: Actor, deploy: str) -> Opened | DeployFacts:
        try:
            return await self.parts.listings.get(actor, deploy)
        except NotFound:
            return await self.parts.deploys.get(actor, deploy)

    async def _site_of(self, actor: Actor, deploy: str) -> str:
        return (await self._find(actor, deploy)).site

    async def _of_site(self, actor: Actor, site: str, deploy: str) -> None:
        if await self._site_of(actor, deploy) != site:
            raise NotFound(f"{site} has no deploy {deploy!r}.", code="no_such_deploy")

    async def _facts(self, actor: Actor, facts: DeployFacts) -> Response:
        site = await self.parts.sites.get(actor, facts.site)
        return answer(values.deploy(facts, self.parts.addresses, locked=site.locked is not None))


def _refuse_functions(given: _NewDeploy) -> None:
    edge = any(path.lstrip("/").startswith(EDGE_FUNCTIONS) for path in given.files or ())
    if given.functions or given.edge_functions or given.server or edge:
        raise Invalid(f"Functions are {STATIC_ONLY}. Take the functions out of the project.", code="static_only")


def _listed(files: dict[str, str]) -> tuple[Listed, ...]:
    paths = {path.lstrip("/"): digest.lower() for path, digest in files.items()}
    return tuple(Listed(path, Name("sha1", digest)) for path, digest in paths.items() if not path.startswith(INTERNAL))


def _empty() -> Response:
    response = Response(b"", status=204)
    del response.headers["Content-Type"]  # the client takes what has one for JSON
    return response


def _render(problem: Problem) -> Response:
    status = problem.status
    if isinstance(problem, Conflict | TooLarge | Unsupported | Forbidden | Invalid):
        status = _FINAL
    elif isinstance(problem, BadInput) and problem.code in _TRANSIENT:
        status = _TRY_AGAIN
    response = answer({"code": status, "message": problem.detail, "errors": problem.fields or {}}, status)
    return say_when(response, problem)


def _blueprints(parts: Parts) -> tuple[Blueprint, ...]:
    made = blueprint("netlify", PREFIX, _render)
    routes, netlify = Routes(made), _Netlify(parts)
    for method, rule, handler in (
        ("GET", "/user", netlify.user),
        ("GET", "/accounts", netlify.accounts),
        ("GET", "/accounts/<slug>/env", netlify.nothing),
        ("GET", "/sites", netlify.sites),
        ("GET", "/<slug>/sites", netlify.sites),
        ("GET", "/sites/<site>", netlify.site),
        ("GET", "/sites/<site>/deploys", netlify.deploys),
        ("POST", "/sites/<site>/deploys", netlify.open),
        ("GET", "/sites/<site>/deploys/<deploy>", netlify.deploy),
        ("PUT", "/sites/<site>/deploys/<deploy>", netlify.fill),
        ("POST", "/sites/<site>/deploys/<deploy>/restore", netlify.restore),
        ("PUT", "/sites/<site>/rollback", netlify.rollback),
        ("GET", "/deploys/<deploy>", netlify.deploy),
        ("PUT", "/deploys/<deploy>/files/<path:path>", netlify.put),
        ("POST", "/deploys/<deploy>/cancel", netlify.cancel),
        ("POST", "/deploys/<deploy>/lock", netlify.lock),
        ("POST", "/deploys/<deploy>/unlock", netlify.unlock),
    ):
        routes.add(method, rule, handler)
    for method, rule, handler in (
        ("POST", "/sites", netlify.create),
        ("POST", "/<slug>/sites", netlify.create),
        ("DELETE", "/sites/<site>", netlify.remove),
    ):
        routes.add(method, rule, handler, "all")
    refuse_the_rest(routes)
    return made, _extensions()


def _extensions() -> Blueprint:
    """What the client asks the server's root, without a token: which extensions a team has. There are none."""
    root = Blueprint("client_netlify_root", __name__)

    @root.get("/team/<account>/integrations/installations/meta/<site>")
    @root.get("/site/<site>/integrations/safe")
    @guard.opened
    async def extensions(**_: str) -> Response:
        return answer([])

    @root.before_app_request
    async def accounts() -> Response | None:
        """The client's build step drops the path of its API's address, and asks ours for its accounts."""
        if request.path == "/api/v1/accounts" and request.args.get("minimal") == "true" and request.method == "GET":
            return answer([values.account(guard.actor())])
        return None

    return root


CLIENT = Client(rf"[A-Z]+ {PREFIX}/", _blueprints)

"""Cloudflare Pages: `CLOUDFLARE_API_BASE_URL=http://HOST/cloudflare`. Content by key first, then one deployment.

Learned from wrangler 4. A key is the first 32 hexadecimal digits of BLAKE3 over the content in base64 and its file's
extension; the client names the extension only with the deployment, so a key is a claim until then. To the client the
code 8000000 is worth another try; no other is.
"""

import asyncio
import base64
import binascii
import io
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
from quart import Blueprint, request
from quart.wrappers.response import Response
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.formparser import MultiPartParser

from appliance import guard, upload_tokens
from appliance.access import Access
from appliance.actor import Actor
from appliance.callers import Headers, Signed, bearer
from appliance.clients import cloudflare_values as values
from appliance.clients.edge import (
    STATIC_ONLY,
    Client,
    Handler,
    Routes,
    answer,
    blueprint,
    pages_of,
    read,
    refuse_the_rest,
    say_when,
)
from appliance.deploys import DeployFacts, Filter, Listed, Listing, Name, NewDeploy, label_of
from appliance.errors import BadInput, Busy, Conflict, Forbidden, Invalid, NotFound, NotSignedIn, Problem
from appliance.parts import Parts
from appliance.sites import NewSite, SiteFacts, find
from appliance.texts import refuse_nul
from appliance.units import Size
from appliance.uploads import small_body

PREFIX = "/cloudflare"
BUCKET = Size(64 * 1024 * 1024)  # bytes: the client puts up to 40 MiB of files into one body, in base64
BUCKETS_AT_ONCE = 2  # held in memory whole, since a JSON array can only be read as one
RULES = ("_headers", "_redirects")  # sent beside the manifest, not in it
FUNCTIONS = ("_worker.bundle", "_worker.js", "functions-filepath-routing-config.json")
_CODES: Mapping[type[Problem], int] = {
    NotSignedIn: 8000013,
    Busy: 8000000,
    NotFound: 8000009,
    Conflict: 8000002,
}  # the client knows some of these
_OTHER = 8000001
NO_PROJECT = 8000007
_PARTS = 20  # of a form: the client sends about ten


class _NewProject(msgspec.Struct, frozen=True):
    """What a project is made from."""

    name: str
    production_branch: str = "main"


class _Hashes(msgspec.Struct, frozen=True):
    """Keys to look for."""

    hashes: list[str]


class _Asset(msgspec.Struct, frozen=True):
    """A file's content under its key."""

    key: str
    value: str
    base64: bool = True


@dataclass(frozen=True, slots=True)
class _Form:
    """A deployment as it is sent: texts and files by name."""

    texts: MultiDict[str, str]
    files: MultiDict[str, FileStorage]

    def content(self, name: str) -> bytes | None:
        """A field's content, whether it came as a file or as a text; None where there is none."""
        if name in self.files:
            return self.files[name].stream.read()
        return self.texts[name].encode() if name in self.texts else None


async def _by_permit(access: Access, headers: Headers) -> Signed | None:
    permit = await upload_tokens.check(access, bearer(headers) or "")
    return Signed(permit.actor, None) if permit else None


def _of_own(handler: Handler) -> Handler:
    """A handler for addresses with an account in them, which must be the caller's own."""

    async def own(actor: Actor, account: str, **rest: str) -> Response:
        if account != values.account_id(actor):
            wanted = values.account_id(actor)
            raise Forbidden(f"This token is not for account {account}: set CLOUDFLARE_ACCOUNT_ID={wanted}.")
        return await handler(actor, **rest)

    return own


@dataclass(frozen=True, slots=True)
class _Cloudflare:
    parts: Parts
    buckets: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(BUCKETS_AT_ONCE))

    # ── who ──

    async def user(self, actor: Actor) -> Response:
        return _result({"id": values.account_id(actor), "email": actor.email})

    async def verify(self, actor: Actor) -> Response:
        return _result({"id": values.account_id(actor), "status": "active"})

    async def memberships(self, actor: Actor) -> Response:
        return _page([values.membership(actor)], 1, 1)

    async def accounts(self, actor: Actor) -> Response:
        return _page([values.account(actor)], 1, 1)

    # ── projects ──

    async def projects(self, actor: Actor) -> Response:
        page, per_page = pages_of(request.args)
        found, total = await self.parts.sites.listing(actor, page, per_page)
        return _page([values.project(site) for site in found], page, total)

    async def create(self, actor: Actor) -> Response:
        given = read(_NewProject, await self._listing())
        new = NewSite(given.name, dialect="cloudflare", production_branch=given.production_branch)
        return _result(values.project(await self.parts.sites.create(actor, new)))

    async def project(self, actor: Actor, project: str) -> Response:
        return _result(values.project(await self.parts.sites.get(actor, project)))

    async def remove(self, actor: Actor, project: str) -> Response:
        await self.parts.removals.remove(actor, project)
        return _result(None)

    # ── content ──

    async def upload_token(self, actor: Actor, project: str) -> Response:
        site = await self.parts.sites.get(actor, project)
        limit = self.parts.settings.entries
        parent = bearer(request.headers) or ""
        token = upload_tokens.issue(self.parts.access, actor, parent, site.name, max_file_count_allowed=limit)
        return _result({"jwt": token})

    async def missing(self, actor: Actor) -> Response:
        given = read(_Hashes, await self._listing())
        names = [_key(key) for key in dict.fromkeys(given.hashes)]
        permit = await upload_tokens.check(guard.access(), bearer(request.headers) or "")
        site = await find(actor, permit.site) if permit else None
        return _result([name.value for name in await self.parts.contents.missing(actor, names, site)])

    async def upload(self, actor: Actor) -> Response:
        """Take many files' contents at once; each is kept under the key it is claimed to have."""
        settings = self.parts.settings
        async with self.buckets:
            raw = await small_body(request, "upload_size", min(BUCKET, settings.upload_size), settings.upload_timeout)
            assets = await asyncio.to_thread(read, list[_Asset], raw)
            for asset in assets:
                await self.parts.contents.put_bytes(actor, _decoded(asset), _key(asset.key))
        return _result({"successful_key_count": len(assets), "unsuccessful_keys": []})

    async def refresh(self, _: Actor) -> Response:
        """Nothing to do: what was uploaded, and what a site holds, is known by its keys already."""
        return _result(None)

    # ── deployments ──

    async def deploy(self, actor: Actor, project: str) -> Response:
        site = await self.parts.sites.get(actor, project)
        form = await self._form()
        _refuse_functions(form)
        branch = form.texts.get("branch", "")
        aside = branch not in {"", site.production_branch}
        new = NewDeploy(
            message=form.texts.get("commit_message", "")[:500],
            branch=branch,
            commit=form.texts.get("commit_hash", ""),
            source="wrangler",
            alias=label_of(branch, site.name) if aside else "",
        )
        files = _manifest(form) + await self._rules(actor, form)
        made = await self.parts.listings.make(actor, site.name, new, Listing(files, exact=True))
        return _result(values.deployment(made, site, self.parts.addresses))

    async def _rules(self, actor: Actor, form: _Form) -> tuple[Listed, ...]:
        contents = {name: form.content(name) for name in RULES}
        stored = {
            name: await self.parts.contents.put_bytes(actor, content)
            for name, content in contents.items()
            if content is not None
        }
        return tuple(Listed(name, Name("sha256", one.sha256), one.size) for name, one in stored.items())

    async def deployments(self, actor: Actor, project: str) -> Response:
        site = await self.parts.sites.get(actor, project)
        page, per_page = pages_of(request.args, 25)
        only = Filter(production={"production": True, "preview": False}.get(request.args.get("env", "")))
        found, total = await self.parts.deploys.listing(actor, project, page, per_page, only)
        return _page([values.deployment(deploy, site, self.parts.addresses) for deploy in found], page, total)

    async def deployment(self, actor: Actor, project: str, deploy: str) -> Response:
        site, facts = await self._of_project(actor, project, deploy)
        return _result(values.deployment(facts, site, self.parts.addresses))

    async def logs(self, actor: Actor, project: str, deploy: str) -> Response:
        _, facts = await self._of_project(actor, project, deploy)
        return _result(values.logs(facts))

    async def rollback(self, actor: Actor, project: str, deploy: str) -> Response:
        site, _ = await self._of_project(actor, project, deploy)
        facts = await self.parts.publishing.publish(actor, project, deploy)
        return _result(values.deployment(facts, site, self.parts.addresses))

    # ── reading ──

    async def _listing(self) -> bytes:
        settings = self.parts.settings
        return await small_body(request, "listing_size", settings.listing_size, settings.upload_timeout)

    async def _form(self) -> _Form:
        form = await asyncio.to_thread(_parsed, await self._listing(), request.mimetype_params.get("boundary", ""))
        refuse_nul(form.texts.to_dict(flat=False))
        return form

    async def delete(self, actor: Actor, project: str, deploy: str) -> Response:
        _, facts = await self._of_project(actor, project, deploy)
        if request.args.get("force") == "true":
            for alias in facts.aliases:
                await self.parts.aliases.remove(actor, project, alias.name)
        await self.parts.withdrawing.delete(actor, deploy)
        return _result(None)

    async def _of_project(self, actor: Actor, project: str, deploy: str) -> tuple[SiteFacts, DeployFacts]:
        site = await self.parts.sites.get(actor, project)
        facts = await self.parts.deploys.get(actor, deploy)
        if facts.site != site.name:
            raise NotFound(f"{project} has no deployment {deploy!r}.", code="no_such_deploy")
        return site, facts


def _key(text: str) -> Name:
    return Name("pages", text.lower())


def _decoded(asset: _Asset) -> bytes:
    if not asset.base64:
        return asset.value.encode()
    try:
        return base64.b64decode(asset.value, validate=True)
    except binascii.Error:
        raise BadInput(f"The content of {asset.key} is no base64.") from None


def _in_memory(*_: object, **__: object) -> io.BytesIO:
    return io.BytesIO()  # the whole form is in memory already


def _parsed(raw: bytes, boundary: str) -> _Form:
    parser = MultiPartParser(stream_factory=_in_memory, max_form_memory_size=None, max_form_parts=_PARTS)
    try:
        texts, files = parser.parse(io.BytesIO(raw), boundary.encode(), len(raw))
    except (ValueError, HTTPException):
        raise BadInput("The body is no multipart form (RFC 7578).") from None
    return _Form(texts, files)


def _manifest(form: _Form) -> tuple[Listed, ...]:
    files = read(dict[str, str], form.content("manifest") or b"")
    return tuple(Listed(path.lstrip("/"), _key(key)) for path, key in files.items())


def _refuse_functions(form: _Form) -> None:
    if any(name in form.files or name in form.texts for name in FUNCTIONS):
        raise Invalid(f"Functions and Workers are {STATIC_ONLY}. Take them out of the project.", code="static_only")


def _result(value: object) -> Response:
    return answer({"success": True, "errors": [], "messages": [], "result": value})


def _page(items: list[values.Object], page: int, total: int) -> Response:
    info = {"page": page, "per_page": len(items), "count": len(items), "total_count": total}
    return answer({"success": True, "errors": [], "messages": [], "result": items, "result_info": info})


def _render(problem: Problem) -> Response:
    code = next((code for kind, code in _CODES.items() if isinstance(problem, kind)), _OTHER)
    code = NO_PROJECT if problem.code == "no_such_site" else code
    error = {"code": code, "message": problem.detail}
    response = answer({"success": False, "errors": [error], "messages": [], "result": None}, problem.status)
    return say_when(response, problem)


def _blueprints(parts: Parts) -> tuple[Blueprint, ...]:
    made = blueprint("cloudflare", PREFIX, _render)
    routes, pages = Routes(made), _Cloudflare(parts)
    routes.add("GET", "/user", pages.user)
    routes.add("GET", "/user/tokens/verify", pages.verify)
    routes.add("GET", "/memberships", pages.memberships)
    routes.add("GET", "/accounts", pages.accounts)
    projects = "/accounts/<account>/pages/projects"
    project, deployment = "/<project>", "/<project>/deployments/<deploy>"
    for method, rule, handler in (
        ("GET", "", pages.projects),
        ("GET", project, pages.project),
        ("GET", f"{project}/deployments", pages.deployments),
        ("POST", f"{project}/deployments", pages.deploy),
        ("GET", deployment, pages.deployment),
        ("POST", f"{deployment}/rollback", pages.rollback),
        ("GET", f"{deployment}/history/logs", pages.logs),
    ):
        routes.add(method, f"{projects}{rule}", _of_own(handler))
    for method, rule, handler in (
        ("POST", "", pages.create),
        ("DELETE", project, pages.remove),
        ("DELETE", deployment, pages.delete),
    ):
        routes.add(method, f"{projects}{rule}", _of_own(handler), "all")
    routes.add("GET", f"{projects}{project}/upload-token", _of_own(pages.upload_token), "deploy")
    by_permit = Routes(made, _by_permit)
    by_permit.add("POST", "/pages/assets/check-missing", pages.missing)
    by_permit.add("POST", "/pages/assets/upload", pages.upload)
    by_permit.add("POST", "/pages/assets/upsert-hashes", pages.refresh)
    refuse_the_rest(routes)
    return (made,)


CLIENT = Client(rf"[A-Z]+ {PREFIX}/", _blueprints)

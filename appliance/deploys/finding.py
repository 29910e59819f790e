"""Finds deploys for those who may know of them, by id, number or alias; and says of rows what people see."""

import re
from collections.abc import Iterable
from typing import Any

from appliance import detections, sites
from appliance.actor import Actor
from appliance.addresses import Addresses
from appliance.deploys.values import ID_LENGTH, AliasLink, DeployFacts, Failure
from appliance.errors import Limit, NotFound
from appliance.models.build import Build
from appliance.models.deploy import Alias, Deploy, Live
from appliance.models.site import Site
from appliance.prepared import Prepared
from appliance.progress import STEPS, Progress, StepFacts
from appliance.storage.manifest import Found

LONGEST_ALIAS = 63  # characters of a label (RFC 1035)
_by_id = Prepared(lambda deploy: Deploy.get_or_none(id=deploy).select_related("site", "author", "build"), str)
_aliases_of = Prepared(
    lambda deploy: Alias.filter(deploy_id=deploy).order_by("name").values_list("name", flat=True), str
)
_is_live = Prepared(lambda deploy: Live.exists(deploy_id=deploy), str)


async def find(actor: Actor, deploy: str) -> Deploy:
    """A deploy by its id, with its site and author; NotFound also when the account may not know of it."""
    row = await _by_id(known_id(deploy))
    if row is None or not await sites.is_visible(actor, row.site_id):
        raise no_such(deploy)
    return row


def no_such(deploy: str) -> NotFound:
    """What an account is told of a deploy that it may not know of, or that there is not."""
    return NotFound(f"There is no deploy {deploy!r} in this account.", code="no_such_deploy")


async def named(site: Site, deploy: str) -> Deploy:
    """A deploy of a site by its number, id or alias, looked for in this order; NotFound."""
    if re.fullmatch(r"\d{1,9}", deploy, re.ASCII):
        row = await Deploy.filter(site=site, number=int(deploy)).first().select_related("author", "build")
    else:
        row = await Deploy.filter(site=site, id=known_id(deploy)).first().select_related("author", "build")
    if row is None and len(deploy) <= LONGEST_ALIAS:
        alias = await Alias.get_or_none(site=site, name=deploy).select_related("deploy__author", "deploy__build")
        row = alias.deploy if alias else None
    if row is None:
        raise NotFound(f"{site.name} has no deploy {deploy!r}.", code="no_such_deploy")
    return row


def known_id(deploy: str) -> str:
    """The id, or "", which no deploy has, for what cannot be one: Tortoise refuses to look for overlong values."""
    return deploy if len(deploy) <= ID_LENGTH else ""


class Facts:
    """Says of a deploy's row what people see."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses

    async def look(self, row: Deploy, site: str, progress: Progress | None = None) -> DeployFacts:
        """One deploy, with what points to it; nothing does before it is ready."""
        if row.state == "queued":
            return self.of(row, site, progress, live=False)
        aliases = await _aliases_of(row.id)
        return self.of(row, site, progress, live=await _is_live(row.id), aliases=map(str, aliases))

    def of(
        self, row: Deploy, site: str, progress: Progress | None, *, live: bool, aliases: Iterable[str] = ()
    ) -> DeployFacts:
        """The facts, given what points to the deploy; what is recorded counts, from the moment it is."""
        if row.state != "queued":
            progress = None
        working = progress is not None and progress.started
        build = row.build if isinstance(row.build, Build) else None  # where it was fetched, and there is one
        return DeployFacts(
            id=row.id,
            site=site,
            number=row.number,
            state="working" if working else row.state,
            live=live,
            draft=row.draft,
            message=row.message,
            author=row.author.email if row.author else None,
            created_at=row.created_at,
            finished_at=row.finished_at,
            url=self._addresses.url(self._addresses.site_host(site)),
            deploy_url=self._addresses.url(self._addresses.deploy_host(site, row.id)),
            files=row.files,
            bytes=row.bytes,
            steps=list(progress.steps.values()) if progress else _recorded_steps(row),
            problems=list(progress.problems) if progress else [Found(**problem) for problem in row.problems],
            error=_recorded_failure(row.error),
            branch=row.branch,
            commit=row.commit,
            source=row.source,
            aliases=[AliasLink(name, self.alias_url(site, name)) for name in aliases],
            expires_at=row.expires_at,
            detection=detections.read(build.detection) if build and build.detection else None,
            generator=(build.generator or None) if build else None,
            bytes_saved=row.bytes_saved,
            bytes_added=row.bytes_added,
            again_of=row.again_of,
        )

    def alias_url(self, site: str, alias: str) -> str:
        """The address of an alias."""
        return self._addresses.url(self._addresses.deploy_host(site, alias))


def _recorded_steps(row: Deploy) -> list[StepFacts]:
    return [StepFacts(**step) for step in row.steps] or [StepFacts(name) for name in STEPS]


def _recorded_failure(error: dict[str, Any] | None) -> Failure | None:
    if error is None:
        return None
    limit = Limit(**error["limit"]) if error["limit"] else None
    return Failure(error["code"], error["detail"], limit, error["retry"], error.get("lines", []))

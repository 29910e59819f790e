"""Which repository a site is deployed from: set, shown without its secrets, taken away."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise.transactions import in_transaction

from appliance import audit, sites
from appliance.access import Access
from appliance.actor import Actor
from appliance.addresses import Addresses
from appliance.errors import Invalid, NotFound
from appliance.git.addresses import check_branch, check_folder, check_url
from appliance.models.git import GitSource
from appliance.models.site import Site
from appliance.sealing import Sealer

SECRET_BYTES = 32  # of randomness: a webhook's signature cannot be guessed


@dataclass(frozen=True, slots=True)
class SetSource:
    """Where a site is to be deployed from. `token` None leaves the one there is, "" takes it away."""

    url: str
    branch: str = ""
    folder: str = ""
    username: str = ""
    token: str | None = None
    previews: bool = True


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """A site's repository as people see it. `state` is "", fetching, done or failed, of the last fetch."""

    site: str
    url: str
    branch: str
    folder: str
    username: str
    has_token: bool
    has_secret: bool
    previews: bool
    hook_url: str
    state: str
    detail: str
    fetched_branch: str
    commit: str
    deploy: str
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A webhook's address and its secret: the only time that can be read."""

    hook_url: str
    secret: str


class Sources:
    """The repositories of this installation's sites."""

    def __init__(self, access: Access, addresses: Addresses) -> None:
        self._news = access.news
        self._sealer = Sealer(access.keys.sealing)
        self._addresses = addresses

    async def get(self, actor: Actor, site: str) -> SourceFacts:
        """A site's repository; NotFound when it has none."""
        return self._facts(site, await self.row(await sites.find(actor, site)))

    async def set(self, actor: Actor, site: str, wanted: SetSource) -> SourceFacts:
        """Say where a site is deployed from; from now on in this account's name. NotFound, Invalid."""
        row = await sites.find(actor, site)
        check_url(wanted.url)
        check_branch(wanted.branch)
        check_folder(wanted.folder)
        before = await GitSource.get_or_none(site=row)
        if before is not None:
            _check_token(before, wanted)
        values: dict[str, Any] = {"account_id": actor.id, "folder": wanted.folder.strip("/")}
        values |= {name: getattr(wanted, name) for name in ("url", "branch", "username", "previews")}
        if wanted.token is not None:
            values["token"] = self._sealer.seal(wanted.token, _token_of(row)) if wanted.token else ""
        async with in_transaction():
            if before is None:
                await GitSource.create(site=row, **values)
            else:
                await before.update_from_dict(values).save(update_fields=list(values))
            token = {} if wanted.token is None else {"token": "set" if wanted.token else "removed"}
            await audit.record(actor, "git.set", row, url=wanted.url, branch=wanted.branch, **token)
        self._news.site(site)
        return self._facts(site, await self.row(row))

    async def new_secret(self, actor: Actor, site: str) -> NewSecret:
        """Make a webhook secret, in the place of the one there may be. NotFound."""
        row = await sites.find(actor, site)
        source = await self.row(row)
        secret = secrets.token_hex(SECRET_BYTES)
        source.secret = self._sealer.seal(secret, _secret_of(row))
        async with in_transaction():
            await source.save(update_fields=["secret"])
            await audit.record(actor, "git.secret", row)
        self._news.site(site)
        return NewSecret(self._hook_url(site), secret)

    async def remove(self, actor: Actor, site: str) -> None:
        """Deploy a site from Git no more; what is live stays. NotFound."""
        row = await sites.find(actor, site)
        async with in_transaction():
            await (await self.row(row)).delete()
            await audit.record(actor, "git.delete", row)
        self._news.site(site)

    async def row(self, site: Site) -> GitSource:
        """What is kept of a site's repository, for this package; NotFound."""
        source = await GitSource.get_or_none(site=site).select_related("site")
        if source is None:
            raise NotFound(f"{site.name} is not deployed from Git.", code="no_git_source")
        return source

    def token_of(self, source: GitSource) -> str:
        """The token a repository is fetched with, "" for none. Raises Unreadable."""
        return self._sealer.open(source.token, _token_of(source.site)) if source.token else ""

    def secret_of(self, source: GitSource) -> str:
        """The secret its webhooks are signed with, "" for none. Raises Unreadable."""
        return self._sealer.open(source.secret, _secret_of(source.site)) if source.secret else ""

    def _hook_url(self, site: str) -> str:
        return f"{self._addresses.url(self._addresses.admin)}api/v1/sites/{site}/git/hook"

    def _facts(self, site: str, row: GitSource) -> SourceFacts:
        return SourceFacts(
            site=site,
            url=row.url,
            branch=row.branch,
            folder=row.folder,
            username=row.username,
            has_token=bool(row.token),
            has_secret=bool(row.secret),
            previews=row.previews,
            hook_url=self._hook_url(site),
            state=row.state,
            detail=row.detail,
            fetched_branch=row.fetched_branch,
            commit=row.commit,
            deploy=row.deploy,
            changed_at=row.changed_at,
        )


def _check_token(before: GitSource, wanted: SetSource) -> None:
    """A token is never sent to another address than the one it was given for."""
    if before.url != wanted.url and before.token and wanted.token is None:
        raise Invalid(
            "The repository's address has changed: give the token again, or remove it.",
            fields={"token": "is needed again for another address"},
        )


def _token_of(site: Site) -> str:
    return f"git token of site {site.id}"


def _secret_of(site: Site) -> str:
    return f"git webhook secret of site {site.id}"

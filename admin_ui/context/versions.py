"""What the page of a version shows beside its deploy: what it changes, its aliases, its end, and the site's lock."""

from dataclasses import dataclass, field

from admin_ui.context.deploys import deploy_href, site_href
from admin_ui.words import Moment, bare, counted, moment, number, size, t
from appliance.deploys import AliasFacts, DeployFacts, Difference
from appliance.sites import SiteFacts

MOST_SHOWN = 200  # paths of a difference on a page; the command line shows all


@dataclass(frozen=True, slots=True)
class AliasRow:
    """An alias of this deploy: where it is, and where the form that takes it away goes."""

    name: str
    url: str
    host: str
    remove: str


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a difference: `sign` is +, - or ~."""

    sign: str
    what: str
    note: str


@dataclass(frozen=True, slots=True)
class Lock:
    """Who keeps what visitors get as it is, since when, and why."""

    who: str
    since: Moment
    reason: str


@dataclass(frozen=True, slots=True)
class VersionPage:
    """A ready deploy, and what can be done with it. `changes` is empty for the live one itself."""

    title: str
    site: str
    site_href: str
    href: str
    number: int
    live: bool
    download: str
    expires: Moment | None
    aliases: list[AliasRow]
    changes: list[Change]
    summary: str
    lock: Lock | None
    refusal: str = ""
    faults: dict[str, str] = field(default_factory=dict)


def version_page(
    deploy: DeployFacts, site: SiteFacts, aliases: list[AliasFacts], found: Difference | None
) -> VersionPage:
    """From the facts of a deploy and its site, the site's aliases, and what differs from the live deploy."""
    href = deploy_href(deploy.id)
    return VersionPage(
        title=t("version.title", number=deploy.number, site=deploy.site),
        site=deploy.site,
        site_href=site_href(deploy.site),
        href=href,
        number=deploy.number,
        live=deploy.live,
        download=f"/api/v1{href}/download",
        expires=moment(deploy.expires_at) if deploy.expires_at else None,
        aliases=[
            AliasRow(each.name, each.url, bare(each.url), f"{href}/aliases/{each.name}/remove")
            for each in aliases
            if each.deploy == deploy.id
        ],
        changes=_changes(found)[:MOST_SHOWN] if found else [],
        summary=_summary(found),
        lock=_lock(site),
    )


def _changes(found: Difference) -> list[Change]:
    changes = [Change("+", each.path, size(each.bytes)) for each in found.added]
    changes += [Change("-", each.path, size(each.bytes)) for each in found.removed]
    changes += [
        Change("~", each.path, t("version.changed_size", before=size(each.before), after=size(each.after)))
        for each in found.changed
    ]
    for kind, lines in ((t("version.redirect"), found.redirects), (t("version.header"), found.headers)):
        changes += [Change("+", line, kind) for line in lines.added]
        changes += [Change("-", line, kind) for line in lines.removed]
    return changes


def _summary(found: Difference | None) -> str:
    if found is None:
        return ""
    counts = {"added": len(found.added), "changed": len(found.changed), "removed": len(found.removed)}
    words = {name: number(count) for name, count in counts.items()}
    return t("version.summary", **words, files=counted(found.unchanged, "file"))


def _lock(site: SiteFacts) -> Lock | None:
    if site.locked is None:
        return None
    return Lock(site.locked.account or t("common.gone"), moment(site.locked.at), site.locked.reason)

"""What pages show of host names: those of a site, and those of the installation."""

from collections.abc import Sequence
from dataclasses import dataclass

from admin_ui.context.common import PER_PAGE, Pager, pager
from admin_ui.context.deploys import deploy_href, site_href
from admin_ui.words import Moment, bare, moment, t
from appliance.domains import Base, Domain


@dataclass(frozen=True, slots=True)
class DomainRow:
    """A host name, what it shows and since when; without `url` and `href` it is a pattern, or shows nothing yet."""

    host: str
    url: str
    copy: str
    canonical: bool
    shows: str
    href: str
    since: Moment | None


@dataclass(frozen=True, slots=True)
class DomainsPage:
    """A site's host names, and those that all of them are below."""

    title: str
    name: str
    site_href: str
    rows: Sequence[DomainRow]
    pages: Pager
    base: Base


def domains_page(name: str, domains: Sequence[Domain], base: Base, number: int) -> DomainsPage:
    """From all of a site's names; of very many some at a time."""
    path = f"{site_href(name)}/domains"
    start = (number - 1) * PER_PAGE
    return DomainsPage(
        title=t("domains.title", site=name),
        name=name,
        site_href=site_href(name),
        rows=[_row(domain) for domain in domains[start : start + PER_PAGE]],
        pages=pager(path, number, len(domains)),
        base=base,
    )


def _row(domain: Domain) -> DomainRow:
    return DomainRow(
        host=bare(domain.url) if domain.url else domain.host,
        url=domain.url if domain.deploy else "",
        copy=domain.url or domain.host,
        canonical=domain.canonical,
        shows=_shows(domain),
        href=deploy_href(domain.deploy) if domain.deploy else "",
        since=moment(domain.since) if domain.since else None,
    )


def _shows(domain: Domain) -> str:
    if domain.kind == "deploys":
        return t("domains.each_deploy")
    if domain.number is None:
        return t("domains.nothing_live")
    if domain.kind == "alias":
        return t("domains.alias", number=domain.number, alias=domain.alias)
    return t("domains.live", number=domain.number)

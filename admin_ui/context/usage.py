"""What pages show of disk space: of a site, and of an account with its largest sites."""

from collections.abc import Sequence
from dataclasses import dataclass

from admin_ui.context.deploys import site_href
from admin_ui.words import counted, size, t
from appliance.usage import AccountUsage, SiteUsage

SHOWN = 10  # sites of an account


@dataclass(frozen=True, slots=True)
class Bar:
    """A length beside others: `share` of `most`, in bytes; `href` is empty where it leads nowhere."""

    label: str
    href: str
    share: int
    most: int
    words: str


@dataclass(frozen=True, slots=True)
class Storage:
    """What an account's sites take, with a bar for each of the largest; `more` is empty unless there are others."""

    title: str
    bars: Sequence[Bar]
    more: str
    shared: str


def site_storage(usage: SiteUsage) -> str:
    """What a site takes, in a line."""
    return t("usage.site", size=size(usage.bytes), deploys=counted(usage.deploys, "deploy"))


def account_storage(usage: AccountUsage) -> Storage:
    """From an account's figures."""
    shown = usage.sites[:SHOWN]
    most = max([1, *(site.bytes for site in shown)])
    bars = [
        Bar(
            t("usage.deleted", site=site.site) if site.deleted else site.site,
            "" if site.deleted else site_href(site.site),
            site.bytes,
            most,
            size(site.bytes),
        )
        for site in shown
    ]
    more = t("usage.more", count=usage.count - len(shown)) if usage.count > len(shown) else ""
    shared = t("usage.apart", size=size(usage.apart)) if usage.apart > usage.bytes else ""
    return Storage(t("usage.title", size=size(usage.bytes)), bars, more, shared)

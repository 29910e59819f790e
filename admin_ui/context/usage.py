"""What pages show of disk space: of a site, and of an account with its largest sites."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from admin_ui.context.deploys import site_href
from admin_ui.words import counted, lasting, number, size, t
from appliance.allowance import Standing
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
    """What an account's sites take, with a bar for each of the largest; `more` is empty unless there are others.

    `plan` are bars for what its plan limits, none where it has no plan.
    """

    title: str
    plan_title: str
    plan: Sequence[Bar]
    bars: Sequence[Bar]
    more: str
    shared: str


def site_storage(usage: SiteUsage) -> str:
    """What a site takes, in a line."""
    return t("usage.site", size=size(usage.bytes), deploys=counted(usage.deploys, "deploy"))


def account_storage(usage: AccountUsage, standing: Standing) -> Storage:
    """From an account's figures, and how it stands to its plan."""
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
    plan_title = t("usage.plan", plan=standing.plan.name) if standing.plan.name else ""
    title = t("usage.title", size=size(usage.bytes))
    return Storage(title, plan_title, list(_plan_bars(standing)), bars, more, shared)


def _plan_bars(standing: Standing) -> Iterator[Bar]:
    plan = standing.plan
    if plan.sites is not None:
        yield _of("sites", standing.sites, plan.sites, number(standing.sites), number(plan.sites))
    if plan.storage is not None:
        yield _of("storage", standing.storage, plan.storage, size(standing.storage), size(plan.storage))
    if plan.build_time is not None:
        used, most = int(standing.build_time), int(plan.build_time)
        yield _of("build_time", used, most, lasting(used), lasting(most))


def _of(limit: str, used: int, most: int, used_words: str, most_words: str) -> Bar:
    words = t("usage.of", used=used_words, most=most_words)
    return Bar(t(f"usage.{limit}"), "", min(used, most), max(most, 1), words)

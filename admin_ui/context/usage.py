"""What pages show of disk space: of a site, and of an account with its largest sites."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from admin_ui.context.deploys import site_href
from admin_ui.languages import WHOLE
from admin_ui.words import counted, lasting, number, size, spoken, t
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


@dataclass(frozen=True, slots=True)
class Part:
    """A part of what a site takes, by who has it; `start` and `length` say where in a bar of `SiteStorage.LONG`."""

    kind: str
    label: str
    size: str
    share: str
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class SiteStorage:
    """What a site takes, and how much of that others have too; no parts where it takes nothing.

    `said` is the bar in words; `unreadable` is empty unless some of it cannot be counted.
    """

    LONG: ClassVar[int] = 1000

    total: str
    said: str
    parts: Sequence[Part]
    unreadable: str


def site_storage(usage: SiteUsage) -> SiteStorage:
    """What a site takes, by who has it."""
    by_kind = {"once": usage.once, "deploys": usage.alone - usage.once, "sites": usage.bytes - usage.alone}
    parts = list(_parts(by_kind, usage.bytes))
    total = t("usage.site", size=size(usage.bytes), deploys=counted(usage.deploys, "deploy"))
    said = "; ".join(f"{part.label}: {part.size}" for part in parts)
    unreadable = t("usage.unreadable") if usage.unreadable else ""
    return SiteStorage(total, said, parts, unreadable)


def _parts(by_kind: Mapping[str, int], whole: int) -> Iterator[Part]:
    before = 0
    for kind, count in by_kind.items() if whole else ():
        start, end = (SiteStorage.LONG * edge // whole for edge in (before, before + count))
        share = spoken().number(100 * count / whole, WHOLE)
        yield Part(kind, t(f"usage.shared_with.{kind}"), size(count), f"{share} %", start, end - start)
        before += count


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

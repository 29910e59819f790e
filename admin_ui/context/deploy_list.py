"""What the list of a site's deploys shows: found, sorted and paged by its address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import get_args
from urllib.parse import urlencode

from admin_ui.context.common import Choice, Pager, pager
from admin_ui.context.deploys import DeployRow, Problem, deploy_row, problems, site_href
from admin_ui.words import counted, t
from appliance.deploys import DeployFacts, Filter, Order, Sort
from appliance.sites import SiteFacts

SHOWN_STATES = ("ready", "failed", "queued", "asking", "expired", "cancelled", "superseded")
COLUMNS: tuple[tuple[Sort, str, bool], ...] = (  # what is sorted by, its heading's text, and whether it is a figure
    ("number", "number", False),
    ("author", "author", False),
    ("branch", "message", False),
    ("bytes", "size", True),
    ("bytes_added", "added", True),
    ("files", "files", True),
    ("state", "state", False),
)
RISING_FIRST = ("author", "branch", "state")  # words are read from A to Z, of figures the largest is looked for


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deploys an address asks for, and in which order; what it says that cannot be is left out."""

    state: str = ""
    find: str = ""
    order: Order = field(default_factory=Order)

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Wanted":
        """From the fields of a query."""
        state = query.get("state", "")
        given = query.get("sort", "")
        by = next((known for known in get_args(Sort) if known == given.lstrip("-")), None)
        order = Order(by, rising=not given.startswith("-")) if by else Order()
        return cls(state if state in SHOWN_STATES else "", query.get("find", "").strip()[:200], order)

    @property
    def only(self) -> Filter:
        """As the list of deploys understands it."""
        return Filter(states=(self.state,) if self.state else (), find=self.find)

    @property
    def is_filtered(self) -> bool:
        """Whether there may be more deploys than it asks for."""
        return bool(self.state or self.find)

    @property
    def sort(self) -> str:
        """The order as it stands in an address; nothing for the usual one."""
        return "" if self.order == Order() else f"{'' if self.order.rising else '-'}{self.order.by}"

    def query(self, sort: str | None = None) -> str:
        """The query of an address that asks for it; sorted otherwise where that is said."""
        fields = {"state": self.state, "find": self.find, "sort": self.sort if sort is None else sort}
        return urlencode({name: value for name, value in fields.items() if value})


@dataclass(frozen=True, slots=True)
class Column:
    """A heading: its link sorts by it, `sorted` is how it is sorted now, for `aria-sort`."""

    label: str
    href: str
    sorted: str
    is_amount: bool


@dataclass(frozen=True, slots=True)
class DeployTable:
    """A page of a site's deploys, and what was found in the newest. `diff` is where any two are compared."""

    rows: list[DeployRow]
    pages: Pager
    columns: list[Column]
    count: str
    all_href: str
    diff: str
    latest_number: int = 0
    latest_problems: list[Problem] = field(default_factory=list)
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class LockFacts:
    """Who keeps what visitors get as it is, and why."""

    who: str
    reason: str


@dataclass(frozen=True, slots=True)
class DeploysPage:
    """All deploys of a site that are wanted."""

    title: str
    name: str
    site_href: str
    href: str
    deploys: DeployTable
    states: Sequence[Choice]
    state: str
    find: str
    sort: str
    filtered: bool
    locked: LockFacts | None
    refusal: str = ""


def deploys_href(site: str) -> str:
    """The list of a site's deploys."""
    return f"{site_href(site)}/deploys"


def deploy_table(
    site: SiteFacts, deploys: Sequence[DeployFacts], page: int, total: int, wanted: Wanted | None = None
) -> DeployTable:
    """From a page of a site's deploys; of those that were wanted, or the newest."""
    live = site.live.number if site.live else None
    wanted, href = wanted or Wanted(), deploys_href(site.name)
    latest = deploys[0] if deploys and page == 1 and wanted == Wanted() else None
    before, after = _compared(deploys)
    return DeployTable(
        rows=[deploy_row(deploy, live) for deploy in deploys],
        pages=pager(href, page, total, query=wanted.query()),
        columns=[_column(href, wanted, *column) for column in COLUMNS],
        count=counted(total, "deploy"),
        all_href=href if total > len(deploys) else "",
        diff=f"{site_href(site.name)}/diff",
        latest_number=latest.number if latest else 0,
        latest_problems=problems(latest.problems) if latest else [],
        before=before,
        after=after,
    )


def deploys_page(
    site: SiteFacts, deploys: Sequence[DeployFacts], page: int, total: int, wanted: Wanted, refusal: str = ""
) -> DeploysPage:
    """From a page of the wanted deploys."""
    lock = site.locked
    return DeploysPage(
        title=t("deploy_list.title", site=site.name),
        name=site.name,
        site_href=site_href(site.name),
        href=deploys_href(site.name),
        deploys=deploy_table(site, deploys, page, total, wanted),
        states=[
            Choice("", t("deploy_list.every_state")),
            *(Choice(state, t(f"states.{state}")) for state in SHOWN_STATES),
        ],
        state=wanted.state,
        find=wanted.find,
        sort=wanted.sort,
        filtered=wanted.is_filtered,
        locked=LockFacts(lock.account or t("common.gone"), lock.reason) if lock else None,
        refusal=refusal,
    )


def _compared(deploys: Sequence[DeployFacts]) -> tuple[str, str]:
    """The two that are most likely to be compared: what is live with the newest other one, or the newest two."""
    ready = [deploy for deploy in deploys if deploy.state == "ready"]
    live = next((deploy for deploy in ready if deploy.live), None)
    others = [deploy for deploy in ready if deploy is not live]
    first, second = (live or (others[1] if len(others) > 1 else None)), (others[0] if others else None)
    if first is None or second is None:
        return "", ""
    older, newer = sorted((first, second), key=lambda deploy: deploy.number)
    return str(older.number), str(newer.number)


def _column(href: str, wanted: Wanted, by: Sort, label: str, is_amount: bool) -> Column:  # noqa: FBT001  (a row of COLUMNS)
    now = wanted.order if wanted.order.by == by else None
    rising = not now.rising if now else by in RISING_FIRST
    query = wanted.query(f"{'' if rising else '-'}{by}")
    said = "" if now is None else "ascending" if now.rising else "descending"
    return Column(t(f"deploy_list.{label}"), f"{href}?{query}", said, is_amount)

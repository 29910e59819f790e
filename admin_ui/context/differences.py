"""What the page that compares two deploys shows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from admin_ui.context.common import Pager, pager, readable
from admin_ui.context.deploy_list import deploys_href
from admin_ui.context.deploys import State, deploy_href, deploy_state, site_href
from admin_ui.words import Moment, counted, moment, number, size, t
from appliance.deploys import DeployFacts, Difference
from appliance.deploys.differences import Lines

PATHS_PER_PAGE = 200
MINUS = "\N{MINUS SIGN}"
LINES_SHOWN = 200  # rules of each kind; the command line shows all


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two."""

    number: int
    href: str
    made: Moment
    message: str
    state: State
    size: str


@dataclass(frozen=True, slots=True)
class PathChange:
    """A path: `kind` is added, removed or changed; sizes are empty where there was or is no file, `grew` is signed."""

    kind: str
    word: str
    path: str
    before: str
    after: str
    grew: str


@dataclass(frozen=True, slots=True)
class LineChange:
    """A rule that is new or gone, in the words of its file."""

    kind: str
    word: str
    text: str


@dataclass(frozen=True, slots=True)
class DifferencePage:
    """From one deploy to another; without them where they cannot be compared, and `refusal` says why."""

    title: str
    name: str
    site_href: str
    deploys_href: str
    action: str
    before: str
    after: str
    sides: Sequence[Side] = ()
    swap: str = ""
    summary: str = ""
    bytes: str = ""
    paths: Sequence[PathChange] = ()
    pages: Pager = field(default_factory=lambda: Pager("", "", ""))
    redirects: Sequence[LineChange] = ()
    headers: Sequence[LineChange] = ()
    more_lines: str = ""
    refusal: str = ""


def refused_page(site: str, before: str, after: str, refusal: str) -> DifferencePage:
    """Where there is nothing to compare."""
    href = site_href(site)
    return DifferencePage(
        t("difference.choose_title", site=site),
        site,
        href,
        deploys_href(site),
        f"{href}/diff",
        before,
        after,
        refusal=refusal,
    )


def difference_page(found: Difference, one: DeployFacts, other: DeployFacts, page: int) -> DifferencePage:
    """From what differs between two deploys of a site."""
    href, changes = site_href(one.site), _paths(found)
    start = (page - 1) * PATHS_PER_PAGE
    query = {"before": str(one.number), "after": str(other.number)}
    swapped = {"before": query["after"], "after": query["before"]}
    lines = max(sum(map(len, (part.added, part.removed))) for part in (found.redirects, found.headers))
    return DifferencePage(
        title=t("difference.title", before=one.number, after=other.number, site=one.site),
        name=one.site,
        site_href=href,
        deploys_href=deploys_href(one.site),
        action=f"{href}/diff",
        before=query["before"],
        after=query["after"],
        sides=(_side(one), _side(other)),
        swap=f"{href}/diff?{urlencode(swapped)}",
        summary=_summary(found),
        bytes=_bytes(found),
        paths=changes[start : start + PATHS_PER_PAGE],
        pages=pager(f"{href}/diff", page, len(changes), PATHS_PER_PAGE, urlencode(query)),
        redirects=_lines(found.redirects),
        headers=_lines(found.headers),
        more_lines=t("difference.limited", count=LINES_SHOWN) if lines > LINES_SHOWN else "",
    )


def _side(deploy: DeployFacts) -> Side:
    return Side(
        deploy.number,
        deploy_href(deploy.id),
        moment(deploy.created_at),
        deploy.message,
        deploy_state(deploy),
        f"{counted(deploy.files, 'file')}, {size(deploy.bytes)}",
    )


def _paths(found: Difference) -> list[PathChange]:
    changes = [_path("added", one.path, None, one.bytes) for one in found.added]
    changes += [_path("removed", one.path, one.bytes, None) for one in found.removed]
    changes += [_path("changed", one.path, one.before, one.after) for one in found.changed]
    return sorted(changes, key=lambda change: change.path)


def _path(kind: str, path: str, before: int | None, after: int | None) -> PathChange:
    grew = _signed((after or 0) - (before or 0))
    return PathChange(kind, t(f"difference.{kind}"), readable(path), _size(before), _size(after), grew)


def _size(count: int | None) -> str:
    return "" if count is None else size(count)


def _lines(lines: Lines) -> list[LineChange]:
    changes = [LineChange("removed", t("difference.removed"), line) for line in lines.removed]
    changes += [LineChange("added", t("difference.added"), line) for line in lines.added]
    return changes[:LINES_SHOWN]


def _summary(found: Difference) -> str:
    counts = {kind: number(len(getattr(found, kind))) for kind in ("added", "changed", "removed")}
    return t("difference.summary", unchanged=counted(found.unchanged, "file"), **counts)


def _bytes(found: Difference) -> str:
    """The bytes that are new, gone, and changed in their sum."""
    grown = sum(one.after - one.before for one in found.changed)
    total = sum(one.bytes for one in found.added) - sum(one.bytes for one in found.removed) + grown
    return t("difference.bytes", bytes=_signed(total)) if total else t("difference.same_bytes")


def _signed(count: int) -> str:
    return f"{'+' if count >= 0 else MINUS}{size(abs(count))}"

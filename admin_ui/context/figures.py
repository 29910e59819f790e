"""What the pages of figures show: traffic, deploys and storage over time, as tables that charts are drawn from."""

from collections.abc import Sequence
from dataclasses import dataclass

from admin_ui.context.deploys import deploy_href, site_href
from admin_ui.pages import Link
from admin_ui.words import counted, moment, number, seconds, size, t
from appliance.deploys import DeployFacts
from appliance.figures import Point, Span, StoragePoint
from appliance.serving.counters import Traffic
from appliance.sites import SiteFacts

RANGES: dict[str, tuple[Span, int]] = {
    "day": ("hour", 24),
    "week": ("hour", 7 * 24),
    "month": ("day", 30),
    "year": ("day", 365),
}
USUAL = "week"
MISSED_SHOWN = 20
SPARK_DAYS = 14
SPARK_WIDTH, SPARK_HEIGHT = 84, 20  # of the drawing, in its own units


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure: `value` for the chart, `shown` for people."""

    value: float
    shown: str


@dataclass(frozen=True, slots=True)
class Row:
    """One moment of a chart: seconds since 1970, what it is called, where it leads, and its figures."""

    at: int
    label: str
    href: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of some columns of a table, counted from 0; `kind` is count, size or seconds."""

    title: str
    table: str
    columns: str
    kind: str


@dataclass(frozen=True, slots=True)
class Table:
    """Figures over time: the charts that are drawn of them, and all of them for who would rather read."""

    id: str
    heads: tuple[str, ...]
    rows: Sequence[Row]
    charts: tuple[Chart, ...]
    moments: str

    @property
    def figure_heads(self) -> list[str]:
        """The heads as `parts/table.html` takes those that stand over figures."""
        return [f"amount:{head}" for head in self.heads]


@dataclass(frozen=True, slots=True)
class Spark:
    """Visits of the last days as a line, and in words."""

    points: str
    words: str


@dataclass(frozen=True, slots=True)
class Missed:
    """A path without a file, and how often it was asked for."""

    path: str
    count: str


@dataclass(frozen=True, slots=True)
class FiguresPage:
    """A site's figures."""

    title: str
    name: str
    site_href: str
    ranges: Sequence[Link]
    totals: str
    traffic: Table
    deploys: Table | None
    missed: Sequence[Missed]
    missed_more: str


@dataclass(frozen=True, slots=True)
class SystemFiguresPage:
    """The figures of all sites and of the data folder."""

    title: str
    ranges: Sequence[Link]
    totals: str
    traffic: Table
    storage: Table | None


def figures_href(site: str) -> str:
    """The page of a site's figures."""
    return f"{site_href(site)}/figures"


def range_of(given: str) -> str:
    """The range an address asks for; the usual one for anything else."""
    return given if given in RANGES else USUAL


def figures_page(
    site: SiteFacts, wanted: str, points: Sequence[Point], deploys: Sequence[DeployFacts], seen: Traffic
) -> FiguresPage:
    """From a site's hours or days, its newest deploys, and what was counted of it."""
    missed = [Missed(path, number(count)) for path, count in list(seen.missed.items())[:MISSED_SHOWN]]
    more = sum(seen.missed.values()) + seen.missed_more - sum(list(seen.missed.values())[:MISSED_SHOWN])
    return FiguresPage(
        title=t("figures.title", site=site.name),
        name=site.name,
        site_href=site_href(site.name),
        ranges=_ranges(figures_href(site.name), wanted),
        totals=totals(points),
        traffic=_traffic(points),
        deploys=_deploys(deploys) if deploys else None,
        missed=missed,
        missed_more=t("figures.missed_more", count=more) if more else "",
    )


def system_figures_page(wanted: str, points: Sequence[Point], storage: Sequence[StoragePoint]) -> SystemFiguresPage:
    """From the hours or days of all sites together, and what the data folder took."""
    return SystemFiguresPage(
        title=t("figures.system_title"),
        ranges=_ranges("/system/figures", wanted),
        totals=totals(points),
        traffic=_traffic(points),
        storage=_storage(storage) if storage else None,
    )


def spark(visits: Sequence[int]) -> Spark | None:
    """A line of visits by day, the last one today; nothing where there were none."""
    most = max(visits, default=0)
    if not most:
        return None
    step = SPARK_WIDTH / (len(visits) - 1)
    inner = SPARK_HEIGHT - 2  # a unit above and below, so that the line is not cut
    points = [f"{place * step:.1f},{1 + inner * (1 - count / most):.1f}" for place, count in enumerate(visits)]
    return Spark(" ".join(points), t("figures.spark", requests=counted(sum(visits), "request"), days=len(visits)))


def _ranges(href: str, wanted: str) -> list[Link]:
    return [Link(f"{href}?range={name}", t(f"figures.ranges.{name}"), current=name == wanted) for name in RANGES]


def totals(points: Sequence[Point]) -> str:
    """All requests and bytes of some hours or days, in words."""
    requests, sent = sum(point.requests for point in points), sum(point.bytes for point in points)
    return t("figures.totals", requests=counted(requests, "request"), bytes=size(sent))


def _traffic(points: Sequence[Point]) -> Table:
    return Table(
        id="traffic",
        heads=(*(t(f"figures.status.{name}") for name in ("ok", "moved", "missing", "failed")), t("figures.bytes")),
        rows=[_point(point) for point in points],
        charts=(
            Chart(t("figures.requests"), "traffic", "0,1,2,3", "count"),
            Chart(t("figures.bandwidth"), "traffic", "4", "size"),
        ),
        moments=t("figures.from"),
    )


def _point(point: Point) -> Row:
    counts = (point.status_2xx, point.status_3xx, point.status_4xx, point.status_5xx)
    cells = (*(Cell(count, number(count)) for count in counts), Cell(point.bytes, size(point.bytes)))
    return Row(int(point.at.timestamp()), moment(point.at).exact, "", cells)


def _deploys(deploys: Sequence[DeployFacts]) -> Table:
    return Table(
        id="built",
        heads=(t("figures.work"), t("figures.size"), t("figures.added")),
        rows=[_deploy(deploy) for deploy in reversed(deploys)],
        charts=(
            Chart(t("figures.build_times"), "built", "0", "seconds"),
            Chart(t("figures.sizes"), "built", "1,2", "size"),
        ),
        moments=t("figures.deploy"),
    )


def _deploy(deploy: DeployFacts) -> Row:
    spent, added = sum(step.seconds for step in deploy.steps), deploy.bytes_added or 0
    return Row(
        int(deploy.created_at.timestamp()),
        t("common.deploy", number=deploy.number),
        deploy_href(deploy.id),
        (Cell(spent, seconds(spent)), Cell(deploy.bytes, size(deploy.bytes)), Cell(added, size(added))),
    )


def _storage(points: Sequence[StoragePoint]) -> Table:
    return Table(
        id="storage",
        heads=tuple(t(f"figures.stored.{name}") for name in ("blobs", "database", "cache")),
        rows=[
            Row(
                int(point.at.timestamp()),
                moment(point.at).exact,
                "",
                tuple(Cell(count, size(count)) for count in (point.blobs, point.database, point.cache)),
            )
            for point in points
        ],
        charts=(Chart(t("figures.storage"), "storage", "0,1,2", "size"),),
        moments=t("figures.from"),
    )

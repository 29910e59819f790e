"""What the page with the server's log shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from admin_ui.context.common import PER_PAGE, Choice, Pager, pager
from admin_ui.context.deploys import State
from admin_ui.words import said, t
from appliance.log_tail import Line
from appliance.system import LogFacts

FILTERS = ("debug", "info", "warning", "error")  # the levels that can be asked for, from which on lines are shown
GRAVE = "warning"  # from here on a line is worth a word on the page about the installation
FEW = 5  # lines that are shown there
KINDS = {"warning": "asking", "error": "failed", "critical": "failed"}  # of badges


@dataclass(frozen=True, slots=True)
class LogRow:
    """A line: `at` to the second, in UTC; `trace` is empty unless something broke."""

    at: str
    iso: str
    level: State
    event: str
    fields: Mapping[str, str]
    trace: str


@dataclass(frozen=True, slots=True)
class LogPage:
    """The lines from a level on, the newest first; `most` are kept, and none where that is 0."""

    rows: Sequence[LogRow]
    pages: Pager
    levels: Sequence[Choice]
    level: str
    shown: str
    most: int
    title: str = said("log.title")


@dataclass(frozen=True, slots=True)
class LogGlance:
    """The newest lines of those that are grave, and how many there are in all."""

    rows: Sequence[LogRow]
    shown: str
    is_kept: bool


def log_page(facts: LogFacts, level: str, number: int) -> LogPage:
    """From the lines of a level and graver."""
    start = (number - 1) * PER_PAGE
    return LogPage(
        rows=[_row(line) for line in facts.lines[start : start + PER_PAGE]],
        pages=pager("/system/log", number, len(facts.lines), query=f"level={level}"),
        levels=[Choice(each, t(f"log.from.{each}")) for each in FILTERS],
        level=level,
        shown=t("log.shown", count=len(facts.lines)),
        most=facts.most,
    )


def log_glance(facts: LogFacts) -> LogGlance:
    """From the lines that are grave."""
    count = len(facts.lines)
    shown = t("log.grave", count=count) if count else t("log.all_well")
    return LogGlance([_row(line) for line in facts.lines[:FEW]], shown, facts.most > 0)


def _row(line: Line) -> LogRow:
    at, _, _ = line.at.replace("T", " ").partition(".")
    fields = {**line.fields, "logger": line.logger, **({"worker": str(line.worker)} if line.worker else {})}
    state = State(t(f"log.levels.{line.level}"), KINDS.get(line.level, "draft"))
    return LogRow(at.rstrip("Z"), line.at, state, line.event, fields, line.trace)

"""What a command shows: tables, JSON, warnings and a progress line that only a terminal gets to see."""

import json
import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TextIO

import click

BAR = 30  # characters; the whole line stays below 80 columns
UNSETTLED = 78  # EX_CONFIG in sysexits.h; what a service manager is told not to start again after
REFRESH = 0.1  # seconds between two drawings of the line
DONE_FOR_YOU = frozenset(
    {"recoded", "renamed", "shown", "wrapping_folder"}
)  # what is found with nothing wrong about it
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # in what somebody else wrote they could move the cursor, or worse


class Failure(click.ClickException):
    """The command cannot do its work; the message is one sentence that says what to do. Exit code 1."""


class Unsettled(Failure):
    """The settings cannot be used. Their exit code is their own: no try helps before somebody has changed them."""

    exit_code = UNSETTLED


def on_terminal() -> bool:
    """Whether somebody reads what is shown, and can press Ctrl+C."""
    return sys.stdout is not None and sys.stdout.isatty()


def tell(text: str) -> None:
    """A line for people on stderr, so that stdout holds nothing but the result."""
    click.echo(text, err=True)


def show(text: str) -> None:
    """A line of the result."""
    click.echo(text)


def show_json(value: object) -> None:
    """The result for programs: one JSON value, indented, in UTF-8."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def show_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows in columns as wide as their widest cell; an absent value is a dash."""
    cells = [list(headings), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(headings))]
    for line in cells:
        show("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def show_facts(facts: Mapping[str, object]) -> None:
    """One fact a line: its name, then its value."""
    width = max(len(name) for name in facts)
    for name, value in facts.items():
        show(f"{name.ljust(width)}  {_cell(value)}")


def counted(count: int, one: str, many: str = "") -> str:
    """So many of what is called `one`: `1 file`, `3 files`; `many` where that is not `one` with an s."""
    return f"1 {one}" if count == 1 else f"{count:,} {many or f'{one}s'}"


def size(count: int) -> str:
    """A number of bytes for people: `512 B`, `3.2 MB` (10⁶)."""
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.95:
            return f"{value:.1f} {unit}"
    return f"{value / 1000:.1f} TB"


def moment(time: str) -> str:
    """An ISO 8601 time in UTC for people: to the second, without the letters."""
    return time[:19].replace("T", " ")


def warn(problem: Mapping[str, Any]) -> None:
    """What was found in a deploy, as one line on stderr: where, what, and how often if more than once."""
    place = ":".join(str(part) for part in (problem.get("path"), problem.get("line")) if part is not None)
    message = problem["message"]
    said = plain(message if not place or place in message else f"{place}: {message}")
    often = problem.get("count") or 1
    word = "note" if problem.get("code") in DONE_FOR_YOU else "warning"
    tell(f"{word}: {said}" + (f" ({often}x)" if often > 1 and str(often) not in said else ""))


class Progress:
    """One line that is drawn over and over on `stream` (default: stderr); nothing where that is not a terminal."""

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream or sys.stderr
        self._clock = clock
        self._shown = self._stream.isatty()
        self._drawn = ""
        self._label = ""
        self._due = 0.0

    def step(self, label: str, done: int, total: int) -> None:
        """Show how far a step is; total 0 when that is not known, and 1 says no more before the step is over."""
        now = self._clock()
        complete = 0 < total <= done
        if not self._shown or (label == self._label and now < self._due and not complete):
            return
        self._label, self._due = label, now + REFRESH
        self._draw(f"{label:<8} {_bar(done, total)}" if total > 1 else f"{label:<8} ...")

    def clear(self) -> None:
        """Take the line away, so that what follows stands alone."""
        if self._drawn:
            self._draw("")
            self._stream.write("\r")
            self._stream.flush()
            self._drawn = ""

    def _draw(self, line: str) -> None:
        self._stream.write("\r" + line.ljust(len(self._drawn)))  # spaces over the rest: works without terminal codes
        self._stream.flush()
        self._drawn = line


def _bar(done: int, total: int) -> str:
    share = min(done / total, 1.0)
    filled = int(share * BAR)
    return f"[{'#' * filled}{'-' * (BAR - filled)}] {share:4.0%}"


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None or value == "" else plain(str(value))


def plain(text: str) -> str:
    """Somebody else's text, with nothing that acts on a terminal; spaces in the place of tabs."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text.expandtabs())

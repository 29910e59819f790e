"""Words and figures in the language of whoever is being answered: texts, sizes, counts, times.

The language is that of the visit: the edge sets it before a view runs (`speak`), and everything said below is in it.
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime

from admin_ui.languages import TENTHS, WHOLE, Language, shipped

UNITS = ("B", "kB", "MB", "GB", "TB")

_spoken: ContextVar[Language] = ContextVar("spoken")


def speak(language: Language) -> None:
    """Say everything in this language from here on, in the present task."""
    _spoken.set(language)


def spoken() -> Language:
    """The language of the present task; English where nobody chose."""
    return _spoken.get(None) or shipped().english


def t(key: str, **values: object) -> str:
    """The text of a key in the language of the visit, see `Language.say`."""
    return spoken().say(key, **values)


def said(key: str) -> str:
    """A field of a dataclass that holds this text when nothing else is given, in the language of that moment."""
    text: Callable[[], str] = lambda: t(key)  # noqa: E731 - `field` wants a function without arguments
    return field(default_factory=text)


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time: `iso` for programs, `exact` for people, both in UTC, and `ago`, how long ago it was."""

    iso: str
    exact: str
    ago: str


def moment(at: datetime) -> Moment:
    """From an aware datetime; exact to the minute."""
    language = spoken()
    iso = f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return Moment(iso, language.date(at), language.ago(datetime.now(UTC) - at))


def size(count: int) -> str:
    """A number of bytes in decimal units: `12 B`, `1.2 kB`, `35 MB`."""
    value, unit = float(count), 0
    while value >= 999.5 and unit < len(UNITS) - 1:
        value, unit = value / 1000, unit + 1
    pattern = TENTHS if unit and value < 9.95 else WHOLE
    return f"{spoken().number(value, pattern)} {UNITS[unit]}"


def number(count: int) -> str:
    """A whole number: `1,173`."""
    return spoken().number(count)


def counted(count: int, noun: str) -> str:
    """A number of things, by a noun below `counted`: `1 file`, `1,173 files`."""
    return t(f"counted.{noun}", count=count)


def seconds(value: float) -> str:
    """A length of time: `40 ms`, `1.4 s`, `12 s`; nothing for nothing."""
    if value == 0:
        return ""
    if value < 0.9995:
        return f"{value * 1000:.0f} ms"
    return f"{spoken().number(value, TENTHS if value < 9.95 else WHOLE)} s"


def lasting(length: float) -> str:
    """A long time, given in seconds, in its largest unit: `5 minutes`, `1 hour`, `12 days`."""
    for noun, unit in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if length >= unit:
            return counted(int(length // unit), noun)
    return t("counted.moment")


def bare(url: str) -> str:
    """An address without scheme and closing slash, as people say it."""
    return url.partition("://")[2].rstrip("/")

"""Figures as people read them: sizes, counts, times."""

from dataclasses import dataclass
from datetime import UTC, datetime

UNITS = ("B", "kB", "MB", "GB", "TB")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time: `iso` for programs, `exact` for people, both in UTC."""

    iso: str
    exact: str


def moment(at: datetime) -> Moment:
    """From an aware datetime; exact to the minute."""
    utc = at.astimezone(UTC)
    exact = f"{utc.day} {MONTHS[utc.month - 1]} {utc.year}, {utc:%H:%M} UTC"  # strftime's months follow the locale
    return Moment(f"{utc:%Y-%m-%dT%H:%M:%SZ}", exact)


def size(count: int) -> str:
    """A number of bytes in decimal units: `12 B`, `1.2 kB`, `35 MB`."""
    value, unit = float(count), 0
    while value >= 999.5 and unit < len(UNITS) - 1:
        value, unit = value / 1000, unit + 1
    digits = 1 if unit and value < 9.95 else 0
    return f"{value:.{digits}f} {UNITS[unit]}"


def counted(count: int, noun: str) -> str:
    """A number of things: `1 file`, `1,173 files`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def seconds(value: float) -> str:
    """A length of time: `40 ms`, `1.4 s`, `12 s`; nothing for nothing."""
    if value == 0:
        return ""
    if value < 0.9995:
        return f"{value * 1000:.0f} ms"
    return f"{value:.{1 if value < 9.95 else 0}f} s"


def lasting(length: float) -> str:
    """A long time, given in seconds, in its largest unit: `5 minutes`, `1 hour`, `12 days`."""
    for noun, unit in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if length >= unit:
            return counted(int(length // unit), noun)
    return "less than a minute"


def bare(url: str) -> str:
    """An address without scheme and closing slash, as people say it."""
    return url.partition("://")[2].rstrip("/")

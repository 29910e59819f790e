"""HTTP dates (RFC 9110, 5.6.7): written in one form, read in three, whatever the locale."""

import calendar
import re
import time
from email.utils import formatdate

_MONTHS = b"jan feb mar apr may jun jul aug sep oct nov dec".split()
_TIME = rb"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_FORMS = (
    re.compile(rb"[a-z]{3}, (?P<day>\d\d) (?P<month>[a-z]{3}) (?P<year>\d{4}) " + _TIME + rb" gmt"),
    re.compile(rb"[a-z]{6,9}, (?P<day>\d\d)-(?P<month>[a-z]{3})-(?P<year>\d\d) " + _TIME + rb" gmt"),  # RFC 850
    re.compile(rb"[a-z]{3} (?P<month>[a-z]{3}) (?P<day>[ \d]\d) " + _TIME + rb" (?P<year>\d{4})"),  # asctime
)


def write(seconds: int) -> bytes:
    """The date as IMF-fixdate; `seconds` since 1970, UTC."""
    return formatdate(seconds, usegmt=True).encode("ascii")


def read(value: bytes) -> int | None:
    """Seconds since 1970 (UTC), or None for what is no HTTP date and therefore has to be ignored."""
    value = value.strip().lower()
    for form in _FORMS:
        match = form.fullmatch(value)
        if match:
            return _seconds(match)
    return None


def _seconds(match: re.Match[bytes]) -> int | None:
    if match["month"] not in _MONTHS:
        return None
    day, hour, minute, second = (int(match[name]) for name in ("day", "hour", "minute", "second"))
    if not (1 <= day <= 31 and hour <= 23 and minute <= 59 and second <= 60):
        return None
    year = _full_year(int(match["year"])) if len(match["year"]) == 2 else int(match["year"])
    return calendar.timegm((year, _MONTHS.index(match["month"]) + 1, day, hour, minute, second)) if year else None


def _full_year(two_digits: int) -> int:
    """A year more than 50 years ahead is the past one with the same last digits (RFC 9110, 5.6.7)."""
    now = time.gmtime().tm_year
    year = now - now % 100 + two_digits
    return year - 100 if year > now + 50 else year


class DateLine:
    """The `date` header as a line for HTTP/1.1, made once a second."""

    __slots__ = ("_line", "second")

    def __init__(self) -> None:
        self.second = -1
        """Since 1970, UTC, when the line was last asked for."""
        self._line = b""

    def now(self) -> bytes:
        """`date: …` and CRLF, right to the second."""
        second = int(time.time())
        if second != self.second:
            self.second = second
            self._line = b"date: " + write(second) + b"\r\n"
        return self._line

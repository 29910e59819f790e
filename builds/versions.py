"""Versions as projects ask for them: npm's ranges, Python's specifiers, a bare beginning; and whether one fits."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Numbers = tuple[int, ...]

LONGEST = 200  # characters of a range
VERSION = re.compile(
    r"v?(\d{1,9})(?:\.(\d{1,9}|[xX*]))?(?:\.(\d{1,9}|[xX*]))?(?:\.\d{1,9})*(?:[-+a-z][0-9A-Za-z.+-]*)?$"
)
COMPARISON = re.compile(r"(>=|<=|~=|==|!=|~>|>|<|=|\^|~)\s*")
HYPHEN = re.compile(r"(\S+)\s+-\s+(\S+)$")
TOP: Numbers = (10**9,)


@dataclass(frozen=True, slots=True)
class Span:
    """Versions from `low` up to, not including, `high`."""

    low: Numbers
    high: Numbers

    def holds(self, version: Numbers) -> bool:
        """Whether a version lies in it."""
        return self.low <= version < self.high

    def specifier(self) -> str:
        """The span as pip writes it."""
        low = f">={_dotted(self.low)}" if self.low else ""
        high = f"<{_dotted(self.high)}" if self.high != TOP else ""
        return ",".join(part for part in (low, high) if part)


ANY = (Span((), TOP),)


def spans(wanted: str) -> tuple[Span, ...]:
    """The spans a text allows, highest first; nothing for a text that says no version. Empty text allows any.

    Understood: `22`, `v22.1.0`, `22.x`, `>=20 <23`, `>=3.9,<4`, `^20.1 || ~22.3`, `18 - 22`, `*`.
    """
    if len(wanted) > LONGEST:
        return ()
    found: list[Span] = []
    for part in wanted.split("||"):
        span = _span(part.strip())
        if span is None:
            return ()
        if span.low < span.high:
            found.append(span)
    return tuple(sorted(found, key=lambda span: span.low, reverse=True))


def fits(version: str, wanted: str) -> bool:
    """Whether a version is one that a text allows."""
    numbers = parsed(version)
    return numbers is not None and any(span.holds(numbers) for span in spans(wanted))


def parsed(version: str) -> Numbers | None:
    """The numbers of a version such as `v22.1.0` or `0.111.3+extended`; None where it is none."""
    found = re.match(r"v?(\d{1,9}(?:\.\d{1,9}){0,3})", version.strip())
    return tuple(int(part) for part in found[1].split(".")) if found else None


def _span(text: str) -> Span | None:
    hyphen = HYPHEN.match(text)
    if hyphen:
        low, high = _compared(">=", hyphen[1]), _compared("<=", hyphen[2])
        return None if low is None or high is None else Span(low.low, high.high)
    span = ANY[0]
    for word in COMPARISON.sub(r" \1", text.replace(",", " ")).split():
        operator = COMPARISON.match(word)
        one = _compared(operator[1] if operator else "", word[operator.end() :] if operator else word)
        if one is None:
            return None
        span = Span(max(span.low, one.low), min(span.high, one.high))
    return span


def _compared(operator: str, version: str) -> Span | None:
    if version in {"*", "x", "X", "latest"} or operator == "!=":
        return ANY[0]
    found = VERSION.match(version)
    if found is None:
        return None
    numbers = tuple(int(part) for part in found.groups() if part and part.isdecimal())
    return MEANINGS.get(operator, _same)(numbers)


def _same(numbers: Numbers) -> Span:
    return Span(numbers, _next(numbers))


def _next(numbers: Numbers) -> Numbers:
    return (*numbers[:-1], numbers[-1] + 1)


def _caret(numbers: Numbers) -> Numbers:
    """The first number that is not 0 may not change."""
    kept = next((index for index, number in enumerate(numbers) if number), len(numbers) - 1)
    return _next(numbers[: kept + 1])


def _dotted(numbers: Numbers) -> str:
    return ".".join(map(str, numbers))


MEANINGS: Mapping[str, Callable[[Numbers], Span]] = {
    ">=": lambda numbers: Span(numbers, TOP),
    ">": lambda numbers: Span(_next(numbers), TOP),
    "<": lambda numbers: Span((), numbers),
    "<=": lambda numbers: Span((), _next(numbers)),
    "^": lambda numbers: Span(numbers, _caret(numbers)),
    "~": lambda numbers: Span(numbers, _next(numbers[:2])),
    "~=": lambda numbers: Span(numbers, _next(numbers[:-1] or numbers)),  # Python's: the last number may grow
    "~>": lambda numbers: Span(numbers, _next(numbers[:-1] or numbers)),  # Ruby's
}

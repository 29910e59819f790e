"""A plan, as an operator writes it: the limits of the accounts that have it; what is left out is not limited."""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from appliance.units import Size, Span, whole

MOST = 1_000_000  # of what is counted
LONGEST_NAME = 40  # characters


@dataclass(frozen=True, slots=True)
class Plan:
    """What an account may have.

    `sites` it owns, bytes of `storage` that these take together, newest `deploys` kept of each, bytes of one `upload`,
    and `build_time`, in seconds of a calendar month (UTC). None: not limited.
    """

    name: str = ""
    sites: int | None = None
    storage: Size | None = None
    deploys: int | None = None
    upload: Size | None = None
    build_time: Span | None = None

    def limits(self) -> Iterator[tuple[str, int | Size | Span]]:
        """Those that it has, by name."""
        for name in LIMITS:
            value = getattr(self, name)
            if value is not None:
                yield name, value

    def __str__(self) -> str:
        return " ".join([self.name, *(f"{name}={value}" for name, value in self.limits())])


LIMITS: dict[str, Callable[[object], int | Size | Span]] = {
    "sites": whole(0, MOST),
    "storage": Size.parse,
    "deploys": whole(1, MOST),
    "upload": Size.parse,
    "build_time": Span.parse,
}
UNLIMITED = Plan()


def plans(value: object) -> tuple[Plan, ...]:
    """From tables `[plans.free]`, or a text: `free sites=3 storage=500MB, pro sites=50`."""
    if isinstance(value, Mapping):
        found = tuple(_plan(str(name), limits) for name, limits in value.items())
    else:
        texts = [text.split() for text in str(value).split(",") if text.strip()]
        found = tuple(_plan(name, dict(_pair(name, text) for text in rest)) for name, *rest in texts)
    if len({plan.name for plan in found}) < len(found):
        raise ValueError("names a plan twice")
    return found


def _pair(name: str, text: str) -> tuple[str, str]:
    limit, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f'is a list of plans with limits, such as "{name} sites=3 storage=500MB"')
    return limit, value


def _plan(name: str, limits: object) -> Plan:
    if not re.fullmatch(rf"[a-z0-9][a-z0-9_-]{{0,{LONGEST_NAME - 1}}}", name):
        raise ValueError(f"has a plan {name!r}: use 1 to {LONGEST_NAME} of a-z, 0-9, hyphens and underscores")
    if not isinstance(limits, Mapping):
        raise ValueError(f"has no table of limits for {name}: write [plans.{name}]")  # noqa: TRY004 - as all parsers do
    given: dict[str, Any] = {limit: _limit(name, str(limit), value) for limit, value in limits.items()}
    return Plan(name, **given)


def _limit(name: str, limit: str, value: object) -> int | Size | Span:
    if limit not in LIMITS:
        close = difflib.get_close_matches(limit, LIMITS, n=1)
        hint = f"perhaps {close[0]}" if close else f"there are {', '.join(LIMITS)}"
        raise ValueError(f"has no limit {limit} (in {name}; {hint})")
    try:
        return LIMITS[limit](value)
    except ValueError as error:
        raise ValueError(f"has a limit in {name} that cannot be: {limit} {error}") from None

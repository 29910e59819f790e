"""Whether texts can be read on what they stand on: WCAG 2.2, 1.4.3 (texts) and 1.4.11 (fields and focus)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from admin_ui.look.tokens import Colours

TEXT = 4.5  # to 1: texts of any size, level AA
PARTS = 3.0  # to 1: what shows that something is a field, or has focus
SCHEMES = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Pair:
    """A meaning that is seen on another; `text` where it is read."""

    front: str
    back: str
    text: bool = True


_GROUNDS = ("ground", "surface", "surface-hover")
_PALES = ("accent-pale", "good-pale", "warning-pale", "bad-pale")
PAIRS = (
    *(Pair(*pair) for pair in product(("text", "text-quiet", "accent", "accent-strong"), (*_GROUNDS, *_PALES))),
    *(Pair(*pair) for pair in product(("good", "warning", "bad", "bad-strong"), _GROUNDS)),
    Pair("good", "good-pale"),
    Pair("warning", "warning-pale"),
    Pair("bad", "bad-pale"),
    Pair("bad-strong", "bad-pale"),
    *(Pair("on-fill", fill) for fill in ("accent", "accent-strong", "good", "bad", "bad-strong")),
    *(Pair(*pair, text=False) for pair in product(("line-control", "focus"), ("ground", "surface"))),
    Pair("focus", "surface-hover", text=False),
)
NOT_READ = frozenset({"line", "line-strong", "veil", "glow"})
"""Meanings that carry nothing one has to see: rules between things, and shades behind them."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A pair that is too close in one scheme."""

    pair: Pair
    scheme: str
    ratio: float
    least: float


def faults(colours: Mapping[str, Colours], meanings: Mapping[str, str], text: float = TEXT) -> Iterator[Fault]:
    """Every pair whose contrast is less than `text` to 1, or `PARTS` where it is not read."""
    for pair, scheme in product(PAIRS, SCHEMES):
        front, back = (getattr(colours[meanings[name]], scheme) for name in (pair.front, pair.back))
        least, found = text if pair.text else PARTS, ratio(front, back)
        if found < least:
            yield Fault(pair, scheme, found, least)


def ratio(one: str, other: str) -> float:
    """The contrast of two opaque colours, from 1 to 21 (WCAG 2.2, definition of contrast ratio)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb` (WCAG 2.2, definition of relative luminance)."""
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)

"""What the server says in English, in the language of the visit: refusals, what was found, what was done.

The API and the command line say these sentences too, so they are in English where they are made. The English texts
below `told` are the sentences as they stand in the code; one is known again by its words, and its values go into the
text of the other language. What is not known there is said as it is.
"""

import re
import string
from dataclasses import dataclass
from functools import cache

from admin_ui.languages import ENGLISH, shipped
from admin_ui.words import spoken

TABLE = "told."
PHRASES = frozenset(  # values that are themselves words of the server; all others are somebody's own
    {"again", "answer", "fault", "held", "how", "kind", "rights", "rule", "said", "sentence", "state", "taken", "way"}
    | {"what"}
)


def told(sentence: str) -> str:
    """A sentence of the server in the language of the visit; as it is where that has no text for it."""
    if spoken().tag == ENGLISH:
        return sentence
    for known in _known():
        values = known.values(sentence)
        said = _values(values) if values is not None else None
        if said is not None:
            return spoken().say(f"told.{known.name}", **said)
    return sentence


def _values(values: dict[str, str]) -> dict[str, str] | None:
    """What is put into a text; None where it would be half in one language and half in the other."""
    said = {name: told(value) if name in PHRASES else value for name, value in values.items()}
    mixed = any(said[name] == value and " " in value for name, value in values.items() if name in PHRASES)
    return None if mixed else said


@dataclass(frozen=True, slots=True)
class _Known:
    """A sentence as it is known again; `longest` is the longest piece that is the same each time."""

    name: str
    pattern: re.Pattern[str]
    longest: str
    length: int

    def values(self, sentence: str) -> dict[str, str] | None:
        """What stands in its places, None for another sentence."""
        found = self.pattern.fullmatch(sentence) if self.longest in sentence else None
        return found.groupdict() if found else None


@cache
def _known() -> list[_Known]:
    """All of them, the most definite first."""
    texts = shipped().english.texts.items()
    found = (
        _read(key.removeprefix(TABLE), text) for key, text in texts if key.startswith(TABLE) and isinstance(text, str)
    )
    return sorted(found, key=lambda known: -known.length)


def _read(name: str, text: str) -> _Known:
    pieces = list(string.Formatter().parse(text))
    fixed = [literal for literal, _, _, _ in pieces]
    pattern = "".join(re.escape(literal) + (f"(?P<{place}>.*?)" if place else "") for literal, place, _, _ in pieces)
    return _Known(name, re.compile(pattern, re.DOTALL), max(fixed, key=len), sum(map(len, fixed)))

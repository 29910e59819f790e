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
DEEPEST = 3  # phrases in one another; a stranger's words may look like many more
PHRASES = frozenset(  # values that are themselves words of the server; all others are somebody's own
    {"again", "answer", "fault", "held", "how", "kind", "others", "rights", "rule", "said", "sentence", "state"}
    | {"taken", "way", "what"}
)
WHOLE = "sentence"  # a value that is a sentence of the server's, whose words are not to be taken for those around it
FIGURES = frozenset({"most"})  # values that are written as the language does
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3}){1,4}", re.ASCII)


def told(sentence: str, within: int = 0) -> str:
    """A sentence of the server in the language of the visit; as it is where that has no text for it.

    A phrase of it is told in turn, `within` so many others.
    """
    if spoken().tag == ENGLISH or within > DEEPEST:
        return sentence
    for known in _known():
        values = known.values(sentence)
        said = _values(values, within + 1) if values is not None else None
        if said is not None:
            return spoken().say(f"told.{known.name}", **said)
    return sentence


def _values(values: dict[str, str], within: int) -> dict[str, str] | None:
    """What is put into a text; None where it would be half in one language and half in the other."""
    said = {name: told(value, within) if name in PHRASES else value for name, value in values.items()}
    said |= {name: _figure(values[name]) for name in FIGURES & values.keys()}
    mixed = any(said[name] == value and " " in value for name, value in values.items() if name in PHRASES)
    return None if mixed else said


def _figure(value: str) -> str:
    """A number with commas in it as this language groups its digits; anything else as it is."""
    return spoken().number(int(value.replace(",", ""))) if _GROUPED.fullmatch(value) else value


@dataclass(frozen=True, slots=True)
class _Known:
    """A sentence as it is known again: the `places` of its values stand between its `pieces`."""

    name: str
    places: tuple[str, ...]
    pieces: tuple[str, ...]

    def values(self, sentence: str) -> dict[str, str] | None:
        """What stands in its places, as little as may be in each but the last; None for another sentence.

        In one walk from left to right: what is said may hold what a stranger wrote, in order to keep us busy.
        """
        first, last = self.pieces[0], self.pieces[-1]
        if not self.places:
            return {} if sentence == first else None
        at, end = len(first), len(sentence) - len(last)
        if at > end or not sentence.startswith(first) or not sentence.endswith(last):
            return None
        values = {}
        for place, piece in zip(self.places[:-1], self.pieces[1:-1], strict=True):
            found = sentence.find(piece, at, end)
            if found < 0:
                return None
            values[place], at = sentence[at:found], found + len(piece)
        return values | {self.places[-1]: sentence[at:end]}


@cache
def _known() -> list[_Known]:
    """All of them, the most definite first; before these, those that hold another whole."""
    texts = shipped().english.texts.items()
    found = (
        _read(key.removeprefix(TABLE), text) for key, text in texts if key.startswith(TABLE) and isinstance(text, str)
    )
    return sorted(found, key=lambda known: (WHOLE not in known.places, -sum(map(len, known.pieces))))


def _read(name: str, text: str) -> _Known:
    places, pieces = [], [""]
    for literal, place, _, _ in string.Formatter().parse(text):
        pieces[-1] += literal  # braces that are meant come in literals of their own
        if place is not None:
            places.append(place)
            pieces.append("")
    return _Known(name, tuple(places), tuple(pieces))

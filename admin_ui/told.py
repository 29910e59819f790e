"""What the server says in English, in the language of the visit: refusals, what was found, what was done.

The API and the command line say these sentences too, so they are in English where they are made. The English texts
below `told` are the sentences as they stand in the code; one is known again by its words, and its values go into the
text of the other language. What is not known there is said as it is.
"""

import re
import string
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from admin_ui.languages import ENGLISH, TENTHS, shipped
from admin_ui.words import spoken, t

TABLE = "told."
DEEPEST = 3  # phrases in one another; a stranger's words may look like many more
PHRASES = frozenset(  # values that are themselves words of the server; all others are somebody's own
    {"again", "answer", "fault", "held", "how", "kind", "others", "rights", "rule", "said", "sentence", "state"}
    | {"taken", "way", "what"}
)
LOOSE = frozenset(  # the server's words, or names, which are said as they are
    {"field", "method", "own", "role", "thing", "word"}
)
FOREIGN = frozenset({"error", "reason"})  # maybe another program's words: those stand in quotation marks
LISTS = {  # several in one place, and what stands between them
    "guesses": re.compile(r", or "),
    "reasons": re.compile(r" (?=(?:bubblewrap|container|process): )"),
    "tools": re.compile(r" and "),
}
SHAPES = {  # values without which a sentence of few words of its own is another one
    "marker": re.compile(r"(?:.*/)?[\w.-]+\.(?:json|py|toml|ya?ml)"),
    "of_site": re.compile(r"[\w-]+"),
    "one_deploy": re.compile(r"\w+"),
    "one_flag": re.compile(r"\S+"),
    "one_number": re.compile(r"\w+"),
    "package": re.compile(r"[\w@./-]*\w"),
    "sandbox": re.compile(r"bubblewrap|container|process"),
}
WHOLE = "sentence"  # a value that is a sentence of the server's, whose words are not to be taken for those around it
FIGURES = frozenset(  # values that are written as the language does
    {"added", "after", "at", "before", "between", "bytes", "count_of", "most", "used"}
)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3}){1,4}", re.ASCII)
_TENTHS = re.compile(r"(\d{1,15}\.\d) ([KM]B)", re.ASCII)
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d)(?: UTC)?", re.ASCII)


def told(sentence: str, within: int = 0) -> str:
    """A sentence of the server in the language of the visit; as it is where that has no text for it.

    A phrase of it is told in turn, `within` so many others.
    """
    if spoken().tag == ENGLISH or within > DEEPEST:
        return sentence
    if name := _whole().get(sentence):
        return spoken().say(f"told.{name}")
    for known in _beginning(sentence[:1]):
        values = known.values(sentence)
        said = _values(values, within + 1) if values is not None else None
        if said is not None:
            return spoken().say(f"told.{known.name}", **said)
    return sentence


def _values(values: dict[str, str], within: int) -> dict[str, str] | None:
    """What is put into a text; None where it would be half in one language and half in the other."""
    said = {name: _value(name, value, within) for name, value in values.items()}
    whole = {name: value for name, value in said.items() if value is not None}
    return whole if len(whole) == len(said) else None


def _value(name: str, value: str, within: int) -> str | None:
    """A value in the language of the visit; None for words of the server that it has no text for."""
    if name in LISTS:
        items = [_value("what", item, within) for item in LISTS[name].split(value)]
        return None if None in items else t(f"lists.{name}").join(filter(None, items))
    if name in FIGURES:
        return _figure(value)
    if name not in PHRASES | LOOSE | FOREIGN:
        return value
    own = told(value, within)
    is_known = own != value or " " not in value
    if name in FOREIGN and not is_known:
        return t("lists.quoted", words=value)
    return own if is_known or name in LOOSE else None


def _figure(value: str) -> str:
    """A number, an amount or a point in time (UTC) as this language writes it; anything else as it is."""
    if _GROUPED.fullmatch(value):
        return spoken().number(int(value.replace(",", "")))
    if found := _TENTHS.fullmatch(value):
        return f"{spoken().number(float(found[1]), TENTHS)} {found[2]}"
    if found := _MOMENT.fullmatch(value):
        return spoken().date(datetime.fromisoformat(f"{found[1]}+00:00"))
    return value


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
        at, end = len(first), len(sentence) - len(last)
        if at > end or not sentence.startswith(first) or not sentence.endswith(last):
            return None
        values = {}
        for place, piece in zip(self.places[:-1], self.pieces[1:-1], strict=True):
            found = sentence.find(piece, at, end)
            if found < 0:
                return None
            values[place], at = sentence[at:found], found + len(piece)
        values[self.places[-1]] = sentence[at:end]
        fits = all(SHAPES[name].fullmatch(values[name]) for name in SHAPES.keys() & values.keys())
        return values if fits else None


@cache
def _whole() -> dict[str, str]:
    """The names of those without a value, by their words."""
    return {known.pieces[0]: known.name for known in _known() if not known.places}


@cache
def _beginning(letter: str) -> list[_Known]:
    """Those with values that a sentence may be that begins so: a page may show many lines, most of them not ours."""
    return [known for known in _known() if known.places and known.pieces[0][:1] in {"", letter}]


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

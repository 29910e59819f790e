"""Path patterns, matched segment by segment: no text of a user ever becomes a regular expression.

A match costs at most the length of the path and of the pattern together, whatever they hold.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import unquote_to_bytes

from appliance.serving.addresses import Address

SPLAT: Final = "splat"
Captured = dict[str, str]

_NAME = re.compile(r":([A-Za-z]\w*)", re.ASCII)
_WHOLE_NAME = re.compile(r":([A-Za-z_][\w-]*)", re.ASCII)


class BadPattern(Exception):
    """The text is no pattern; `str()` is the end of a sentence that says why."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a dialect reads patterns.

    `folders`: the slash at the end must match, and `/a/*` does not match `/a`. `inside`: names may stand beside text
    within a segment. `anywhere`: the splat may, too, and needs not be last.
    """

    folders: bool
    inside: bool
    anywhere: bool


NETLIFY = Style(folders=False, inside=False, anywhere=False)
CLOUDFLARE = Style(folders=True, inside=True, anywhere=True)
NETLIFY_HEADERS = Style(folders=False, inside=False, anywhere=True)


@dataclass(frozen=True, slots=True)
class Holes:
    """A segment with names in it: the texts around them, one more than there are names."""

    texts: tuple[str, ...]
    names: tuple[str, ...]

    def fit(self, segment: str, captured: Captured) -> bool:
        """Whether the segment has these texts with something in between; earlier names take as much as they can."""
        first, *middle, last = self.texts
        end, room = len(segment) - len(last), len(first)
        if end - room < len(self.names) or not (segment.startswith(first) and segment.endswith(last)):
            return False
        for at in range(len(middle), 0, -1):
            found = segment.rfind(self.texts[at], room + 1, end - 1)
            if found < 0:
                return False
            captured[self.names[at]] = segment[found + len(self.texts[at]) : end]
            end = found
        captured[self.names[0]] = segment[room:end]
        return True


Piece = str | Holes


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern in parts: the segments before the splat, the texts around it in its own segment, those after it.

    Without a splat `around` is None and all segments are in `before`.
    """

    before: tuple[Piece, ...]
    around: tuple[str, str] | None
    after: tuple[Piece, ...]
    folders: bool

    @property
    def exact(self) -> str | None:
        """The one path that matches, in the form of `subject` joined by slashes; None when there are others."""
        literal = [piece for piece in self.before if isinstance(piece, str)]
        return "/".join(literal) if self.around is None and len(literal) == len(self.before) else None

    @property
    def prefix(self) -> tuple[str, ...]:
        """The segments that every match begins with."""
        literal = []
        for piece in self.before:
            if not isinstance(piece, str):
                break
            literal.append(piece)
        return tuple(literal)

    @property
    def names(self) -> tuple[str, ...]:
        """What a match captures."""
        holes = [piece for piece in (*self.before, *self.after) if isinstance(piece, Holes)]
        named = [name for piece in holes for name in piece.names]
        return (*named, SPLAT) if self.around is not None else tuple(named)

    def match(self, segments: list[str], *, slash: bool = False) -> Captured | None:
        """What the names and the splat stand for, or None. `segments` are of `subject`.

        `slash` says that the path ended in one which `subject` has left out; it stays at the end of the splat.
        """
        captured: Captured = {}
        fixed = len(self.before) + len(self.after)
        if self.around is None:
            return captured if len(segments) == fixed and _fit(self.before, segments, captured) else None
        spare = len(segments) - fixed
        bare = not self.folders and not self.after and self.around == ("", "")
        if spare < (0 if bare else 1) or not _fit(self.before, segments, captured):
            return None
        end = len(segments) - len(self.after)
        middle = "/".join(segments[len(self.before) : end])
        head, tail = self.around
        if len(middle) < len(head) + len(tail) or not (middle.startswith(head) and middle.endswith(tail)):
            return None
        if not _fit(self.after, segments[end:], captured):
            return None
        captured[SPLAT] = middle[len(head) : len(middle) - len(tail)] + ("/" if slash and bare and middle else "")
        return captured

    def folded(self, fold: Callable[[str], str]) -> "Pattern":
        """The same with `fold` made of every text, for paths of which the same was made."""
        around = None if self.around is None else (fold(self.around[0]), fold(self.around[1]))
        return replace(self, before=_folded(self.before, fold), around=around, after=_folded(self.after, fold))

    def build(self, captured: Captured) -> list[str]:
        """The segments of a path that matches, with these values for its names."""
        segments = [_filled(piece, captured) for piece in self.before]
        if self.around is not None:
            middle = captured[SPLAT].join(self.around)
            segments += middle.split("/") if middle or self.folders else []
        return segments + [_filled(piece, captured) for piece in self.after]


def subject(address: Address, *, folders: bool) -> list[str]:
    """The segments of a path as patterns see it; where the slash at the end counts, it leaves an empty segment."""
    segments = address.key.split("/") if address.key else []
    return [*segments, ""] if folders and address.slash else segments


def parse(text: str, style: Style) -> Pattern:
    """Read a path pattern such as `/blog/:year/*`; raises BadPattern. Escapes are decoded, as in requests."""
    if not text.startswith("/"):
        raise BadPattern("it does not begin with a slash")
    if "?" in text or "#" in text:
        raise BadPattern("a path has neither ? nor #")
    if text.count("*") > 1:
        raise BadPattern("it has more than one *")
    pieces = [part for part in text.split("/") if part]
    if style.folders and (text.endswith("/") or not pieces):
        pieces.append("")
    at = next((number for number, part in enumerate(pieces) if "*" in part), None)
    if at is None:
        pattern = Pattern(_pieces(pieces, style), None, (), style.folders)
    else:
        pattern = Pattern(
            _pieces(pieces[:at], style), _around(pieces, at, style), _pieces(pieces[at + 1 :], style), style.folders
        )
    _check_names(pattern)
    return pattern


def _around(pieces: list[str], at: int, style: Style) -> tuple[str, str]:
    head, _, tail = pieces[at].partition("*")
    if not style.anywhere and (head or tail or at != len(pieces) - 1):
        raise BadPattern("a * stands for the end of the path: it can only be the last segment")
    if style.inside and _NAME.search(pieces[at]):
        raise BadPattern("a * and a :name cannot share a segment")
    return _decoded(head), _decoded(tail)


def _pieces(parts: list[str], style: Style) -> tuple[Piece, ...]:
    return tuple(_piece(part, style) for part in parts)


def _piece(part: str, style: Style) -> Piece:
    if not style.inside:
        whole = _WHOLE_NAME.fullmatch(part)
        return Holes(("", ""), (whole[1],)) if whole else _decoded(part)
    texts = _NAME.split(part)
    if len(texts) == 1:
        return _decoded(part)
    return Holes(tuple(_decoded(text) for text in texts[::2]), tuple(texts[1::2]))


def _check_names(pattern: Pattern) -> None:
    names = pattern.names
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise BadPattern(f"the name :{twice} stands twice")


def _decoded(text: str) -> str:
    """As `read_path` decodes a segment, so that every spelling of a name is the same."""
    if text.isascii() and "%" not in text:
        return text
    raw = unquote_to_bytes(text.encode("utf-8", "surrogatepass"))
    return unicodedata.normalize("NFC", raw.decode("utf-8", "surrogateescape").replace("/", "\x00"))


def _filled(piece: Piece, captured: Captured) -> str:
    if isinstance(piece, str):
        return piece
    values = [captured[name] for name in piece.names]
    return "".join(text + value for text, value in zip(piece.texts, [*values, ""], strict=True))


def _folded(pieces: tuple[Piece, ...], fold: Callable[[str], str]) -> tuple[Piece, ...]:
    return tuple(
        fold(piece) if isinstance(piece, str) else replace(piece, texts=tuple(map(fold, piece.texts)))
        for piece in pieces
    )


def _fit(pieces: tuple[Piece, ...], segments: list[str], captured: Captured) -> bool:
    for piece, segment in zip(pieces, segments, strict=False):
        if piece.fit(segment, captured) if isinstance(piece, Holes) else piece == segment:
            continue
        return False
    return True

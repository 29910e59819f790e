"""What one file says that decides how another may be changed: digests, source maps, spaces that are seen."""

import re
from collections.abc import Callable

from builds.charsets import Look
from builds.signs import Signs

EDITION = "4"  # of this file; a new one has everything looked at again

_SHA = b"sha"
_SIGNS = Signs(_SHA)
_DIGEST = re.compile(rb"sha(?:256|384|512)-[A-Za-z0-9+/]{43,86}={0,2}")
_WORKER = re.compile(rb'"([0-9a-f]{40})"')  # in Angular's ngsw.json, whose service worker compares what it gets
_MAP = re.compile(rb"[#@][ \t]*sourceMappingURL=([^\s'\"]+?)[ \t]*(?:\*/\s*)?$", re.MULTILINE)
_SPACES = re.compile(rb"white-space(?:-collapse)?\s*:\s*(?:pre|break)")
_NAME = re.compile(rb"[.#]?[\w-]+")
_KEPT_BY_ITSELF = frozenset({b"pre", b"textarea", b"listing", b"xmp"})  # elements whose spaces no minifier touches

Facts = dict[str, list[str]]
"""`digests` of any file (as in `integrity`, or `sha1-` and hexadecimal digits), `map` its source map's address,
`spaces` what a stylesheet shows spaces in: tags, `.classes` and `#ids`, or `*`, `garbled` the first line of a page,
style or script that is not in UTF-8, and `recoded` in what encoding one was of which there is one in UTF-8.
What is empty is left out."""


def read(language: str, content: bytes) -> Facts:
    """The facts of one file."""
    found: Facts = {}
    places = _SIGNS.places(content).get(_SHA, ())
    if digests := {digest[0] for at in places if (digest := _DIGEST.match(content, at))}:
        found["digests"] = sorted(digest.decode() for digest in digests)
    if language == "json" and b'"hashTable"' in content:
        found["digests"] = [*found.get("digests", ()), *(f"sha1-{one.decode()}" for one in _WORKER.findall(content))]
    if language in {"js", "css"} and b"sourceMappingURL=" in content and (maps := _MAP.findall(content)):
        found["map"] = [maps[-1].decode("utf-8", "replace")[:2000]]
    if language == "css" and b"white-space" in content and (spaces := _spaces(content)):
        found["spaces"] = sorted(spaces)
    return found


def of_look(seen: Look) -> Facts:
    """What a look at a file has shown."""
    told = {"recoded": seen.recoded, "garbled": str(seen.garbled or "")}
    return {name: [value] for name, value in told.items() if value}


def sees_spaces(name: str) -> Callable[[bytes], bool]:
    """Whether a page may have what `spaces` names."""
    if name == "*":
        return lambda _page: True
    plain = name.lstrip(".#").encode()
    sign = plain if name[0] in ".#" else b"<" + plain
    return lambda page: sign in page


def _spaces(sheet: bytes) -> set[str]:
    """The last part of each selector of a block that keeps white space."""
    names: set[str] = set()
    for found in _SPACES.finditer(sheet):
        selectors = _selectors_at(sheet, found.start())
        for selector in re.sub(rb"/\*.*?\*/", b"", selectors, flags=re.DOTALL).split(b","):
            names |= _last_part(selector)
    return names


def _selectors_at(sheet: bytes, place: int) -> bytes:
    """Those of the block that a place is in; all elements where that is not plain to see."""
    opened = sheet.rfind(b"{", 0, place)
    if opened < 0 or sheet.find(b"}", opened, place) >= 0:
        return b"*"
    return sheet[max(sheet.rfind(sign, 0, opened) for sign in (b"{", b"}", b";")) + 1 : opened]


def _last_part(selector: bytes) -> set[str]:
    *around, last = re.split(rb"[\s>+~]+", selector.strip()) or [b""]
    parts = _NAME.findall(re.sub(rb":.*|\[.*", b"", last))
    if any(part in _KEPT_BY_ITSELF for part in [*parts, *around]):
        return set()
    # the narrowest name will do: an id or a class before a tag
    best = min(parts, key=lambda part: (part[:1] not in {b"#", b"."}, part), default=b"*")
    return {best.decode()}

"""Tells whether a file is named for its content, as build tools name what they make: `main.3f2a1b9c.js`."""

import re
from itertools import pairwise

_TOKEN = re.compile(r"[0-9A-Za-z]+")
_HEX = re.compile(r"(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{8,128}")
_PAGE = re.compile(r"\.x?html?$", re.IGNORECASE)
_OWN_FOLDERS = re.compile(r"(?:^|/)(?:_next/static|_nuxt|_astro|_app/immutable)/")  # nobody names a file there by hand
_BUNDLED = re.compile(r"(?:^|/)assets/(?:.*/)?[^/]*\.(?:js|css)$")  # Vite's folder, where people put files too
_SHORTEST = 8  # characters of a digest
_SHORT = range(_SHORTEST, 13)  # in this range a word with a number may look much like one


def is_digest_named(path: str) -> bool:
    """Does the name hold a token that looks like a digest? Never true for pages, whose addresses people know.

    Hexadecimal tokens need letters and digits; other tokens change often enough between small letters, capitals and
    digits that it is no word. Dates, version numbers and words in capitals are no digests. When in doubt it says no:
    what that costs is a question whether the file has changed.
    """
    name = path.rpartition("/")[2]
    if _PAGE.search(name):
        return False
    needed = 1 if _OWN_FOLDERS.search(path) else 3 if _BUNDLED.search(path) else 5
    stem = name.rpartition(".")[0] or name
    return any(_is_digest(token, needed) for token in _TOKEN.findall(stem))


def _is_digest(token: str, needed: int) -> bool:
    if len(token) < _SHORTEST:
        return False
    if _HEX.fullmatch(token):
        return True
    switches = _switches(token)
    if not any(letter.isdigit() for letter in token):
        return needed == 1 and switches > 0
    if len(token) not in _SHORT:
        return switches > 5
    one_case = token.islower() or token.isupper()
    return switches >= (min(needed, 3) if one_case else needed)


def _switches(token: str) -> int:
    """How often the kind of character changes; the capital that a word begins with belongs to the word."""
    kinds = ["d" if letter.isdigit() else "U" if letter.isupper() else "l" for letter in token]
    return sum(one != other and (one, other) != ("U", "l") for one, other in pairwise(kinds))

"""Stylesheets: lightningcss says whether one is well formed, tdewolff's minifier writes it smaller.

lightningcss alone would not do: without a list of browsers it drops the first of `height: 100vh; height: 100dvh`, every
`-webkit-backdrop-filter`, and writes `(width >= 1px)`, which browsers of 2022 do not know; with one it rewrites nesting
and colours. The other keeps each rule and each declaration, but mends what is broken, so it must not see that.
"""

import re

import lightningcss

from builds.minify.native import Unsuitable, run

_ZERO = rb"(?<![\w.])0*\.?0+"
_MEANT = (  # declarations with a zero whose unit is dropped although it means something
    rb"\b(?:rotate|offset|font|font-style|image-orientation)\s*:[^;{}]*" + _ZERO + rb"(?:deg|g?rad|turn)\b"  # invalid
    rb"|\bflex-basis\s*:\s*" + _ZERO + rb"%"  # of a height that is not known, it is no zero
    rb"|\bflex\s*:[^;{}]*" + _ZERO + rb"[a-z]"  # becomes such a percentage
    rb"|\bflex\s*:\s*[\d.]+\s+[\d.]+\s+" + _ZERO + rb"\s*(?:[^\s\w.%-]|$)"  # likewise
)
_WRONG = re.compile(_MEANT)
_SIGNS = (b"0deg", b"0grad", b"0rad", b"0turn")  # what is quickly looked for first, and likewise
_FLEX = re.compile(rb"flex(?:-basis)?\s*:")
_SEALED = re.compile(  # the same with the whole name of the property; nothing is meant in comments and strings
    rb"""/\*.*?\*/|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|(?<![\w-])(?P<meant>[\w-]*(?:""" + _MEANT + rb"))",
    re.IGNORECASE | re.DOTALL,
)
_SEAL = b"--dropdock-sealed-"


def check(content: bytes) -> None:
    """Raise Unsuitable for a page whose styles would come out wrong."""
    if found := _wrong(content):
        raise Unsuitable(f"{found[0][:40]!r} is not minified correctly")


def minify(content: bytes) -> bytes:
    """The stylesheet, smaller; raises ValueError for one that no browser would read to its end, and Unsuitable.

    Declarations that would come out wrong go through the minifier as custom properties, whose values it does not touch.
    """
    lightningcss.process_stylesheet(content.decode(), minify=False)
    if not _wrong(content):
        return run(b"text/css", content)
    sealed = _SEALED.sub(lambda found: (_SEAL if found["meant"] else b"") + found[0], content)
    made = run(b"text/css", sealed)
    if _SEAL in content or made.count(_SEAL) != sealed.count(_SEAL):
        raise Unsuitable("a declaration is not minified correctly")
    return made.replace(_SEAL, b"")


def _wrong(content: bytes) -> re.Match[bytes] | None:
    plain = content.lower()
    suspicious = any(sign in plain for sign in _SIGNS) or _FLEX.search(plain)
    return _WRONG.search(plain) if suspicious else None

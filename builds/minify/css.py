"""Stylesheets: lightningcss says whether one is well formed, tdewolff's minifier writes it smaller.

lightningcss alone would not do: without a list of browsers it drops the first of `height: 100vh; height: 100dvh`, every
`-webkit-backdrop-filter`, and writes `(width >= 1px)`, which browsers of 2022 do not know; with one it rewrites nesting
and colours. The other keeps each rule and each declaration, but mends what is broken, so it must not see that.
"""

import re

import lightningcss

from builds.minify.native import Unsuitable, run

_ZERO = rb"(?<![\w.])0*\.?0+"
_WRONG = re.compile(  # zeros whose unit is dropped although it means something
    rb"\b(?:rotate|offset|font|font-style|image-orientation)\s*:[^;}]*" + _ZERO + rb"(?:deg|g?rad|turn)\b"  # invalid
    rb"|\bflex-basis\s*:\s*" + _ZERO + rb"%"  # of a height that is not known, it is no zero
    rb"|\bflex\s*:[^;}]*" + _ZERO + rb"[a-z]"  # becomes such a percentage
    rb"|\bflex\s*:\s*[\d.]+\s+[\d.]+\s+" + _ZERO + rb"\s*(?:[^\s\w.%-]|$)",  # likewise
)
_SIGNS = (b"0deg", b"0grad", b"0rad", b"0turn")  # what is quickly looked for first, and likewise
_FLEX = re.compile(rb"flex(?:-basis)?\s*:")


def check(content: bytes) -> None:
    """Raise Unsuitable for a stylesheet, or a page with styles, that would come out wrong."""
    plain = content.lower()
    suspicious = any(sign in plain for sign in _SIGNS) or _FLEX.search(plain)
    if suspicious and (found := _WRONG.search(plain)):
        raise Unsuitable(f"{found[0][:40]!r} is not minified correctly")


def minify(content: bytes) -> bytes:
    """The stylesheet, smaller; raises ValueError for one that no browser would read to its end, and Unsuitable."""
    check(content)
    lightningcss.process_stylesheet(content.decode(), minify=False)
    return run(b"text/css", content)

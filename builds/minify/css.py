"""Stylesheets: lightningcss says whether one is well formed, tdewolff's minifier writes it smaller.

lightningcss alone would not do: without a list of browsers it drops the first of `height: 100vh; height: 100dvh`, every
`-webkit-backdrop-filter`, and writes `(width >= 1px)`, which browsers of 2022 do not know; with one it rewrites nesting
and colours. The other keeps each rule and each declaration, but mends what is broken, so it must not see that.
"""

import lightningcss

from builds.minify.native import run


def minify(content: bytes) -> bytes:
    """The stylesheet, smaller; raises ValueError for one that no browser would read to its end."""
    lightningcss.process_stylesheet(content.decode(), minify=False)
    return run(b"text/css", content)

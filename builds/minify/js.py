"""Scripts, classic and modules: tdewolff's minifier, kept away from what it is known to get wrong."""

import re

from builds.minify.native import Unsuitable, run

_WRONG = (
    re.compile(rb"eval\s*\("),  # names that the evaluated text uses are changed
    re.compile(  # a branch that never runs is dropped with the variables it declares
        rb"""if\s*\(+\s*(?:/\*.*?\*/\s*)?!*\s*(?:true|false|null|undefined|NaN|void\s+0|\d[\w.]*|""|'')\s*\)""",
        re.DOTALL,
    ),
    re.compile(rb"""\\0["']\s*\+"""),  # "\0" + "1" becomes "\01", which is something else
)  # each begins with letters that are quickly looked for


def check(content: bytes) -> None:
    """Raise Unsuitable for a script, or a page with scripts, that would come out wrong."""
    for wrong in _WRONG:
        if found := wrong.search(content):
            raise Unsuitable(f"{found[0][:40]!r} is not minified correctly")


def minify(content: bytes) -> bytes:
    """The script, in UTF-8, smaller; names that others may see keep theirs. Raises Unsuitable."""
    if content.startswith(b"#!"):
        raise Unsuitable("its first line would be joined to the next one")
    check(content)
    return run(b"application/javascript", content)

"""Pages: tdewolff's minifier with every tag, attribute and space between words kept.

minify-html was tried first: it drops the space in `<div><a>…</a> <a>…</a></div>` and attributes that say what is the
default (`type=submit`), which stylesheets and scripts look for; it has no option that keeps them.
"""

import re
from collections.abc import Iterable, Iterator

from builds.minify import css, js
from builds.minify.native import Unsuitable, run
from builds.signs import Signs

_SCRIPT, _STYLE = b"<script", b"style"
_STYLES = re.compile(  # what a stylesheet is made of: attributes and elements; looked for in lower case
    rb"""style(?:\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)|(?<=<style)[^>]*>(.*?)(?:</style|\Z))""", re.DOTALL
)
# a template that is no page yet, or a comment by which a framework finds its place
_MARK = re.compile(rb"<(?:%|\?php|!--(?:\s*-->|\$|\[|/|\?|lit-|#|\s+/?ko\b))")
_SPACES = re.compile(rb"white-space(?:-collapse)?\s*:\s*(?:pre|break)")  # spaces that are seen
_POLICY = re.compile(  # which names inline scripts or styles by their digest
    rb"content-security-policy.*sha(?:256|384|512)-", re.DOTALL | re.IGNORECASE
)
_LEAVE = {  # what is looked for first, in lower case, and what it then has to be for the page to be left alone
    b"<%": _MARK,
    b"<?php": _MARK,
    b"<!--": _MARK,
    b"white-space": _SPACES,
    b"xml:space": re.compile(rb"xml:space"),
    b"content-security-policy": _POLICY,
}
_SIGNS = Signs(*_LEAVE, _SCRIPT, _STYLE)
_LEAVE_SCRIPTED = {  # likewise, of pages that a framework's scripts compare with what they would write themselves
    b"__": re.compile(rb"""id=["']?(?:__next|__nuxt|___gatsby|__docusaurus)\b|__sveltekit"""),
    b"data-s": re.compile(rb"data-s(?:erver-rendered|veltekit)"),
    b"reactroot": re.compile(rb"data-reactroot"),
    b"astro-island": re.compile(rb"<astro-island"),
    b"ng-server": re.compile(rb"ng-server-context"),
    b"q:container": re.compile(rb"q:container"),
}


def minify(content: bytes) -> bytes:
    """The page, which is in UTF-8, smaller, with its inline styles and scripts. Raises Unsuitable.

    To look for one sign takes a tenth of the time that minifying takes: they are looked for together.
    """
    lower = content.lower()
    places = _SIGNS.places(lower)
    for reason in {_LEAVE[sign] for sign in places.keys() & _LEAVE.keys()}:
        _leave(reason.search(content))
    if styles := b"}".join(_styles(lower, places.get(_STYLE, ()))):
        css.check(styles)
    if _SCRIPT in places:
        _leave_scripted(content)
        js.check(content)
    return run(b"text/html", content)


def _styles(page: bytes, places: Iterable[int]) -> Iterator[bytes]:
    """What stands in the page's style attributes and elements; `places` is where the word is, also within them."""
    end = 0
    for place in places:
        if place >= end and (found := _STYLES.match(page, place)):
            end = found.end()
            yield found[1] or found[2] or b""


def _leave_scripted(content: bytes) -> None:
    for sign, reason in _LEAVE_SCRIPTED.items():
        if sign in content:
            _leave(reason.search(content))


def _leave(found: re.Match[bytes] | None) -> None:
    if found:
        raise Unsuitable(f"{found[0][:40]!r} would no longer hold")

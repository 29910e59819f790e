"""Pages: tdewolff's minifier with every tag, attribute and space between words kept.

minify-html was tried first: it drops the space in `<div><a>…</a> <a>…</a></div>` and attributes that say what is the
default (`type=submit`), which stylesheets and scripts look for; it has no option that keeps them.
"""

import re
from collections.abc import Mapping

from builds.minify import css, js
from builds.minify.native import Unsuitable, run

_SCRIPT = re.compile(rb"<script", re.IGNORECASE)
_STYLES = re.compile(  # what a stylesheet is made of: attributes and elements; looked for in lower case
    rb"""style(?:\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)|(?<=<style)[^>]*>(.*?)(?:</style|\Z))""", re.DOTALL
)
_MARK = re.compile(  # a template that is no page yet, or a comment by which a framework finds its place
    rb"<(?:%|\?php|!--(?:\s*-->|\$|\[|/|\?|lit-|#|\s+/?ko\b))"
)
_LEAVE = {  # what is quickly looked for, and what it then has to be for the page to be left alone
    # spaces that are seen
    b"-space": re.compile(rb"white-space(?:-collapse)?\s*:\s*(?:pre|break)"),
    b"xml:space": re.compile(rb"xml:space"),
    # a policy that names inline scripts or styles by their digest
    b"ecurity-": re.compile(rb"content-security-policy.*sha(?:256|384|512)-", re.DOTALL | re.IGNORECASE),
}
_LEAVE_SCRIPTED = {  # likewise, of pages that a framework's scripts compare with what they would write themselves
    b"__": re.compile(rb"""id=["']?(?:__next|__nuxt|___gatsby|__docusaurus)\b|__sveltekit"""),
    b"data-s": re.compile(rb"data-s(?:erver-rendered|veltekit)"),
    b"reactroot": re.compile(rb"data-reactroot"),
    b"astro-island": re.compile(rb"<astro-island"),
    b"ng-server": re.compile(rb"ng-server-context"),
    b"q:container": re.compile(rb"q:container"),
}


def minify(content: bytes) -> bytes:
    """The page, smaller, with its inline styles and scripts. Raises ValueError, Unsuitable.

    To look for a sign takes a tenth of the time that minifying takes: what cannot matter to a page is not looked for.
    """
    if not content.isascii():  # which is told at once
        content.decode()
    _leave(_MARK.search(content))
    _look_for(_LEAVE, content)
    if styles := _STYLES.findall(content.lower()):
        css.check(b"}".join(part for found in styles for part in found))
    if _SCRIPT.search(content):
        _look_for(_LEAVE_SCRIPTED, content)
        js.check(content)
    return run(b"text/html", content)


def _look_for(signs: Mapping[bytes, re.Pattern[bytes]], content: bytes) -> None:
    for sign, reason in signs.items():
        if sign in content:
            _leave(reason.search(content))


def _leave(found: re.Match[bytes] | None) -> None:
    if found:
        raise Unsuitable(f"{found[0][:40]!r} would no longer hold")

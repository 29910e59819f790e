"""Pages: tdewolff's minifier with every tag, attribute and space between words kept.

minify-html was tried first: it drops the space in `<div><a>…</a> <a>…</a></div>` and attributes that say what is the
default (`type=submit`), which stylesheets and scripts look for; it has no option that keeps them.
"""

import re

from builds.minify import css, js
from builds.minify.native import Unsuitable, run

_LEAVE = {  # what is quickly looked for, and what it then has to be for the page to be left alone
    # comments by which a framework finds its place
    b"!--": re.compile(rb"<!--(?:\s*-->|\$|\[|/|\?|lit-|#|\s+/?ko\b)"),
    # pages that a framework compares with what it would write itself
    b"__": re.compile(rb"""id=["']?(?:__next|__nuxt|___gatsby|__docusaurus)\b|__sveltekit"""),
    b"data-s": re.compile(rb"data-s(?:erver-rendered|veltekit)"),
    b"reactroot": re.compile(rb"data-reactroot"),
    b"astro-island": re.compile(rb"<astro-island"),
    b"ng-server": re.compile(rb"ng-server-context"),
    b"q:container": re.compile(rb"q:container"),
    # spaces that are seen
    b"-space": re.compile(rb"white-space(?:-collapse)?\s*:\s*(?:pre|break)"),
    b"xml:space": re.compile(rb"xml:space"),
    # templates, not yet pages
    b"?php": re.compile(rb"<\?php"),
    b"%>": re.compile(rb"<%"),
    # a policy that names inline scripts or styles by their digest
    b"ecurity-": re.compile(rb"content-security-policy.*sha(?:256|384|512)-", re.DOTALL | re.IGNORECASE),
}


def minify(content: bytes) -> bytes:
    """The page, smaller, with its inline styles and scripts. Raises ValueError, Unsuitable."""
    content.decode()
    for sign, reason in _LEAVE.items():
        if sign in content and (found := reason.search(content)):
            raise Unsuitable(f"{found[0][:40]!r} would no longer hold")
    if b"<style" in content or b" style=" in content:
        css.check(content)
    if b"<script" in content:
        js.check(content)
    return run(b"text/html", content)

"""Makes pages, stylesheets, scripts and JSON smaller without changing what they mean; one file for each language."""

from builds.minify import css, html, js, json_data
from builds.minify.native import Unsuitable

WORTH = 0.98  # what was made is taken when it is at least 2 % smaller
_BY_NAME = {"css": css.minify, "html": html.minify, "js": js.minify, "json": json_data.minify}


def minified(language: str, content: bytes, *, is_utf8: bool = False) -> bytes | None:
    """The content made smaller, or None when it is to be left as it is: unsuitable, not understood, or hardly smaller.

    So is what is not in UTF-8; who knows that it `is_utf8` spares it another look. The tools are native code: call this
    only where a crash, a hang or much memory costs no more than this one file.
    """
    try:
        if not is_utf8:
            content.decode()
        made = _BY_NAME[language](content)
    except (Unsuitable, ValueError, RecursionError):
        return None
    return made if len(made) <= len(content) * WORTH else None

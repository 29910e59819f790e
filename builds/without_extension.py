"""Pages whose names do not say that they are: browsers offer them as downloads, which their author should know."""

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from builds.refusals import and_others, shown
from builds.values import Note, Staging, StoredFile, Unpacked

MOST_FILES = 1_000  # that are looked into; copies of a site have as many pages
LOOKED_AT = 512  # bytes; a page says early what it is

_PAGE = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->).)*-->\s*)*<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_TYPED = re.compile(rb"\bcontent-type\b", re.IGNORECASE)


def with_note(site: Unpacked, staging: Staging, headers: Iterable[bytes]) -> Unpacked:
    """The site with a note of pages that are served as no page.

    Their type follows from the name alone, on every node and for ever, so the name is what can be mended. There is no
    note for a site that sets types itself, in one of the files with these contents that say its `headers`.
    """
    if any(_TYPED.search(text) for text in headers):
        return site
    nameless = [file for file in site.files if _has_no_extension(file.path)][:MOST_FILES]
    pages = [file.path for file in nameless if _is_page(file, staging)]
    return replace(site, notes=(*site.notes, _note(pages))) if pages else site


def _has_no_extension(path: str) -> bool:
    """Also of a name that a copier took with its query, `view?id=1`."""
    return "." not in path.rpartition("/")[2].partition("?")[0]


def _is_page(file: StoredFile, staging: Staging) -> bool:
    with Path(staging.where(file.sha256)).open("rb") as content:
        return _PAGE.match(content.read(LOOKED_AT)) is not None


def _note(pages: list[str]) -> Note:
    message = (
        f"“{shown(pages[0])}”{and_others(len(pages))} is a page, but browsers offer it as a download, as its name has "
        "no extension: end it in .html (visitors find it without that, too), or set Content-Type in _headers."
    )
    return Note("page_without_extension", message, pages[0], len(pages))

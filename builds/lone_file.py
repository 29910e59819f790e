"""An upload of one file that is no page: a page that shows it, so that the site's address shows something."""

import posixpath
from collections.abc import Callable
from dataclasses import replace
from html import escape
from importlib import import_module
from operator import attrgetter
from typing import Protocol, cast
from urllib.parse import quote

from builds.refusals import shown
from builds.values import Note, Staging, StoredFile, Unpacked

LARGEST = 256_000  # bytes of Markdown that is made a page: half a second's work, some seconds of the worst
PAGE = "index.html"
NOTE = "shown"  # of the note that says so
_MARKDOWN = "builds.markdown_page"  # imported when there is some: its library takes a megabyte that most never need

_PICTURE = '<img src="{address}" alt="{name}">'
_VIDEO = '<video src="{address}" controls></video>'
_SOUND = '<audio src="{address}" controls></audio>'
_DOCUMENT = '<object data="{address}" type="{media_type}"><a href="{address}">{name}</a></object>'
_PDF = '<a class="touch" href="{address}">{name}</a>' + _DOCUMENT.replace("{media_type}", "application/pdf")
_TEXT = _DOCUMENT.replace("{media_type}", "text/plain")
_EMBEDDED = {
    ".pdf": _PDF,
    ".txt": _TEXT,
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".svg"), _PICTURE),
    **dict.fromkeys((".mp4", ".m4v", ".webm", ".ogv"), _VIDEO),
    **dict.fromkeys((".mp3", ".m4a", ".ogg", ".opus", ".wav", ".flac"), _SOUND),
}
_READ = frozenset({".md", ".markdown"})
SHOWN = frozenset(_EMBEDDED) | _READ  # extensions of what a page can show; static/js/review.js knows them, too

_PAGE = """<!doctype html>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
<body>{body}</body>
"""
# Phones show no PDF inside a page, or its first page alone (iOS): a finger gets a link as well.
_AROUND = (
    ":root{color-scheme:light dark}"
    "html,body{height:100%;margin:0}"
    "body{display:flex;flex-direction:column;align-items:center;justify-content:center;background:#f4f5f7}"
    "body,a{font:1rem system-ui,sans-serif}"
    "img,video{max-width:100%;max-height:100%}"
    "object{flex:1;width:100%;background:#fff;color-scheme:light}"
    "object a{display:block;padding:2rem;font-size:2rem}"
    ".touch{display:none;padding:1rem}"
    "@media (pointer:coarse){.touch{display:block}}"
    "@media (prefers-color-scheme:dark){body{background:#16181d}}"
)
_READING = (
    ":root{color-scheme:light dark}"
    "body{max-width:44rem;margin:2rem auto;padding:0 1rem;font-family:system-ui,sans-serif;line-height:1.6}"
    "body{overflow-wrap:break-word}"
    "img{max-width:100%}"
    "pre{overflow-x:auto}"
    "table{border-collapse:collapse}"
    "th,td{border:1px solid #8888;padding:.3rem .6rem}"
)


class _Reader(Protocol):
    """What `builds.markdown_page` has."""

    render: Callable[[str], tuple[str, str]]


def lone_file(unpacked: Unpacked) -> StoredFile | None:
    """The one file of a site, where a page can show it."""
    file = unpacked.files[0]
    extension = _extension(file.path)
    if len(unpacked.files) > 1 or "/" in file.path or extension not in SHOWN:
        return None
    return None if extension in _READ and file.size > LARGEST else file


def with_page(unpacked: Unpacked, staging: Staging) -> Unpacked:
    """The site with a page in `staging` that shows its one file; as it is where it is another site."""
    file = lone_file(unpacked)
    if file is None:
        return unpacked
    page = _page(file, staging)
    files = sorted((file, StoredFile(PAGE, *staging.put([page.encode()]))), key=attrgetter("path"))
    message = f"“{shown(file.path)}” is the only file, so index.html, which visitors of / get, was made to show it."
    return replace(unpacked, files=tuple(files), notes=(*unpacked.notes, Note(NOTE, message, file.path)))


def _page(file: StoredFile, staging: Staging) -> str:
    name = posixpath.basename(file.path)
    extension = _extension(file.path)
    if extension in _READ:
        reader = cast("_Reader", import_module(_MARKDOWN))
        title, body = reader.render(staging.read(file.sha256).decode("utf-8", "replace"))
        return _PAGE.format(title=escape(title or name), style=_READING, body=body)
    body = _EMBEDDED[extension].format(address=quote(name), name=escape(name))
    return _PAGE.format(title=escape(name), style=_AROUND, body=body)


def _extension(path: str) -> str:
    return posixpath.splitext(path)[1].lower()

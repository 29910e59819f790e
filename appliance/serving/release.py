"""One deploy, compiled for serving: look-ups that are ready, replies that become ready when first asked for."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from appliance.serving import http_date
from appliance.serving.replies import ALWAYS, NO_INDEX, NO_STORE, REVALIDATE, Fields, FilePart, Reply, make_reply
from appliance.serving.resolve import MODES, Entries, Resolve, natural
from appliance.storage.manifest import Entry, Manifest

_RULE_FILES = frozenset({"_redirects", "_headers", "netlify.toml"})  # read when the deploy is made, never served
_ETAG_DIGITS = 32  # of the SHA-256: 128 bits cannot collide by chance, and no one gains by making them collide


@dataclass(frozen=True, slots=True)
class Page:
    """A file with everything about its answers that does not depend on the request.

    `fields` are those of 200 and 206 without their lengths; `ok` and `unchanged` are the whole replies 200 and 304.
    """

    content: FilePart
    etag: bytes
    modified: int
    fields: Fields
    ok: Reply
    unchanged: Reply


@dataclass(frozen=True, slots=True, eq=False)
class Release:
    """One deploy of one site as visitors get it. Its answers never change, so they are prepared once and kept.

    `ready` maps the path of a request target, in its canonical spelling, to its page: at most a handful of spellings
    for each file, filled as they are asked for.
    """

    site: str
    deploy: str
    preview: bool
    entries: Entries
    resolve: Resolve
    blob_path: Callable[[str], Path]
    extra: Fields  # goes with every answer
    ready: dict[bytes, Page] = field(default_factory=dict)
    _pages: dict[str, Page] = field(default_factory=dict)
    _missing: dict[str, Reply] = field(default_factory=dict)

    def page(self, name: str) -> Page:
        """The prepared answers for a file of this release."""
        page = self._pages.get(name)
        if page is None:
            page = self._pages[name] = self._prepare(self.entries[name])
        return page

    def missing(self, name: str) -> Reply:
        """The 404 whose body is the file of this name; caches do not keep it."""
        reply = self._missing.get(name)
        if reply is None:
            entry = self.entries[name]
            fields = (_content_type(entry), NO_STORE, *ALWAYS, *self.extra)
            reply = self._missing[name] = make_reply(404, fields, part=self._content(entry))
        return reply

    def _prepare(self, entry: Entry) -> Page:
        etag = f'"{entry.sha256[:_ETAG_DIGITS]}"'.encode()
        validator = (b"etag", etag)
        content = self._content(entry)
        fields = (
            _content_type(entry),
            validator,
            (b"last-modified", http_date.write(entry.modified)),
            (b"accept-ranges", b"bytes"),
            REVALIDATE,
            *ALWAYS,
            *self.extra,
        )
        unchanged = make_reply(304, (validator, REVALIDATE, *ALWAYS, *self.extra))
        return Page(content, etag, entry.modified, fields, make_reply(200, fields, part=content), unchanged)

    def _content(self, entry: Entry) -> FilePart:
        return FilePart(str(self.blob_path(entry.sha256)), 0, entry.size, entry.size)


def compile_release(
    *, site: str, deploy: str, preview: bool, manifest: Manifest, blob_path: Callable[[str], Path]
) -> Release:
    """Make a manifest servable: rule files are taken out, names become look-up keys, the HTML mode its function.

    `blob_path` tells where content with a given SHA-256 stands. Costs one pass over the names.
    """
    return Release(
        site=site,
        deploy=deploy,
        preview=preview,
        entries=_servable(manifest.entries),
        resolve=MODES.get(manifest.options.html, natural),
        blob_path=blob_path,
        extra=(NO_INDEX,) if preview else (),
    )


def _servable(entries: dict[str, Entry]) -> Entries:
    """The entries that may be served, by NFC name; the very same mapping when that is all of them, as is."""
    if all(name.isascii() and not _hidden(name) for name in entries):
        return entries
    return {unicodedata.normalize("NFC", name): entry for name, entry in entries.items() if not _hidden(name)}


def _hidden(name: str) -> bool:
    return name in _RULE_FILES or name.startswith(".git/")


def _content_type(entry: Entry) -> tuple[bytes, bytes]:
    return b"content-type", entry.type.encode("latin-1")

"""A file as visitors get it: one prepared page for each content coding it has a form in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from appliance.serving import http_date
from appliance.serving.codings import wanted
from appliance.serving.replies import NO_STORE, REVALIDATE, Field, Fields, FilePart, Reply, make_reply
from appliance.storage.manifest import Entry, Variant
from appliance.storage.packs import Places

FOR_EVER: Final[Field] = (b"cache-control", b"public, max-age=31536000, immutable")
VARY: Final[Field] = (b"vary", b"accept-encoding")

_ETAG_DIGITS = 32  # of the SHA-256: 128 bits cannot collide by chance, and no one gains by making them collide
_FORM_DIGITS = 8  # of a form's own: it may be made smaller later, and other bytes need another tag (RFC 9110, 8.8.1)
_OF_CONTENT = frozenset(  # these describe content, and a 304 has none (RFC 9110, 15.4.5)
    {b"content-type", b"content-encoding", b"last-modified", b"accept-ranges"}
)

BlobPath = Callable[[str], Path]

Locate = Callable[[str, int], FilePart]
"""Where content is, given its SHA-256 and its bytes."""


@dataclass(frozen=True, slots=True)
class Page:
    """A file in one coding, with everything about its answers that does not depend on the request.

    `fields` are those of 200 and 206 without their lengths; `ok` and `unchanged` are the whole replies 200 and 304.
    The page of the file as it is makes those of its other forms, by coding, when they are first asked for.
    """

    content: FilePart
    etag: bytes
    modified: int
    fields: Fields
    ok: Reply
    unchanged: Reply
    forms: "Forms" = field(default_factory=dict)
    _made: dict[bytes, "Page"] = field(default_factory=dict)

    def coded(self, accepted: bytes | None) -> "Page":
        """The form that `Accept-Encoding` asks for, else the file as it is."""
        if accepted is not None and self.forms:
            for coding in wanted(accepted):
                page = self._made.get(coding)
                if page is not None:
                    return page
                if coding in self.forms:
                    return self._made.setdefault(coding, self.forms[coding]())
        return self


Forms = Mapping[bytes, Callable[[], Page]]
"""The forms of a file by coding, each made when it is called for."""


def locate(blob_path: BlobPath, inside: Places, sha256: str, size: int) -> FilePart:
    """Where content is: in a file of its own, unless it lies `inside` a pack."""
    place = inside.get(sha256)
    if place is None:
        return FilePart(str(blob_path(sha256)), 0, size, size)
    return FilePart(str(blob_path(place.pack)), place.offset, size, place.whole)


def represent(entry: Entry, where: Locate, extra: Fields) -> Page:
    """The page of a file; `extra` are the fields that each of its answers has.

    Each coding has an entity tag of its own. Whoever may get another form is told so by `Vary` on every form.
    """
    cached = FOR_EVER if entry.immutable else REVALIDATE

    def fields(etag: bytes) -> Fields:
        modified = http_date.write(entry.modified)
        return ((b"etag", etag), (b"last-modified", modified), (b"accept-ranges", b"bytes"), cached, *extra)

    return _page(entry, where, fields, 200)


def represent_missing(entry: Entry, where: Locate, extra: Fields, status: int = 404) -> Page:
    """The page whose `ok` is the 404, or another refusal, with this file as its body; caches do not keep it."""
    return _page(entry, where, lambda _: (NO_STORE, *extra), status)


def adorn(page: Page, change: Callable[[Fields], Fields]) -> Page:
    """The page with other fields, in every coding."""
    forms = {coding: partial(_adorned, form, change) for coding, form in page.forms.items()}
    return _made(page.content, page.etag, page.modified, change(page.fields), page.ok.status, forms)


def _adorned(form: Callable[[], Page], change: Callable[[Fields], Fields]) -> Page:
    return adorn(form(), change)


def _page(entry: Entry, where: Locate, fields: Callable[[bytes], Fields], status: int) -> Page:
    kind: Field = (b"content-type", entry.type.encode("latin-1"))
    varies: Fields = (VARY,) if entry.variants else ()
    digits = entry.sha256[:_ETAG_DIGITS].encode()

    def form(sha256: str, size: int, coding: bytes, etag: bytes, forms: Forms) -> Page:
        encoding: Fields = ((b"content-encoding", coding),) if coding else ()
        every = (kind, *encoding, *fields(etag), *varies)
        return _made(where(sha256, size), etag, entry.modified, every, status, forms)

    def variant(kept: Variant) -> Page:
        coding = kept.coding.encode()
        etag = b'"%b-%b-%b"' % (digits, coding, kept.sha256[:_FORM_DIGITS].encode())
        return form(kept.sha256, kept.size, coding, etag, {})

    forms = {kept.coding.encode(): partial(variant, kept) for kept in entry.variants}
    return form(entry.sha256, entry.size, entry.coding.encode(), b'"%b"' % digits, forms)


def _made(content: FilePart, etag: bytes, modified: int, fields: Fields, status: int, forms: Forms) -> Page:
    lasting = tuple(field for field in fields if field[0] not in _OF_CONTENT)
    ok, unchanged = make_reply(status, fields, part=content), make_reply(304, lasting)
    return Page(content, etag, modified, fields, ok, unchanged, forms)

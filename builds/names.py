"""Names found in untrusted uploads: which are safe, what path of the site they mean, which are junk."""

import re
import unicodedata
from typing import Never
from urllib.parse import unquote

from builds.errors import BuildError
from builds.origin import UPLOAD, Origin
from builds.refusals import shown

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
DRIVE = re.compile(r"[A-Za-z]:")
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file: with any extension, in any case, digits also raised.
DEVICE = re.compile(r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9¹²³])[ ]*(?:[.:].*)?", re.IGNORECASE)
# `.`, `/`, `\` and NUL in more bytes than UTF-8 needs (RFC 3629, section 3): whatever the name's encoding is said to
# be, somebody hoped for a careless decoder.
OVERLONG = re.compile(
    rb"\xc0[\x80\xae\xaf]|\xc1\x9c|\xe0\x80[\x80\xae\xaf]|\xe0\x81\x9c|\xf0\x80\x80[\x80\xae\xaf]|\xf0\x80\x81\x9c"
)
KEPT_DOT_FOLDER = ".well-known"  # RFC 8615
JUNK_ANYWHERE = {
    "__macosx": "__MACOSX/",
    ".ds_store": ".DS_Store",
    "thumbs.db": "Thumbs.db",
    "desktop.ini": "desktop.ini",
    ".git": ".git/",
}
JUNK_AT_TOP = "node_modules/"
DOT_FILES = "dot files"
INDEXES = tuple(  # the page of a folder, the best first: where capitals do not count, people write them as they like
    f"{stem}.{extension}" for stem in ("index", "Index", "INDEX") for extension in ("html", "htm", "HTML", "HTM")
)
# The folder that a browser keeps beside a page it saves, by its language:
# https://learn.microsoft.com/windows/win32/shell/manage#connected-files
SAVED_WITH_PAGE = re.compile(
    r"\.files|-(?:Dateien|filer)|_(?:archivos|arquivos|bestanden|bylos|datoteke|dosyalar|elemei|failid|fails|fajlovi"
    r"|ficheiros|fichiers|files?|fitxategiak|fitxers|pliki|soubory|tiedostot)"
)


def from_utf8(raw: bytes) -> str:
    """The name these bytes spell in strict UTF-8; raises BuildError."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        refuse_overlong(raw)
        _unsafe(raw.decode("utf-8", "replace"), "is not valid UTF-8")


def refuse_overlong(raw: bytes) -> None:
    """Refuse overlong UTF-8 of a character that paths are made of; raises BuildError."""
    if OVERLONG.search(raw):
        _unsafe(raw.decode("utf-8", "replace"), "is spelled in overlong UTF-8")


def safe_path(name: str, origin: Origin = UPLOAD) -> str:
    """The path of the site a name means: `/`-separated, in NFC, without `.` and empty parts and closing slash.

    Raises BuildError for a name that could mean anything outside the site on any system: traversal in any spelling,
    absolute, with a drive or a backslash, a Windows device, control characters. Empty for the top folder itself.
    """
    if CONTROL.search(name):
        _unsafe(name, "holds control characters", origin)
    if "\\" in name:
        _unsafe(name, "holds a backslash", origin)
    if name.startswith("/"):
        _unsafe(name, "is absolute", origin)
    if not name.isascii():
        name = unicodedata.normalize("NFC", name)
    parts = [part for part in name.split("/") if part not in {"", "."}]
    for part in parts:
        _check_part(part, name, origin)
    return "/".join(parts)


def junk_kind(path: str) -> str | None:
    """What kind of junk a path is, as people know it; None for a file of the site."""
    parts = path.split("/")
    if parts[0] == "node_modules" and len(parts) > 1:
        return JUNK_AT_TOP
    for part in parts:
        kind = JUNK_ANYWHERE.get(part.lower())
        if kind is not None:
            return kind
        if part.startswith(".") and part != KEPT_DOT_FOLDER:
            return DOT_FILES
    return None


def folded(path: str) -> str:
    """What is the same for all paths that differ only by case or Unicode form (canonical caseless match)."""
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", path).casefold())


def _check_part(part: str, name: str, origin: Origin) -> None:
    if part[0] in ". " and not part.strip(". "):
        _unsafe(name, "leads out of its folder", origin)
    if DRIVE.match(part):
        _unsafe(name, "holds a drive letter", origin)
    if part[0] in "cCpPaAnNlL" and DEVICE.fullmatch(part):
        _unsafe(name, "holds the name of a Windows device", origin)
    if ("%" in part or not part.isascii()) and _disguised(part):
        _unsafe(name, "leads out of its folder in disguise", origin)


def _disguised(part: str) -> bool:
    """Whether a part reads `..` once percent-decoded or with its look-alikes (U+2025, U+FF0E …) made plain."""
    plain = unicodedata.normalize("NFKC", unquote(part))
    return any(piece.startswith("..") and not piece.strip(". ") for piece in re.split(r"[/\\]", plain))


def _unsafe(name: str, fault: str, origin: Origin = UPLOAD) -> Never:
    raise BuildError("unsafe_path", origin.unsafe.format(name=shown(name), fault=fault), path=shown(name))

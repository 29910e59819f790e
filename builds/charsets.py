"""Pages, styles and scripts in the encodings of old: all are sent as UTF-8, so what names another is written anew."""

import codecs
import re
from dataclasses import dataclass

LOOKED_AT = 1024  # bytes: a browser looks no further for it (HTML, 13.2.3.2)
_NAMED = {
    "html": re.compile(rb"<meta\b[^>]*?\bcharset\s*=\s*[\"']?\s*([A-Za-z0-9_:-]+)", re.IGNORECASE),
    "css": re.compile(rb'\A@charset "([A-Za-z0-9_:-]+)";'),  # exactly so (CSS Syntax 3, 3.2)
}
LANGUAGES = frozenset({*_NAMED, "js"})  # whose files are looked at; a script cannot say what it is in
_STRINGS = rb"""|"[^"\\\n]*(?:\\.[^"\\\n]*)*"?|'[^'\\\n]*(?:\\.[^'\\\n]*)*'?"""
_PIECES = {  # comments, which a browser reads over, and strings, in which none begins
    "css": re.compile(rb"(?P<comment>/\*.*?(?:\*/|\Z))" + _STRINGS, re.DOTALL),
    "js": re.compile(rb"(?P<comment>/\*.*?(?:\*/|\Z)|//[^\n]*)|`[^`\\]*(?:\\.[^`\\]*)*`?" + _STRINGS, re.DOTALL),
}
_BUT_LINES = re.compile(rb"[^\n]")
# What browsers read a name as (Encoding Standard, 4.2), as far as old pages have them; Python knows them by the right.
_LATIN = dict.fromkeys(("iso-8859-1", "iso8859-1", "latin1", "us-ascii", "ascii", "windows-1252", "cp1252"), "cp1252")
_OTHERS = {
    **{name: name for name in ("iso-8859-2", "iso-8859-5", "iso-8859-7", "iso-8859-15", "koi8-r", "koi8-u", "euc-jp")},
    **{f"windows-{number}": f"cp{number}" for number in (1250, 1251, 1253, 1254, 1255, 1256, 1257, 1258)},
    "iso-8859-9": "cp1254",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
    "euc-kr": "cp949",
    **dict.fromkeys(("gb2312", "gbk", "gb18030"), "gb18030"),
}
_ENCODINGS = _LATIN | _OTHERS


_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class Look:
    """What a file is found to be: `content` as browsers are to get it, `is_utf8`, and what there is to say of it.

    `recoded` is the name of the encoding that it said it was in, where `content` was written anew; `garbled` the number
    of the first line that is not in UTF-8, which browsers are told it is; a mark of UTF-16 they believe.
    """

    content: bytes
    is_utf8: bool = True
    recoded: str = ""
    garbled: int = 0


def look(content: bytes, language: str = "html", *, recode: bool) -> Look:
    """Look at a file in one of LANGUAGES, once for all that is done with it: that takes a tenth of minifying it.

    With `recode` one is written anew that says in which encoding of old it is, if it is in that. In styles and scripts,
    what only stands in comments is garbled for nobody.
    """
    try:
        if not content.isascii():
            content.decode()
    except UnicodeDecodeError as error:
        if content.startswith(_WIDE):
            return Look(content, is_utf8=False)
        anew = _recoded(content, language) if recode else None
        return anew or Look(content, is_utf8=False, garbled=_line(content, language, error))
    return Look(content)


def _recoded(content: bytes, language: str) -> Look | None:
    """The file in UTF-8, which it then names, too; None where it names no other, or is not in that."""
    found = _NAMED[language].search(content, 0, LOOKED_AT) if language in _NAMED else None
    encoding = _ENCODINGS.get(found[1].decode().lower()) if found else None
    if found is None or encoding is None:
        return None
    try:
        text = content[: found.start(1)].decode(encoding) + "utf-8" + content[found.end(1) :].decode(encoding)
    except UnicodeDecodeError:
        return None
    return Look(text.encode(), recoded=found[1].decode())


def _line(content: bytes, language: str, error: UnicodeDecodeError) -> int:
    """The line of the first letter that is not in UTF-8, counted from 1; 0 where nobody sees it."""
    if language in _PIECES:
        try:
            _PIECES[language].sub(_without_comment, content).decode()
        except UnicodeDecodeError as seen:
            error = seen
        else:
            return 0
    return content.count(b"\n", 0, error.start) + 1


def _without_comment(piece: re.Match[bytes]) -> bytes:
    return _BUT_LINES.sub(b" ", piece[0]) if piece["comment"] is not None else piece[0]

"""Pages in the encodings of old: all are sent as UTF-8, so those that name another one are written anew."""

import codecs
import re
from dataclasses import dataclass

LOOKED_AT = 1024  # bytes: a browser looks no further for it (HTML, 13.2.3.2)
_NAMED = re.compile(rb"<meta\b[^>]*?\bcharset\s*=\s*[\"']?\s*([A-Za-z0-9_:-]+)", re.IGNORECASE)
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
    """What a page is found to be: `content` as browsers are to get it, `is_utf8`, and what there is to say of it.

    `recoded` is the name of the encoding that it said it was in, where `content` was written anew; `garbled` the number
    of the first line that is not in UTF-8, which browsers are told it is; a mark of UTF-16 they believe.
    """

    content: bytes
    is_utf8: bool = True
    recoded: str = ""
    garbled: int = 0


def look(page: bytes, *, recode: bool) -> Look:
    """Look at a page, once for all that is done with it: that takes as long as a tenth of minifying it.

    With `recode` one is written anew that says in which encoding of old it is, if it is in that.
    """
    try:
        if not page.isascii():
            page.decode()
    except UnicodeDecodeError as error:
        if page.startswith(_WIDE):
            return Look(page, is_utf8=False)
        anew = _recoded(page) if recode else None
        return anew or Look(page, is_utf8=False, garbled=page.count(b"\n", 0, error.start) + 1)
    return Look(page)


def _recoded(page: bytes) -> Look | None:
    """The page in UTF-8, which it then names, too; None where it names no other, or is not in that."""
    found = _NAMED.search(page, 0, LOOKED_AT)
    encoding = _ENCODINGS.get(found[1].decode().lower()) if found else None
    if found is None or encoding is None:
        return None
    try:
        text = page[: found.start(1)].decode(encoding) + "utf-8" + page[found.end(1) :].decode(encoding)
    except UnicodeDecodeError:
        return None
    return Look(text.encode(), recoded=found[1].decode())

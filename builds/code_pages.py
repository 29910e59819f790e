"""Names of files in bytes of which nobody says what encoding they are in, as ZIPs of old and of Windows hold them."""

import unicodedata

# What APPNOTE.TXT (appendix D) says they are in, and what Windows writes in most of Europe and Latin America.
_CODE_PAGES = ("cp437", "cp850")


def likely(raw: bytes) -> str | None:
    """The name that these bytes spell; None where nobody can tell.

    Bytes that are UTF-8 are never anything else: in the code pages, what begins a character there is next to no letter.
    Else it is the first of the code pages in which they are letters: of other scripts those make dashes and signs.
    """
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return next((name for name in map(raw.decode, _CODE_PAGES) if _is_latin(name)), None)


def garbled(raw: bytes) -> str:
    """A name for bytes of which nobody can tell what they spell: what the first of the code pages makes of them."""
    return raw.decode(_CODE_PAGES[0])


def _is_latin(name: str) -> bool:
    return all(char.isascii() or unicodedata.name(char, "").startswith("LATIN") for char in name)

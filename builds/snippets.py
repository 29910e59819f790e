"""Puts the operator's and the site's snippets into the head of a page: where the head ends for a browser.

The end is found as the HTML standard tokenizes a page (13.2.5) and leaves its head (13.2.6.4.4), with scripts on: a
`</head>` in a comment, a script, a title or an attribute is none, and a head without an end tag ends where the body
begins. Bytes are looked at, not characters: in all encodings of pages but UTF-16 the signs that matter are ASCII.
"""

import re

_BLANKS = re.compile(rb"[\t\n\f\r ]*")
_BETWEEN = re.compile(rb"[\t\n\f\r /]*")  # attributes
_TAG = re.compile(rb"<(/?)([a-zA-Z][^\t\n\f\r />]*)")
_NAME = re.compile(rb"[^\t\n\f\r />][^\t\n\f\r />=]*")
_EQUALS = re.compile(rb"[\t\n\f\r ]*=[\t\n\f\r ]*")
_BARE = re.compile(rb"[^\t\n\f\r >]*")
_COMMENT = re.compile(rb"<!--(?:-?>|.*?--!?>)", re.DOTALL)
_OTHER_COMMENT = re.compile(rb"<(?:[!?]|/[^a-zA-Z])")
_RAW = {  # elements that hold text only, up to their own end tag
    name: re.compile(rb"</" + name + rb"(?=[\t\n\f\r />])", re.IGNORECASE)
    for name in (b"title", b"style", b"noscript", b"noframes")
}
_SCRIPT = (  # what matters in a script, in a comment within it, and in a script within that (13.2.5.4, 13.2.5.20)
    re.compile(rb"<!--|(</script(?=[\t\n\f\r />]))", re.IGNORECASE),
    re.compile(rb"-->|<script(?=[\t\n\f\r />])|(</script(?=[\t\n\f\r />]))", re.IGNORECASE),
    re.compile(rb"-->|</script(?=[\t\n\f\r />])", re.IGNORECASE),
)
_OF_A_PAGE = (b"html", b"head")  # who has none of these, no doctype, and no body is a part of a page
_VOID = (b"base", b"basefont", b"bgsound", b"link", b"meta")
_END_IT = (b"head", b"body", b"html", b"br")  # end tags; others mean nothing in a head
_UTF16 = (b"\xfe\xff", b"\xff\xfe")


def inserted(page: bytes, snippets: tuple[str, ...]) -> bytes:
    """The page with these at the end of its head, in this order; unchanged where there is no place for them."""
    place = end_of_head(page)
    return page if place is None else page[:place] + "\n".join(snippets).encode() + page[place:]


def end_of_head(page: bytes) -> int | None:
    """Where the head ends; None for a part of a page, such as scripts fetch, and where the page breaks off before."""
    if page.startswith(_UTF16):
        return None
    place = 3 if page.startswith(b"\xef\xbb\xbf") else 0
    whole = False  # it has been said that this is a page
    while (place := _BLANKS.match(page, place).end()) < len(page):  # type: ignore[union-attr]  # it matches anything
        tag = _TAG.match(page, place)
        if tag is None:
            past = _past_markup(page, place)
            whole = whole or page[place : place + 9].lower() == b"<!doctype"
        else:
            closing, name = bool(tag[1]), tag[2].lower()
            past = _past_tag(page, tag.end(), name, closing=closing) if _is_of_head(name, closing=closing) else place
            whole = whole or name in _OF_A_PAGE or (name == b"body" and not closing)
        if past is None:
            return None
        if past == place:
            return place if whole else None
        place = past
    return None


def _is_of_head(name: bytes, *, closing: bool) -> bool:
    """Whether a head goes on after this tag. A template could hold anything: what is inserted stands before it."""
    if closing:
        return name not in _END_IT
    return name in _OF_A_PAGE or name in _VOID or name in _RAW or name == b"script"


def _past_tag(page: bytes, place: int, name: bytes, *, closing: bool) -> int | None:
    """Past a tag whose name ends at `place`, and past the text of an element that holds text only."""
    past = _past_attributes(page, place)
    if past is None or closing:
        return past
    if name == b"script":
        return _end_of_script(page, past)
    if name in _RAW:
        end = _RAW[name].search(page, past)
        return end.start() if end else None
    return past


def _past_attributes(page: bytes, place: int) -> int | None:
    while (place := _BETWEEN.match(page, place).end()) < len(page):  # type: ignore[union-attr]  # it matches anything
        name = _NAME.match(page, place)
        if name is None:
            return place + 1
        place = name.end()
        if equals := _EQUALS.match(page, place):
            place = equals.end()
            quote = page[place : place + 1]
            if quote in {b'"', b"'"}:
                place = page.find(quote, place + 1) + 1
                if not place:
                    return None
            else:
                place = _BARE.match(page, place).end()  # type: ignore[union-attr]  # it matches anything
    return None


def _end_of_script(page: bytes, place: int) -> int | None:
    depth = 0  # 1 in a comment, 2 in a script within that
    while found := _SCRIPT[depth].search(page, place):
        if found.lastindex:
            return found.start()
        sign = found[0].lower()
        place = found.end()
        if sign == b"<!--":
            depth, place = 1, found.start() + 2  # its dashes may be those of its end
        elif sign == b"-->":
            depth = 0
        else:
            depth = 2 if sign == b"<script" else 1
    return None


def _past_markup(page: bytes, place: int) -> int | None:
    """Past a comment, a doctype or what counts as one; `place` itself for text, None where the page breaks off."""
    if page.startswith(b"<!--", place):
        comment = _COMMENT.match(page, place)
        return comment.end() if comment else None
    if not _OTHER_COMMENT.match(page, place):
        return place
    return page.find(b">", place) + 1 or None

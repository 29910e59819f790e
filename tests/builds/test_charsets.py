"""Pages in the encodings of old are written anew in UTF-8, or left alone."""

import pytest

from builds.charsets import LOOKED_AT, first_garbled, in_utf8


@pytest.mark.parametrize(
    ("declared", "encoding", "text"),
    [
        ('<meta charset="iso-8859-1">', "latin-1", "äöü"),
        ("<META CHARSET=latin1>", "cp1252", "“€”"),
        ("<meta http-equiv='Content-Type' content='text/html; charset=windows-1251'>", "cp1251", "Привет"),
        ("<meta content='text/html;charset=ISO-8859-15' http-equiv=content-type>", "iso-8859-15", "5 €"),
        ("<meta charset=Shift_JIS>", "cp932", "日本語"),
        ("<meta charset=gb2312>", "gb18030", "中文"),
        ("<meta charset=koi8-r>", "koi8-r", "Привет"),
    ],
)
def test_a_page_says_the_same_in_utf_8(declared: str, encoding: str, text: str) -> None:
    recoded = in_utf8(f"<html>{declared}<p>{text}</p>".encode(encoding))

    assert recoded is not None
    page = recoded.page.decode()
    assert page.endswith(f"<p>{text}</p>")
    assert "utf-8" in page
    assert recoded.named.lower() not in page.lower()
    assert in_utf8(recoded.page) is None


@pytest.mark.parametrize(
    "page",
    [
        b"",
        b"<meta charset=iso-8859-1>only ASCII",
        "<meta charset=iso-8859-1>says so, but is ü".encode(),
        b"names none: \xe4",
        b"<meta charset=utf-8>\xe4",
        b"<meta charset=made-up>\xe4",
        b"<meta charset=cp037>\xe4",
        b"<meta charset=windows-1252>no letter: \x81",
        b"<meta charset=euc-kr>\xff\xff",
        b" " * LOOKED_AT + b"<meta charset=iso-8859-1>\xe4",
        "<meta charset=iso-8859-1>ä".encode("utf-16"),
    ],
)
def test_what_is_in_utf_8_or_in_doubt_stays(page: bytes) -> None:
    assert in_utf8(page) is None


def test_the_first_line_that_is_garbled_is_told() -> None:
    assert [first_garbled(page) for page in (b"a\n\xc3\xa4", b"a\n\n\xe4\n\xe4", b"\xff\xfea\0")] == [0, 3, 0]

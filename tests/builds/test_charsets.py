"""Pages in the encodings of old are written anew in UTF-8, or left alone."""

import pytest

from builds.charsets import LOOKED_AT, Look, look


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
    found = look(f"<html>{declared}<p>{text}</p>".encode(encoding), recode=True)

    page = found.content.decode()
    assert page.endswith(f"<p>{text}</p>")
    assert "utf-8" in page
    assert found.recoded
    assert found.recoded.lower() not in page.lower()
    assert (found.is_utf8, found.garbled) == (True, 0)


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
    found = look(page, recode=True)

    assert (found.content, found.recoded) == (page, "")


def test_a_page_in_an_encoding_of_old_stays_where_nothing_may_be_changed() -> None:
    page = b"<meta charset=iso-8859-1>\xe4"

    assert look(page, recode=False) == Look(page, is_utf8=False, garbled=1)


def test_the_first_line_that_is_garbled_is_told() -> None:
    pages = (b"a\n\xc3\xa4", b"a\n\n\xe4\n\xe4", b"\xff\xfea\0")
    looks = [look(page, recode=True) for page in pages]

    assert [found.garbled for found in looks] == [0, 3, 0]
    assert [found.is_utf8 for found in looks] == [True, False, False]


@pytest.mark.parametrize("language", ["css", "js"])
@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"/* Jos\xe9 */\na", 0),
        (b"/* never closed: \xe9", 0),
        (b"/* Jos\xe9\n */\n\na = '\xe9'", 4),
        (b"a = 'http://\xe9.example'", 1),
        (b"a = \"/*\"; b = '\xe9'; /* \xe9 */", 1),
        (b"'\\'//\xe9'", 1),
        (b"/*/" * 200_001 + b"\xe9", 0),  # in one walk, or this would not end
        (b"'\\x" * 200_000 + b"\n\xe9", 2),
    ],
)
def test_what_only_a_comment_says_is_garbled_for_nobody(language: str, content: bytes, line: int) -> None:
    assert look(content, language, recode=True) == Look(content, is_utf8=False, garbled=line)


@pytest.mark.parametrize(
    ("content", "in_a_script", "in_a_style"),
    [(b"a = 'x' // Jos\xe9\n", 0, 1), (b"`//\n${a}\xe9`", 2, 2), (b"url(http://\xe9.example)", 0, 1)],
)
def test_comments_of_one_line_are_the_scripts_own(content: bytes, in_a_script: int, in_a_style: int) -> None:
    assert look(content, "js", recode=True).garbled == in_a_script
    assert look(content, "css", recode=True).garbled == in_a_style


def test_a_style_says_its_encoding_at_the_very_beginning() -> None:
    at_once, late = b'@charset "latin1";"\xe9"', b' @charset "latin1";"\xe9"'

    assert look(at_once, "css", recode=True) == Look('@charset "utf-8";"é"'.encode(), recoded="latin1")
    assert look(late, "css", recode=True).recoded == ""
    assert look(at_once, "js", recode=True).recoded == ""

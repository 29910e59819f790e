"""Where snippets go: at the end of the head as a browser sees it, whatever the page holds."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from builds.snippets import end_of_head, inserted

MARK = "<meta name=snippet>"
HERE = "¦"


@pytest.mark.parametrize(
    "page",
    [
        "<!doctype html><html><head><title>a</title>¦</head><body>",
        "<!DOCTYPE html><HTML><HEAD><TITLE>a</TITLE>¦</HEAD ><body>",
        "<html><head>¦</head>",
        "<!doctype html><title>a</title>¦<p>no tags",
        "<!doctype html><title>a</title> ¦text",
        "<!doctype html>¦</head><p>",
        "<title>a</title>¦<body>",
        "<html><head>¦</body>",
        "<html><head>¦<template><title></head></template></head>",
        "<html><head><!-- </head> -->¦</head>",
        "<html><head><!-->¦</head>",
        "<html><head><!--->¦</head> -->",
        "<html><head><!-- </head> --!>¦</head>",
        "<html><head><!--!></head>-->¦</head>",
        "<html><head><!x </head>¦<p>",
        "<html><head><?php </head> ¦?></head>",
        "<html><head></ </head>¦</head>",
        "<html><head></>¦</head>",
        "<html><head></p></title></x </head>¦<p>",
        "<html><head><title></head><!--</title>¦</head>",
        "<html><head><title></title x='</head>'>¦</head>",
        "<html><head><title></titles></head></title>¦</head>",
        "<html><head><style></head>/*</style>¦</head>",
        "<html><head><noscript></head></noscript>¦</head>",
        "<html><head><script>'</head>'</script>¦</head>",
        "<html><head><script/>'</head>'</SCRIPT\n>¦</head>",
        "<html><head><script><!--<script></script></head>--></script>¦</head>",
        "<html><head><script><!--</script>¦</head>--></script></head>",
        "<html><head><script><!--><script></script>¦</head>",
        "<html><head><script><!--<script></script></script>¦</head>",
        "<html><head><script><!--<scripts></script>¦</head>",
        "<html><head><meta content='</head>'>¦</head>",
        '<html><head><meta content = "</head>">¦</head>',
        "<html><head><meta content=</head>¦</head>",
        "<html><head><meta content= >¦</head>",
        '<html><head><meta =">¦</head>">',
        "<html><head><meta a/b/='</head>¦'></head>",
        "<html><head><meta a'</head>¦text'>",
        "<html lang='>'><head data-x=\"</head>\">¦</head>",
        "<html><head><head>¦</head>",
        "<html><head>¦\N{NO-BREAK SPACE}</head>",
        "<html><head>¦<3</head>",
        "<html><head>¦<header></head>",
        "\N{ZERO WIDTH NO-BREAK SPACE}<html><head>¦</head>",
    ],
)
def test_it_stands_where_the_head_ends(page: str) -> None:
    plain = page.replace(HERE, "").encode()

    assert inserted(plain, (MARK,)).decode() == page.replace(HERE, MARK)


@pytest.mark.parametrize(
    "page",
    [
        b"",
        b" ",
        b"<p>a part that a script fetches</p>",
        b"<script>part()</script><p>",
        b"text",
        b"<html><head><title>no end",
        b"<html><head><!-- no end </head>",
        b"<html><head><script><!--<script></script></head>",
        b"<html><head><meta content='</head>",
        b"<html><head><meta",
        b"<html><head",
        "<html><head></head>".encode("utf-16"),
    ],
)
def test_a_part_of_a_page_or_one_that_breaks_off_stays_as_it_is(page: bytes) -> None:
    assert inserted(page, (MARK,)) == page


def test_snippets_stand_in_their_order() -> None:
    assert inserted(b"<html><head></head>", ("<a1>", "<a2>")) == b"<html><head><a1>\n<a2></head>"


PIECES = (
    *("<html>", "<head>", "</head>", "<body>", "<p>", "x", " ", "<title>", "</title>", "<script>", "</script>", "<!--"),
    *(
        "-->",
        "--!>",
        "<script",
        "</script",
        "<style>",
        "</style>",
        "<meta a=",
        '"',
        "'",
        ">",
        "/",
        "=",
        "<!",
        "<?",
        "</",
    ),
    *("<", "<link>", "<base ", "</p>", "</br>", "!", "-", "<noframes>", "<h1>", "</html>", "\n", "\f"),
)


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
@example("<head><script><!--<script></script>--></script></head>")
def test_a_browser_finds_it_in_the_head_and_all_else_as_before(rest: str) -> None:
    """Lexbor is a whole parser by the standard. Its comments are wrong where a page ends in `<!`."""
    page = f"<!doctype html>{rest} .".encode()
    place = end_of_head(page)
    if place is None:
        return

    before, after = LexborHTMLParser(page), LexborHTMLParser(inserted(page, (MARK,)))

    marks = after.css("head > meta[name=snippet]")
    assert len(marks) == 1
    marks[0].decompose()
    assert after.html == before.html

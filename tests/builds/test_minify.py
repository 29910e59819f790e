"""What minifying keeps and what it leaves alone; one reason to fail for each language's hard cases."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builds.minify import minified

PADDING = {  # so that there is something to save, whatever the case is
    "html": "<!-- a comment that says nothing -->" * 3,
    "css": "/* a comment that says nothing */" * 3,
    "js": "/* a comment that says nothing */\n" * 3,
}


def made(language: str, text: str) -> str:
    """The text made smaller, given something to save."""
    result = minified(language, (PADDING.get(language, "") + text).encode())
    assert result is not None, "left alone"
    return result.decode()


def without_spaces(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize(
    "kept",
    [
        "<html>",
        "<head>",
        "<body>",
        "</p>",
        "</li>",
        "</html>",
        "<pre>\n  a\n\n   b </pre>",
        "<textarea>\n  a\n   b </textarea>",
        "<a href=x>a</a> <a href=y>b</a>",
        "type=submit",
        "<code>a  b</code>".replace("  ", " "),
    ],
)
def test_a_page_keeps(kept: str) -> None:
    page = (
        "<!doctype html>\n<html>\n<head>\n<title>t</title>\n</head>\n<body>\n<ul>\n  <li>a</li>\n</ul><p>a</p>\n"
        '<pre>\n  a\n\n   b </pre>\n<textarea>\n  a\n   b </textarea>\n<div><a href="x">a</a> <a href="y">b</a></div>\n'
        '<input type="submit"><code>a  b</code>\n</body>\n</html>'
    )

    assert kept in made("html", page)


@pytest.mark.parametrize(
    "page",
    [
        "<div id=__next>a   b</div><script src=a.js></script>",
        "<!--$-->a<!--/$-->   b",
        "<astro-island>a   b</astro-island><SCRIPT src=a.js></SCRIPT>",
        "<p style='white-space: pre-wrap'>a   b</p>",
        "<?php echo   1 ?>",
        "<p>   <%= name %></p>",
        "<meta http-equiv=content-security-policy content=\"script-src 'sha256-abc'\">   <p>",
        "<META HTTP-EQUIV=CONTENT-SECURITY-POLICY content=\"script-src 'sha256-abc'\">   <p>",
        "<P STYLE='flex: 1 0 0'>   </P>",
        "<script>eval ('a')</script>   <p>",
        "\udcff",
    ],
)
def test_a_page_that_would_not_hold_is_left_alone(page: str) -> None:
    assert minified("html", (PADDING["html"] + page).encode("utf-8", "surrogateescape")) is None


def test_a_page_without_scripts_is_compared_with_nothing() -> None:
    assert "<div id=__next>a b</div>" in made("html", "<div id=__next>a   b</div>")


@pytest.mark.parametrize(
    "kept",
    [
        "height:100vh;height:100dvh",
        "-webkit-backdrop-filter:blur(1px)",
        "@layer base{",
        "@container",
        "&:hover",
        "oklch(",
        ":has(",
        "(min-width:1px)",
        "--x:",
    ],
)
def test_a_stylesheet_keeps(kept: str) -> None:
    sheet = """
    @layer base { a { color: oklch(50% 0.1 200); } }
    .a { height: 100vh; height: 100dvh; -webkit-backdrop-filter: blur(1px); backdrop-filter: blur(1px);
         --x: 1px; &:hover { color: red; } }
    .b:has(.c) { color: red; }
    @container (min-width: 1px) { .d { color: red; } }
    @media (min-width: 1px) { .e { color: red; } }
    """

    assert kept in made("css", sheet)


ZEROS_WITH_A_MEANING = (
    "rotate: 0deg",
    "rotate: x .0turn",
    "offset-rotate: auto 0rad",
    "font-style: oblique 0deg",
    "flex-basis: 0%",
    "ROTATE: 0DEG",
    "flex: 1 1 0px",
    "flex: 1 0 0",
)


@pytest.mark.parametrize("declaration", ZEROS_WITH_A_MEANING)
def test_zeros_whose_unit_matters_keep_it(declaration: str) -> None:
    """`rotate: 0` is no value, and 0 % of a height that is not known is not 0."""
    sheet = f"{PADDING['css']} /* {declaration} */ a {{ color: red; {declaration}; margin: 0px }} b {{ {declaration} }}"

    written = declaration.replace(": ", ":")
    assert made("css", sheet).endswith(f"a{{color:red;{written};margin:0}}b{{{written}}}")
    assert minified("html", f"{PADDING['html']}<p style='{declaration}'>".encode()) is None
    assert minified("html", f"{PADDING['html']}<style>{sheet}</style>".encode()) is None


@pytest.mark.parametrize(
    "declaration", ["rotate: 10deg", "flex: 1 1 0%", "flex: 1 0", "flex: 0 0 auto", "flex: 1 0 10px", "flex-basis: 10%"]
)
def test_others_are_not(declaration: str) -> None:
    assert declaration.split(":", maxsplit=1)[0] in made("css", f"a {{ {declaration}; }}")


@pytest.mark.parametrize(
    "text",
    [
        "a { -webkit-flex: 1 0 0 !important }",
        "@media print { a { flex: 1 0 0; & b { flex-basis: 0% } } }",
        "@supports (flex: 1 0 0) { a { color: red } }",
        ".a::after { content: '; flex: 1 0 0;' }",
        ".a { --rotate: 0deg; rotate: var(--rotate, 0deg) }",
    ],
)
def test_zeros_whose_unit_matters_keep_it_wherever_they_stand(text: str) -> None:
    assert without_spaces(text) in without_spaces(made("css", text))


def test_a_stylesheet_that_has_the_words_which_keep_its_zeros_is_left_alone() -> None:
    assert minified("css", (PADDING["css"] + "a { --dropdock-sealed-flex: 1; flex: 1 0 0 }").encode()) is None


@pytest.mark.parametrize("sheet", ["a { color: red } } b { color: red }", "a { background: url(a b) }", "\udcff"])
def test_a_stylesheet_with_an_error_is_left_alone(sheet: str) -> None:
    assert minified("css", (PADDING["css"] + sheet).encode("utf-8", "surrogateescape")) is None


@pytest.mark.parametrize(
    ("script", "kept"),
    [
        ("export const longName = 1;", "export const longName"),
        ("export { a as default } from './a.js';", "./a.js"),
        ("import('./lazy.js');", "import("),
        ("const t = `a  ${ `b  // c` }  d`; use(t);", "`a  ${`b  // c`}  d`"),
        ("class A { #x = 1; static { A.y = 1 } get x() { return this.#x } } use(A);", "static{A.y=1}"),
        ("use(a?.b ?? c); x ||= 1;", "??"),
        ("use(10n ** 2n);", "10n"),
        ("/*! licence */ use();", "/*! licence */"),
        ("use(/[/]  \\//v);", "/[/]  \\//v"),
        ("function topLevelName() {}", "topLevelName"),
    ],
)
def test_a_script_keeps(script: str, kept: str) -> None:
    assert kept in made("js", script)


@pytest.mark.parametrize(
    "script",
    [
        "import data from './data.json' with { type: 'json' };",
        "#!/usr/bin/env node\nuse();",
        "let   = ;",
        "@decorated class A {}",
        "using x = open();",
        "function f(a) { var long = a; return eval('long') }",
        "if (false) { var x } use(typeof x);",
        "use('\\0' + '1');",
        "\udcff",
    ],
)
def test_a_script_that_is_not_understood_or_would_be_wrong_is_left_alone(script: str) -> None:
    padded = script + PADDING["js"] if script.startswith("#!") else PADDING["js"] + script

    assert minified("js", padded.encode("utf-8", "surrogateescape")) is None


@pytest.mark.parametrize("text", ['{"a": 1,}', "[1, NaN]", "{'a': 1}", '{"a": 1} x', "", "[" * 100_000, "\udcff"])
def test_what_is_no_json_is_left_alone(text: str) -> None:
    assert minified("json", (text + " " * 20).encode("utf-8", "surrogateescape")) is None


def test_numbers_and_double_keys_of_json_stay_as_they_are() -> None:
    assert made("json", '{ "a": 1.0, "a": 12345678901234567890, "b": [ 1e3, -0.0 ] }  ') == (
        '{"a":1.0,"a":12345678901234567890,"b":[1e3,-0.0]}'
    )


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(values, st.sampled_from([None, 1, 4]), st.booleans())
def test_json_means_the_same(value: object, indent: int | None, plain: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=plain).encode("utf-8", "surrogatepass")

    result = minified("json", text)

    assert result is None or json.loads(result) == value


@given(st.sampled_from(["html", "css", "js", "json"]), st.binary(max_size=200))
def test_any_bytes_are_minified_or_left_alone(language: str, content: bytes) -> None:
    result = minified(language, content)

    assert result is None or len(result) <= len(content) * 0.98


@pytest.mark.parametrize("language", ["html", "css", "js", "json"])
def test_what_gains_less_than_a_fiftieth_is_left_alone(language: str) -> None:
    dense = {"html": "<p>word</p>", "css": "a{color:red}", "js": "use(1);", "json": f"[{'1,' * 50}2]"}[language]
    repeated = dense if language == "json" else dense * 20

    assert minified(language, repeated.encode() + b"\n") is None

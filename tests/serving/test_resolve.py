import pytest

from appliance.serving.addresses import Address, read_path, write_path
from appliance.serving.resolve import INDEXES, MODES, File, Hop, in_any_case, nearest
from builds import names
from tests.serving.lanes import entry

INDEX, PAGE, FILE = "x/index.html", "x.html", "x"

Row = tuple[str, list[str], str | None, str | None, str | None, str | None, str | None]
ROWS: list[Row] = [
    # the request, the files, then what each mode does: a file's name, "status location", or None
    ("/x/", [INDEX], INDEX, INDEX, INDEX, "308 /x", None),
    ("/x", [INDEX], "301 /x/", "308 /x/", "308 /x/", INDEX, None),
    ("/x", [PAGE], PAGE, PAGE, "308 /x/", PAGE, None),
    ("/x/", [PAGE], PAGE, "308 /x", PAGE, "308 /x", None),
    ("/x.html", [PAGE], PAGE, "308 /x", "308 /x/", "308 /x", PAGE),
    ("/x/index.html", [INDEX], INDEX, "308 /x/", "308 /x/", "308 /x", INDEX),
    ("/x/index", [INDEX], INDEX, "308 /x/", "308 /x/", "308 /x", None),
    ("/x", [FILE], FILE, FILE, FILE, FILE, FILE),
    ("/x", [FILE, PAGE], FILE, FILE, FILE, FILE, FILE),
    ("/x/", [FILE], None, None, None, None, None),
    ("/x", [PAGE, INDEX], PAGE, PAGE, PAGE, PAGE, None),
    ("/x/", [PAGE, INDEX], INDEX, INDEX, INDEX, INDEX, None),
    ("/x.html", [PAGE, INDEX], PAGE, "308 /x", PAGE, "308 /x", PAGE),
    ("/x/index.html", [PAGE, INDEX], INDEX, "308 /x/", "308 /x/", INDEX, INDEX),
    ("/x.html", [PAGE, FILE], PAGE, PAGE, "308 /x/", PAGE, PAGE),
    ("/index.html", ["index.html"], "index.html", "308 /", "308 /", "308 /", "index.html"),
    ("/index", ["index.html"], "index.html", "308 /", "308 /", "308 /", None),
    ("/index", ["index.htm"], "index.htm", "308 /", "308 /", "308 /", None),
    ("/x/", ["x/index.htm"], "x/index.htm", "x/index.htm", "x/index.htm", "308 /x", None),
    ("/x", ["x/index.htm"], "301 /x/", "308 /x/", "308 /x/", "x/index.htm", None),
    ("/x/index", ["x/index.htm"], "x/index.htm", "308 /x/", "308 /x/", "308 /x", None),
    ("/x/", ["x/Index.html"], "x/Index.html", "x/Index.html", "x/Index.html", "308 /x", None),
    ("/x", ["x/INDEX.HTM"], "301 /x/", "308 /x/", "308 /x/", "x/INDEX.HTM", None),
    ("/x/Index.html", ["x/Index.html"], "x/Index.html", "308 /x/", "308 /x/", "308 /x", "x/Index.html"),
    ("/é x", ["é x/index.html"], "301 /%C3%A9%20x/", "308 /%C3%A9%20x/", "308 /%C3%A9%20x/", "é x/index.html", None),
]


SAME: list[tuple[str, list[str], str | None]] = [
    # the request, the files, and what every mode does
    ("/", ["index.html"], "index.html"),
    ("/", ["index.htm"], "index.htm"),
    ("/", ["index.html", "index.htm"], "index.html"),
    ("/", ["INDEX.HTM"], "INDEX.HTM"),
    ("/", ["INDEX.HTM", "Index.html", "index.htm"], "index.htm"),
    ("/x.css", ["x.css"], "x.css"),
    ("/x.css/", ["x.css"], None),
    ("/X", [PAGE], None),
    ("/.html", [".html"], ".html"),
    ("/a/.html", ["a/.html"], "a/.html"),
    ("/", [], None),
    ("/x", ["xy.html", "x/y.html"], None),
]
ROWS += [(path, files, said, said, said, said, said) for path, files, said in SAME]


@pytest.mark.parametrize("column", range(5), ids=list(MODES))
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} of {','.join(row[1])}")
def test_each_mode_answers_as_the_table_says(row: Row, column: int) -> None:
    path, files, *outcomes = row
    entries = {name: entry(name.encode()) for name in files}

    found = list(MODES.values())[column](entries, read_path(path.encode()))

    assert _said(found) == outcomes[column]


@pytest.mark.parametrize("mode", ["auto", "slash", "noslash"])
def test_a_canonical_hop_leads_to_an_address_that_answers_in_place(mode: str) -> None:
    entries = {
        name: entry(name.encode()) for name in ("a.html", "b/index.html", "c", "c.html", "d.html", "d/index.html")
    }

    for path in ("/a", "/a/", "/a.html", "/b", "/b/", "/b/index", "/c.html", "/d", "/d/", "/d.html", "/d/index.html"):
        found = MODES[mode](entries, read_path(path.encode()))
        if isinstance(found, Hop):
            assert isinstance(MODES[mode](entries, read_path(write_path(found.to).encode())), File), path


@pytest.mark.parametrize(
    ("path", "files", "found"),
    [
        ("/a/b/c", ["404.html", "a/404.html"], "a/404.html"),
        ("/a/b/", ["a/b/404.html", "a/404.html"], "a/b/404.html"),
        ("/a/b", ["a/b/404.html", "a/404.html"], "a/404.html"),
        ("/x", ["a/404.html"], None),
        ("/x", ["404.html"], "404.html"),
        ("/", ["404.html"], "404.html"),
    ],
)
def test_the_nearest_404_page_up_the_tree_is_taken(path: str, files: list[str], found: str | None) -> None:
    entries = {name: entry(b"") for name in files}

    assert nearest(entries, read_path(path.encode()), "404.html") == found


def _said(found: File | Hop | None) -> str | None:
    if isinstance(found, Hop):
        assert found.to != Address("", slash=False)
        return f"{found.status} {write_path(found.to)}"
    return found.name if found else None


ANY_CASE = [
    # the request, the files, and the outcome in natural mode where capitals do not matter
    ("/About", ["about.html"], "308 /about"),
    ("/About/", ["about.html"], "308 /about/"),
    ("/ABOUT.HTML", ["about.html"], "308 /about.html"),
    ("/docs", ["Docs/index.html"], "308 /Docs/"),
    ("/docs/Index", ["Docs/index.html"], "308 /Docs/index"),
    ("/a/b/C.css", ["A/B/c.css"], "308 /A/B/c.css"),
    ("/CAF%C3%89", ["caf\N{LATIN SMALL LETTER E WITH ACUTE}.html"], "308 /caf%C3%A9"),
    ("/CAFE%CC%81", ["caf\N{LATIN SMALL LETTER E WITH ACUTE}.html"], "308 /caf%C3%A9"),
    ("/about", ["About.html", "aBout.html"], "308 /About"),
    ("/aBout", ["About.html", "aBout.html"], "aBout.html"),
    ("/c.css/", ["C.css"], None),
    ("/nothing", ["about.html"], None),
    ("/", ["Index.html"], "Index.html"),
]


@pytest.mark.parametrize("row", ANY_CASE, ids=lambda row: f"{row[0]} of {','.join(row[1])}")
def test_where_capitals_do_not_matter_what_is_not_there_moves_to_what_is(
    row: tuple[str, list[str], str | None],
) -> None:
    path, files, outcome = row
    entries = {name: entry(name.encode()) for name in files}

    found = in_any_case(entries, MODES["natural"])(entries, read_path(path.encode()))

    assert _said(found) == outcome


@pytest.mark.parametrize("mode", MODES)
def test_where_capitals_do_not_matter_one_hop_leads_to_a_file(mode: str) -> None:
    entries = {name: entry(name.encode()) for name in ("x/index.html", "page.html", "file.css", "index.html")}
    resolve = in_any_case(entries, MODES[mode])

    for path in ("/X", "/X/", "/X/Index.html", "/PAGE", "/Page/", "/PAGE.html", "/FILE.CSS", "/INDEX.HTML"):
        found = resolve(entries, read_path(path.encode()))
        if isinstance(found, Hop):
            assert isinstance(resolve(entries, found.to), File), path


def test_what_is_published_as_the_page_of_a_folder_is_served_as_that() -> None:
    assert names.INDEXES == INDEXES

"""What becomes of the files: junk, wrapping folders, duplicates, the index."""

import pytest

from builds.names import folded, junk_kind, safe_path
from builds.values import Note
from tests.builds.opening import Opener
from tests.zoo import Item, zip_of

PAGE = b"<p>hello</p>"


def site(*paths: str) -> bytes:
    return zip_of(Item(path.encode(), PAGE) for path in paths)


def test_junk_is_left_out_and_reported_by_kind(opener: Opener) -> None:
    junk = {
        "__MACOSX/": ["__MACOSX/._index.html", "a/__MACOSX/x"],
        ".DS_Store": [".DS_Store", "a/.DS_Store"],
        "Thumbs.db": ["Thumbs.db", "a/thumbs.db"],
        "desktop.ini": ["desktop.ini"],
        ".git/": [".git/config", "a/.git/HEAD", ".git/hooks/x"],
        "node_modules/": ["node_modules/a/index.js"],
        "dot files": [".env", ".htaccess", "a/.hidden/x", ".well-known/.x"],
    }
    kept = ["index.html", ".well-known/security.txt", "a/node_modules/b.js", "a.git/x", "node_modules.html"]

    upload = zip_of(Item(path.encode()) for paths in [*junk.values(), kept] for path in paths)
    unpacked = opener(upload)

    assert sorted(unpacked.files) == sorted(kept)
    for kind, paths in junk.items():
        assert junk_kind(paths[0]) == kind
    assert {note.path: note.count for note in unpacked.all_notes if note.code == "left_out"} == {
        kind: len(paths) for kind, paths in junk.items()
    }


def test_single_wrapping_folder_is_stepped_into(opener: Opener) -> None:
    opened = opener(site("my-site/index.html", "my-site/a/b.html", "__MACOSX/x", ".DS_Store"))

    assert opened.files.keys() == {"index.html", "a/b.html"}
    assert opened.notes["wrapping_folder"].path == "my-site"


def test_only_one_wrapping_folder_is_stepped_into(opener: Opener) -> None:
    assert opener(site("a/b/index.html", "a/b/c.html")).files.keys() == {"b/index.html", "b/c.html"}


@pytest.mark.parametrize(
    "paths",
    [
        ("a/index.html", "b/index.html"),
        ("a/index.html", "robots.txt"),
        ("a/index.html", "A/x.html"),
        (".well-known/security.txt", ".well-known/acme-challenge/x"),
    ],
)
def test_tree_without_a_single_wrapping_folder_stays(opener: Opener, paths: tuple[str, ...]) -> None:
    opened = opener(site(*paths))

    assert opened.files.keys() == set(paths)
    assert "wrapping_folder" not in opened.notes


def test_node_modules_inside_the_wrapping_folder_are_left_out_too(opener: Opener) -> None:
    opened = opener(site("app/index.html", "app/node_modules/x.js", "app/node_modules/y.js", "node_modules/z.js"))

    assert opened.files.keys() == {"index.html"}
    assert opened.notes["left_out"].count == 3


def test_wrapped_node_modules_alone_are_no_site(opener: Opener) -> None:
    assert opener.refusal(site("app/node_modules/x.js")).code == "empty"


def test_same_content_twice_is_reported(opener: Opener) -> None:
    upload = site("index.html", "index.html", "Logo.png", "logo.png", "e\u0301.html", "é.html")

    opened = opener(upload)

    assert opened.files.keys() == {"index.html", "Logo.png", "logo.png", "é.html"}
    assert opened.notes["duplicate"].count == 3


def test_one_duplicate_is_named(opener: Opener) -> None:
    note = opener(site("index.html", "Logo.png", "logo.png")).notes["duplicate"]

    assert note.path == "logo.png"
    assert "more." not in note.message


@pytest.mark.parametrize(("page", "count"), [("about.html", 1), ("Index.HTM", 1), ("wrapped/about.html", 1)])
def test_lone_page_becomes_the_index(opener: Opener, page: str, count: int) -> None:
    opened = opener(site(page, page.replace(page.rpartition("/")[2], "style.css")))

    assert opened.files.keys() == {"index.html", "style.css"}
    assert opened.notes["renamed"] == Note(
        "renamed",
        f"“{page.rpartition('/')[2]}” is the only page, so it became index.html, which visitors of / get.",
        page.rpartition("/")[2],
        count,
    )


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        (("a.html", "b.html"), "a “not found” page"),
        (("a.html", "404.html"), "the site's own 404 page"),
        (("docs/x/index.html", "docs/index.html", "x.txt"), "“docs/index.html”"),
        (("a.html", "sub/b.html"), "no index.html at the top"),
        (("a.html", "a/b.html", "a_files/c.html"), "no index.html at the top"),
        (("x.txt", "docs/INDEX.HTM", "myindex.html", "a.html"), "“docs/INDEX.HTM”"),
        (("data.json", "x.txt"), "a “not found” page"),
    ],
)
def test_missing_index_is_said_plainly(opener: Opener, paths: tuple[str, ...], said: str) -> None:
    opened = opener(site(*paths))

    assert opened.files.keys() == set(paths)
    assert said in opened.notes["no_index"].message


@pytest.mark.parametrize("program", ["index.php", "a/WP-Config.PHP", "shop.aspx"])
def test_a_program_that_visitors_could_read_is_named(opener: Opener, program: str) -> None:
    note = opener(site("index.html", "b.html", program)).notes["not_run"]

    assert (note.path, note.count) == (program, 1)
    assert f"“{program}” is a program, and none is run here" in note.message


@pytest.mark.parametrize("suffix", ["_files", "-Dateien", "_fichiers", ".files"])
def test_a_page_is_alone_beside_what_a_browser_saved_with_it(opener: Opener, suffix: str) -> None:
    opened = opener(site("My page.html", f"My page{suffix}/saved_resource.html", f"My page{suffix}/a.css"))

    assert opened.files.keys() == {"index.html", f"My page{suffix}/saved_resource.html", f"My page{suffix}/a.css"}
    assert opened.notes.keys() == {"renamed"}


@pytest.mark.parametrize("index", ["index.html", "index.htm", "Index.html", "INDEX.HTM"])
def test_site_with_an_index_has_nothing_to_note(opener: Opener, index: str) -> None:
    assert opener(site(index, "a/b.html")).notes == {}


def test_license_and_license_folder_stand_side_by_side(opener: Opener) -> None:
    assert opener(site("index.html", "LICENSE", "license/index.html")).files.keys() >= {"LICENSE"}


def test_paths_are_folded_by_case_and_form() -> None:
    assert folded("A/É.html") == folded("a/e\u0301.HTML")
    assert folded("straße") == folded("STRASSE")
    assert folded("a") != folded("b")


@pytest.mark.parametrize(
    ("name", "path"), [("a", "a"), ("./a//b/.", "a/b"), ("a/b/", "a/b"), ("./", ""), ("e\u0301", "é")]
)
def test_safe_path_is_plain(name: str, path: str) -> None:
    assert safe_path(name) == path

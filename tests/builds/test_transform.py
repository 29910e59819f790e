"""What visitors get of an upload: what is made of it, what stays as it is, and that the original can be had again."""

import base64
import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.storage.blobs import Blobs
from builds import ahead, kept_forms, languages, pipeline
from builds.presses import Presses
from builds.values import Limits, Plan, PressLimits, StoredFile, Transforms, Unpacked
from builds.watcher import Watcher
from tests.builders import Files, zip_of
from tests.presses import presses

AIR = "\n\n      <!-- nothing said here -->\n\n   " * 4
PAGE = f"<!doctype html><html><head><title>t</title></head><body>{AIR}<p>word</p>{AIR}</body></html>"
SCRIPT = "/* nothing said here */\n" * 8 + "function add(first, second) { return first + second }\n"
SHEET = "/* nothing said here */\n" * 8 + "a { color: red; }\n"


class Workshop:
    """A store, a cache, and a pipeline between them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.blobs = Blobs(folder / "blobs")
        self.blobs.create()
        self.presses = presses()
        self.limits = PressLimits()

    def deploy(self, files: Files, *, aside: tuple[str, ...] = (), **wishes: object) -> dict[str, StoredFile]:
        return {file.path: file for file in self.run(files, aside=aside, **wishes).files}

    def run(self, files: Files, *, aside: tuple[str, ...] = (), **wishes: object) -> Unpacked:
        upload, work = self.folder / "upload", self.folder / "work"
        upload.write_bytes(zip_of(files))
        wanted = {"minify": True, "cache": self.folder / "cache", "limits": self.limits} | wishes
        plan = Plan("d1", upload, work, Limits(), transforms=Transforms(**wanted), aside=aside)  # type: ignore[arg-type]  # by name
        unpacked = pipeline.run(plan, self.blobs.stage(work), Watcher(lambda *_: None), self.presses)
        assert isinstance(unpacked, Unpacked)
        return unpacked

    def read(self, sha256: str) -> str:
        return self.blobs.path(sha256).read_text()


@pytest.fixture
def works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """One whose presses always begin while the upload is unpacked, which is when more can go wrong."""
    monkeypatch.setattr(ahead, "LARGE_UPLOAD", -1)
    return Workshop(tmp_path)


@pytest.mark.parametrize(
    ("path", "text"), [("a.html", PAGE), ("b.js", SCRIPT), ("c.mjs", SCRIPT), ("d.css", SHEET), ("e.json", "[1,   2 ]")]
)
def test_what_is_made_smaller_remembers_its_original(works: Workshop, path: str, text: str) -> None:
    file = works.deploy({"index.html": "home", path: text})[path]

    assert file.size < len(text) == file.source_size
    assert works.read(file.source) == text
    assert len(works.read(file.sha256)) == file.size


@pytest.mark.parametrize("path", ["a.min.js", "b.txt", "c.svg", "d.xml", "js"])
def test_what_is_minified_already_or_no_language_stays(works: Workshop, path: str) -> None:
    file = works.deploy({"index.html": "home", path: SCRIPT})[path]

    assert (file.source, works.read(file.sha256)) == ("", SCRIPT)


def test_off_nothing_is_made(works: Workshop) -> None:
    assert works.deploy({"index.html": PAGE}, minify=False)["index.html"].source == ""


def test_a_file_over_the_cap_stays(works: Workshop) -> None:
    files = works.deploy({"index.html": PAGE, "a.js": SCRIPT}, largest=len(SCRIPT) - 1)

    assert files["a.js"].source == ""


@pytest.mark.parametrize("name", ["sha256", "sha384", "sha512"])
def test_what_a_page_names_by_its_digest_stays(works: Workshop, name: str) -> None:
    digest = base64.b64encode(hashlib.new(name, SCRIPT.encode()).digest()).decode()
    page = PAGE.replace("<body>", f'<body><script src="a.js" integrity="{name}-{digest}"></script>')

    files = works.deploy({"index.html": page, "a.js": SCRIPT, "other.js": SCRIPT + "add(1, 2)"})

    assert files["a.js"].source == ""
    assert files["other.js"].source
    assert digest in works.read(files["index.html"].sha256)


def test_what_a_page_over_the_cap_names_by_its_digest_stays_too(works: Workshop) -> None:
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    page = PAGE.replace("<body>", f'<body><script src="a.js" integrity="sha256-{digest}"></script>')

    assert works.deploy({"index.html": page, "a.js": SCRIPT}, largest=len(page) - 1)["a.js"].source == ""


def test_what_an_angular_service_worker_compares_stays(works: Workshop) -> None:
    digest = hashlib.sha1(SCRIPT.encode()).hexdigest()  # noqa: S324 - theirs

    files = works.deploy({"index.html": PAGE, "a.js": SCRIPT, "ngsw.json": f'{{"hashTable": {{"/a.js": "{digest}"}}}}'})

    assert files["a.js"].source == ""


def test_a_script_whose_source_map_is_there_stays(works: Workshop) -> None:
    mapped = SCRIPT + "//# sourceMappingURL=maps/a.map\n"

    files = works.deploy({"index.html": "home", "a.js": mapped, "maps/a.map": "{}", "b/a.js": mapped})

    assert files["a.js"].source == ""
    assert files["b/a.js"].source


def test_pages_stay_where_the_sites_headers_name_inline_scripts_by_their_digest(works: Workshop) -> None:
    headers = "/*\n  Content-Security-Policy: script-src 'sha256-abc'\n"

    files = works.deploy({"index.html": PAGE, "a.js": SCRIPT, "_headers": headers}, aside=("_headers",))

    assert files["index.html"].source == ""
    assert files["a.js"].source


@pytest.mark.parametrize(("rule", "stays"), [(".poem{white-space:pre}", True), (".other{white-space:pre-line}", False)])
def test_a_page_in_which_a_stylesheet_shows_spaces_stays(works: Workshop, rule: str, stays: bool) -> None:
    page = PAGE.replace("<p>", "<p class=poem>")

    file = works.deploy({"index.html": page, "a.css": rule})["index.html"]

    assert (file.source == "") is stays


def test_a_snippet_goes_into_every_page_and_nowhere_else(works: Workshop) -> None:
    files = works.deploy(
        {"index.html": PAGE, "about/index.htm": PAGE, "part.html": "<p>part</p>", "a.js": "'</head>'"},
        minify=False,
        snippets=("<script src=/count.js></script>", "<meta name=x>"),
    )

    for path in ("index.html", "about/index.htm"):
        assert "<script src=/count.js></script>\n<meta name=x></head>" in works.read(files[path].sha256)
        assert works.read(files[path].source) == PAGE
    assert files["part.html"].source == files["a.js"].source == ""


def test_switching_off_gives_the_same_bytes_back_and_needs_no_new_content(works: Workshop) -> None:
    files = {"index.html": PAGE, "a.js": SCRIPT, "b.css": SHEET}
    on = works.deploy(files)
    before = {path.name for path in works.blobs.root.rglob("*")}

    off = works.deploy(files, minify=False)

    assert {path: works.read(file.sha256) for path, file in off.items()} == files
    assert {path: file.sha256 for path, file in off.items()} == {path: file.source for path, file in on.items()}
    assert {path.name for path in works.blobs.root.rglob("*")} == before


def test_one_changed_file_of_many_is_one_file_of_work(works: Workshop) -> None:
    files = {f"{number}.js": f"{SCRIPT}use({number})" for number in range(100)} | {"index.html": "home"}
    works.run(files, compress=("js",))

    again = works.run(files | {"7.js": SCRIPT + "use('changed')"}, compress=("js",))

    assert again.cache_misses == 1
    assert again.cache_hits == 100


def test_results_are_shared_by_sites_and_redone_where_their_content_is_gone(works: Workshop) -> None:
    first = works.run({"index.html": PAGE})
    works.blobs.path(first.files[0].sha256).unlink()

    again = works.run({"index.html": PAGE, "copy.html": PAGE})
    third = works.run({"index.html": PAGE})

    assert (again.cache_misses, third.cache_misses) == (1, 0)
    assert {file.sha256 for file in again.files} == {first.files[0].sha256}
    assert works.read(first.files[0].sha256)


@pytest.mark.parametrize("change", ["another version of a tool", "another edition of our rules"])
def test_another_tool_has_everything_made_again(works: Workshop, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    works.run({"a.css": SHEET})
    css = languages._BY_EXTENSION["css"]
    if change == "another version of a tool":
        monkeypatch.setattr(languages, "_version", lambda _package: "999.0")
    other = replace(css, edition=css.edition + (change == "another edition of our rules"))
    monkeypatch.setitem(languages._BY_EXTENSION, "css", other)

    assert [works.run({"a.css": SHEET}).cache_misses for _ in range(2)] == [1, 0]


def test_other_levels_or_compressors_make_other_forms(monkeypatch: pytest.MonkeyPatch) -> None:
    known = kept_forms.key("content", {"br": 5})

    others = [
        kept_forms.key("content", {"br": 6}),
        kept_forms.key("content", {"zstd": 5}),
        kept_forms.key("x", {"br": 5}),
    ]
    monkeypatch.setattr(kept_forms, "COMPRESSORS", "brotli 999.0")
    others.append(kept_forms.key("content", {"br": 5}))

    assert known not in others


GOOD: dict[str, str | bytes] = {
    "index.html": "<p>Café",
    "b.html": "<p>Café".encode("utf-16"),
    "c.html": b"\xef\xbb\xbf<p>" + "ü".encode(),
}


def test_a_page_that_is_not_in_utf_8_is_named_each_time(works: Workshop) -> None:
    latin = "<!doctype html>\n<p>\n<p>Café".encode("latin-1")
    files: Files = {**GOOD, "old.html": latin, "older.html": latin}

    for _ in range(2):
        notes = works.run(files).notes

        assert [(note.code, note.path, note.count) for note in notes] == [("not_utf8", "old.html", 2)]
        assert "“old.html” is not in UTF-8 (line 3), and 1 more:" in notes[0].message
    assert works.run(GOOD).notes == ()


def test_a_page_in_an_encoding_that_it_names_is_sent_in_utf_8(works: Workshop) -> None:
    text = "<!doctype html><meta charset=ISO-8859-1><p>Café für 5 €"
    old = text.encode("cp1252")

    for _ in range(2):
        unpacked = works.run({"index.html": "home", "old.html": old})
        file = {file.path: file for file in unpacked.files}["old.html"]

        assert works.read(file.sha256) == text.replace("ISO-8859-1", "utf-8")
        assert works.blobs.path(file.source).read_bytes() == old
        assert [(note.code, note.path) for note in unpacked.notes] == [("recoded", "old.html")]
        assert "is in ISO-8859-1: visitors get it in UTF-8" in unpacked.notes[0].message
    assert works.deploy({"old.html": old}, minify=False)["index.html"].source == ""


def test_pages_stay_where_the_sites_headers_name_their_encoding(works: Workshop) -> None:
    old = "<meta charset=ISO-8859-1><p>Café".encode("cp1252")
    headers = "/*\n  Content-Type: text/html; charset=iso-8859-1\n"

    unpacked = works.run({"index.html": old, "_headers": headers}, aside=("_headers",))

    assert [(file.path, file.source) for file in unpacked.files] == [("index.html", "")]
    assert unpacked.notes == ()


def test_a_style_in_an_encoding_that_it_names_is_sent_in_utf_8(works: Workshop) -> None:
    text = '@charset "iso-8859-1";\n' + 'q { quotes: "«" "»"; }\n' * 9
    unpacked = works.run({"index.html": "home", "old.css": text.encode("latin-1")})
    file = {file.path: file for file in unpacked.files}["old.css"]

    assert works.read(file.sha256).startswith('@charset "utf-8";q{quotes:"«" "»"}')
    assert [(note.code, note.path) for note in unpacked.notes] == [("recoded", "old.css")]


@pytest.mark.parametrize("path", ["old.js", "old.min.mjs", "old.css"])
def test_scripts_and_styles_that_are_not_in_utf_8_are_named(works: Workshop, path: str) -> None:
    text = 'a = "x";\n\nb = "für";\n'.encode("latin-1")

    unpacked = works.run({"index.html": "home", path: text})

    assert [(note.code, note.path) for note in unpacked.notes] == [("not_utf8", path)]
    assert f"“{path}” is not in UTF-8 (line 3):" in unpacked.notes[0].message
    assert works.blobs.path({file.path: file for file in unpacked.files}[path].sha256).read_bytes() == text


def test_scripts_are_not_named_where_the_sites_headers_name_their_encoding(works: Workshop) -> None:
    headers = "/*.js\n  Content-Type: text/javascript;charset=latin1\n"
    files: Files = {"index.html": "home", "a.js": b'a = "\xe4"', "_headers": headers}

    assert works.run(files, aside=("_headers",)).notes == ()


def test_an_empty_file_is_found_again(works: Workshop) -> None:
    files = {"index.html": "home", "a.css": "", "b.js": "", "c.html": ""}
    works.run(files)

    again = works.run(files)

    assert again.cache_misses == 0
    assert [file.size for file in again.files if file.path != "index.html"] == [0, 0, 0]


def broken(how: str) -> Presses:
    """Presses whose minifier does this over files that say “evil”."""
    code = f"""
import os, sys, time
from appliance.storage.spares import Spares
from builds import press
def minified(language, content, real=press.minified, **known):
    if b"evil" in content:
        {how}
    return real(language, content, **known)
press.minified = minified
press.main(Spares().files_in)
"""
    return Presses([sys.executable, "-c", code], count=1)


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("os.kill(os.getpid(), 11)", "its minifier crashes"),
        ("time.sleep(600)", "it takes too long (transform_time)"),
        ("bytearray(1 << 40)", "it takes more memory than transform_memory"),
    ],
)
def test_a_file_over_which_a_minifier_fails_is_served_as_it_is(works: Workshop, how: str, why: str) -> None:
    works.presses, works.limits = broken(how), PressLimits(seconds=3, memory=1_000_000_000)
    evil = SCRIPT + "'evil'"
    try:
        unpacked = works.run({"index.html": PAGE, "evil.js": evil, "good.js": SCRIPT}, compress=("js",))
    finally:
        works.presses.close()
    files = {file.path: file for file in unpacked.files}

    assert (files["evil.js"].source, works.read(files["evil.js"].sha256)) == ("", evil)
    assert files["good.js"].source
    assert [(note.code, note.path) for note in unpacked.notes] == [("not_optimised", "evil.js")]
    assert why in unpacked.notes[0].message


def test_a_file_over_which_a_press_crashes_costs_none_of_those_it_was_given_with_it(works: Workshop) -> None:
    works.presses = broken("os.kill(os.getpid(), 11)")
    larger = {f"{n}.js": f"{SCRIPT}// comes before it {n}" for n in range(6)}
    smaller = {f"{n}.mjs": SCRIPT for n in range(6)}
    try:
        unpacked = works.run(larger | {"evil.js": SCRIPT + "'evil'"} | smaller, compress=("js", "mjs"))
    finally:
        works.presses.close()

    assert {file.path for file in unpacked.files if file.source} == larger.keys() | smaller.keys()
    assert [note.path for note in unpacked.notes if note.code == "not_optimised"] == ["evil.js"]


def test_an_upload_full_of_such_files_still_goes_live_soon(works: Workshop) -> None:
    works.presses, works.limits = broken("time.sleep(600)"), PressLimits(seconds=0.1)
    try:
        unpacked = works.run({"index.html": "home"} | {f"{n}.js": f"'evil {n}'{SCRIPT}" for n in range(60)})
    finally:
        works.presses.close()

    [note] = unpacked.notes
    assert note.count == 60

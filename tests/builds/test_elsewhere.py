"""Rules that an upload brings for another host are told to its author, and nothing else is."""

import json
from pathlib import Path

import pytest

from appliance.storage.blobs import Blobs
from builds import pipeline
from builds.elsewhere import with_notes
from builds.order import Order
from builds.values import Limits, Note, Plan, StoredFile, Unpacked
from builds.watcher import Watcher
from tests.builders import Files, zip_of
from tests.presses import presses

SPA = json.dumps({"rewrites": [{"source": "/(.*)", "destination": "/index.html"}]})
APACHE = "RewriteEngine On\n<IfModule mod_rewrite.c>\n  RewriteRule ^old$ /new [R=301]\n</IfModule>\n"
PASSWORD = "AuthType Basic\nAuthUserFile /home/ann/.htpasswd\nRequire valid-user\n"


def notes(folder: Path, files: Files, base: str = "", built: Files | None = None) -> dict[str, Note]:
    """What is noted of a plain site of these files, dot files being hidden; or of what was `built` of them."""
    staging = Blobs(folder / "blobs").stage(folder / "work")
    stored = {path: StoredFile(path, *staging.put([text.encode()])) for path, text in files.items()}  # type: ignore[union-attr]  # texts
    hidden = tuple(file for path, file in stored.items() if path.rpartition("/")[2].startswith("."))
    upload = Unpacked(tuple(file for file in stored.values() if file not in hidden), hidden=hidden)
    made = tuple(StoredFile(path, *staging.put([text.encode()])) for path, text in (built or {}).items())  # type: ignore[union-attr]
    site = upload if built is None else Unpacked(made, generator="vite")
    return {note.code: note for note in with_notes(site, upload, base, staging).notes}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".htaccess", APACHE),
        ("blog/.htaccess", "redirectpermanent /a /b\r\n"),
        (".htaccess", "ErrorDocument 404 /oops.html\n"),
        ("vercel.json", SPA),
        ("vercel.json", '{"headers": [ {"source": "/a", "headers": []} ]}'),
        ("firebase.json", '{"hosting": {"public": "dist", // where\n "redirects": [{"source": "/a"}]}}'),
        ("staticwebapp.config.json", '{"navigationFallback": {"rewrite": "/index.html"}}'),
        ("web.config", "<configuration><system.webServer><rewrite><rules>"),
    ],
)
def test_rules_for_another_host_are_told(tmp_path: Path, path: str, text: str) -> None:
    found = notes(tmp_path, {"index.html": "home", path: text})

    assert {code: note.path for code, note in found.items()} == {"rules_elsewhere": path}
    assert f"“{path}” holds rules for another host" in found["rules_elsewhere"].message
    assert "_redirects, _headers and netlify.toml at the top" in found["rules_elsewhere"].message


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("members/.htaccess", PASSWORD),
        ("private/.htaccess", "Deny from all\n"),
        (".htaccess", "Require ip 192.0.2.0/24\n"),
        ("web.config", '<authorization><deny users="?" /></authorization>'),
    ],
)
def test_locks_of_another_host_are_told_to_lock_nothing(tmp_path: Path, path: str, text: str) -> None:
    found = notes(tmp_path, {"index.html": "home", "_headers": "", path: text})

    assert {code: note.path for code, note in found.items()} == {"locks_elsewhere": path}
    assert "nobody here: give the site a gate" in found["locks_elsewhere"].message


@pytest.mark.parametrize(
    ("files", "base", "built", "wanted"),
    [
        ({"_headers": "/*\n  Basic-Auth: a:b\n"}, "", {"index.html": ""}, ("_headers", 1)),
        ({"_redirects": "/a /b", "_headers": ""}, "", {"index.html": ""}, ("_redirects", 2)),
        ({"web/_redirects": "/a /b"}, "web", {"index.html": ""}, ("web/_redirects", 1)),
        ({"_redirects": "/a /b"}, "web", {"index.html": ""}, ("_redirects", 1)),
        ({"_redirects": "/a /b"}, "", {"index.html": "", "_redirects": "/a /b"}, None),
        ({"docs/_redirects": "/a /b"}, "", {"index.html": ""}, None),
        ({"index.html": "", "_redirects": "/a /b"}, "", None, None),
    ],
)
def test_our_rules_that_stayed_beside_the_source_are_told(
    tmp_path: Path, files: Files, base: str, built: Files | None, wanted: tuple[str, int] | None
) -> None:
    note = notes(tmp_path, files, base, built).get("rules_left_behind")

    assert (note and (note.path, note.count)) == wanted


def test_rules_beside_a_finished_site_in_a_folder_are_told(tmp_path: Path) -> None:
    upload, blobs = tmp_path / "upload", Blobs(tmp_path / "blobs")
    blobs.create()
    upload.write_bytes(zip_of({"dist/index.html": "home", "_headers": "/*\n  Basic-Auth: a:b\n"}))
    plan = Plan("d1", upload, tmp_path / "work", Limits(), order=Order())

    site = pipeline.run(plan, blobs.stage(plan.workspace), Watcher(lambda *_: None), presses())

    assert isinstance(site, Unpacked)
    assert [note.path for note in site.notes if note.code == "rules_left_behind"] == ["_headers"]


def test_rules_and_locks_in_one_file_are_two_notes(tmp_path: Path) -> None:
    guarded = '{"routes": [{"route": "/admin/*", "allowedRoles": ["administrator"]}]}'

    found = notes(tmp_path, {"index.html": "home", "staticwebapp.config.json": guarded})

    assert found.keys() == {"rules_elsewhere", "locks_elsewhere"}


def test_more_than_one_file_is_one_note_about_the_uppermost(tmp_path: Path) -> None:
    found = notes(tmp_path, {"a/.htaccess": APACHE, "vercel.json": SPA})["rules_elsewhere"]

    assert (found.path, found.count) == ("vercel.json", 2)
    assert "“vercel.json” and 1 more holds" in found.message


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".htaccess", "# RewriteRule ^a /b\nOptions -Indexes\nErrorDocument 404 /404.html\n"),
        (".htaccess", '<FilesMatch "\\.(bak|sql)$">\nRequire all denied\nHeader set X 1\n</FilesMatch>\n'),
        (".htaccess", "Require all granted\n"),
        ("vercel.json", '{"version": 2, "buildCommand": "make", "headers": [ ]}'),
        ("firebase.json", '{"hosting": {"public": "dist", "ignore": ["**/.*"]}}'),
        ("staticwebapp.config.json", '{"routes": [], "platform": {"apiRuntime": "node:18"}}'),
        ("docs/examples/vercel.json", SPA),
        ("vercel.json", SPA + " " * 300_000),
        ("site/netlify.toml", "[build]\ncommand = 'make'\n"),
    ],
)
def test_a_file_that_changes_nothing_here_is_not_told(tmp_path: Path, path: str, text: str) -> None:
    assert notes(tmp_path, {"index.html": "home", path: text}) == {}


def test_who_brings_rules_of_our_own_is_not_told_of_others(tmp_path: Path) -> None:
    assert notes(tmp_path, {"_redirects": "/a /b", "vercel.json": SPA, ".htaccess": APACHE}) == {}


@pytest.mark.parametrize("path", ["Netlify.toml", "site/netlify.toml"])
def test_a_netlify_toml_that_is_not_read_but_has_rules_is_told(tmp_path: Path, path: str) -> None:
    found = notes(tmp_path, {"index.html": "home", path: "[build]\n\n  [[redirects]]\nfrom = '/a'\n"})

    assert found["rules_misplaced"].path == path
    assert "rules are read from netlify.toml at the top" in found["rules_misplaced"].message


@pytest.mark.parametrize("path", ["vercel.json", "web/vercel.json", "web/public/.htaccess"])
def test_what_stands_beside_a_source_is_told_of_the_site_built_of_it(tmp_path: Path, path: str) -> None:
    source = {"web/package.json": "{}", path: SPA if path.endswith("json") else APACHE}

    assert notes(tmp_path, source, "web", {"index.html": "home"})["rules_elsewhere"].path == path


@pytest.mark.parametrize("path", ["api/.htaccess", "other/vercel.json"])
def test_what_is_about_another_part_of_a_source_is_not_told(tmp_path: Path, path: str) -> None:
    source = {"web/package.json": "{}", path: SPA if path.endswith("json") else APACHE}

    assert notes(tmp_path, source, "web", {"index.html": "home"}) == {}


def test_what_an_archive_brings_is_told_once_it_is_unwrapped(tmp_path: Path) -> None:
    upload, blobs = tmp_path / "upload", Blobs(tmp_path / "blobs")
    blobs.create()
    upload.write_bytes(zip_of({"site/index.html": "home", "site/.htaccess": APACHE, "site/vercel.json": SPA}))
    plan = Plan("d1", upload, tmp_path / "work", Limits())

    unpacked = pipeline.run(plan, blobs.stage(plan.workspace), Watcher(lambda *_: None), presses())

    assert isinstance(unpacked, Unpacked)
    (note,) = [note for note in unpacked.notes if note.code == "rules_elsewhere"]
    assert (note.path, note.count) == (".htaccess", 2)

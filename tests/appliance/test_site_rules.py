"""From the rule files of an upload to what visitors get, and what its author is told."""

import json
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from appliance.data_folder import DataFolder
from appliance.serving.rules.report import RuleLimits
from appliance.settings import Settings
from appliance.site_rules import RefusedRules, RuleReader
from appliance.storage.blobs import Blobs
from appliance.storage.manifest import Manifest, Options, decode, encode
from tests.builders import appliance, deployed, finished, folder_of, uploaded, zip_of
from tests.cast import ALICE, OLGA
from tests.serving.lanes import entry

PEOPLE = (OLGA, ALICE)


def read(
    folder: Path, files: dict[str, bytes], *, strict: bool = False, aside: tuple[str, ...] = (), **options: Any
) -> Manifest:
    """The manifest of these files with their rules; those `aside` are not in the store when they are read."""
    blobs = Blobs(folder / "blobs")
    blobs.create()
    apart = folder_of(folder / "aside", {name: files[name] for name in aside})
    for name, content in files.items():
        if name not in aside:
            blobs.put(content)
    entries = {name: entry(content, name) for name, content in files.items() if name not in aside}
    reader = RuleReader(blobs, 1_000, RuleLimits(), strict)
    return reader.read(Manifest(Options(**options), entries), apart, 7)


def kept(folder: Path, manifest: Manifest, name: str) -> str:
    return Blobs(folder / "blobs").path(manifest.entries[name].sha256).read_bytes().decode("utf-8", "surrogateescape")


async def test_an_uploads_rules_answer_its_visitors_and_its_problems_are_told(tmp_path: Path) -> None:
    files = {"index.html": "home", "_redirects": "/old /new\nbad", "_headers": "/*\n X-A: 1\n Server: x"}
    async with appliance(tmp_path / "data", PEOPLE) as server, server.client(ALICE) as client:
        facts = await deployed(client, "shop", zip_of(files))
        moved, home = await server.fetch("shop.localhost", "/old"), await server.fetch("shop.localhost", "/")

    assert (moved.status_code, moved.headers["location"]) == (301, "/new")
    assert (home.text, home.headers["x-a"]) == ("home", "1")
    assert [(one["code"], one["path"], one["line"]) for one in facts["problems"]] == [
        ("bad_rule", "_redirects", 2),
        ("header_refused", "_headers", 3),
    ]


async def test_rules_survive_a_start_of_the_server(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with appliance(data, PEOPLE) as server, server.client(ALICE) as client:
        await deployed(client, "shop", zip_of({"index.html": "home", "_redirects": "/old /new 302"}))
    async with appliance(data, before=server) as again:
        assert (await again.fetch("shop.localhost", "/old")).headers["location"] == "/new"


async def test_a_strict_server_takes_no_deploy_with_a_rule_that_cannot_be_used(tmp_path: Path) -> None:
    async with appliance(tmp_path / "data", PEOPLE, strict_rules=True) as server, server.client(ALICE) as client:
        await deployed(client, "shop", zip_of({"index.html": "one"}))
        deploy = (await uploaded(client, "shop", zip_of({"index.html": "two", "_redirects": "\nbad"})))["id"]
        facts = await finished(client, deploy)

        assert (facts["state"], facts["error"]["code"]) == ("failed", "bad_rule")
        assert "_redirects line 2" in facts["error"]["detail"]
        assert (await server.fetch("shop.localhost")).text == "one"


async def test_a_rule_file_that_is_too_large_names_the_limit(tmp_path: Path) -> None:
    async with appliance(tmp_path / "data", PEOPLE, rule_file=100) as server, server.client(ALICE) as client:
        await deployed(client, "shop", zip_of({"index.html": "one"}))
        deploy = (await uploaded(client, "shop", zip_of({"_redirects": "#" * 101})))["id"]
        facts = await finished(client, deploy)

    assert facts["error"]["code"] == "rules_too_large"
    assert facts["error"]["limit"]["name"] == "rule_file"


def test_passwords_are_kept_as_hashes(tmp_path: Path) -> None:
    files = {"index.html": b"home", "_headers": b"/in/*\n Basic-Auth: ann:very-secret\n X-A: 1"}

    manifest = read(tmp_path, files, aside=("_headers",))

    name, _, hashed = manifest.rules.locks[0].users[0].partition(":")
    assert name == "ann"
    assert hashed.startswith("$argon2id$")
    assert PasswordHasher().verify(hashed, "very-secret")
    assert kept(tmp_path, manifest, "_headers") == f"/in/*\n Basic-Auth: ann:{hashed}\n X-A: 1"
    assert b"very-secret" not in encode(manifest)
    assert decode(encode(manifest)) == manifest


def test_a_file_that_was_kept_locks_the_same_for_the_same_when_it_is_uploaded_again(tmp_path: Path) -> None:
    first = read(tmp_path / "1", {"_headers": b"/in/*\n Basic-Auth: ann:very-secret"}, aside=("_headers",))

    again = read(tmp_path / "2", {"_headers": kept(tmp_path / "1", first, "_headers").encode()}, aside=("_headers",))

    assert again == first


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("_headers", "/a/*\r\n  BASIC-Auth :  ann:very-secret  bob:very-secret\r\n  X-A: 1\r\n"),
        ("_headers", "/a/*\n # Basic-Auth: ann:very-secret\n X-A: 1"),
        ("_headers", "/a/*\n ! Basic-Auth: ann:very-secret\n X-A: 1"),
        ("_headers", "/a/*\n Basic-Auth ann:very-secret\n X-A: 1"),
        ("_headers", "/a/*\n Basic-Auth=very-secret\n X-A: 1"),
        ("_headers", "/a/*\n Basic-Auth: very-secret\n X-A: 1"),
        ("netlify.toml", '[[headers]]\nfor="/a/*"\nvalues={Basic-Auth="ann:very-secret", X-A="1"}'),
        ("netlify.toml", '[[headers]]\nfor="/a/*"\nvalues={Basic-Auth=["ann:very-secret", "b:very-secret"]}'),
        ("netlify.toml", '[[headers]]\nfor="/a/*"\nvalues={"Basic\\u002dAuth"="ann:very\\u002dsecret"}'),
        ("netlify.toml", '# Basic-Auth = "ann:very-secret"\n[[headers]]\nfor="/a/*"\nvalues={X-A="1"}'),
    ],
)
def test_no_password_is_stored_or_told_however_it_is_written(tmp_path: Path, name: str, text: str) -> None:
    manifest = read(tmp_path, {"index.html": b"home", name: text.encode()}, aside=(name,))

    stored = b"".join(path.read_bytes() for path in (tmp_path / "blobs").rglob("*") if path.is_file())
    assert b"secret" not in stored + encode(manifest)
    assert "/a/*" in [*(lock.path for lock in manifest.rules.locks), *(block.path for block in manifest.rules.headers)]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_a_file_that_windows_wrote_locks_and_keeps_no_password(tmp_path: Path, encoding: str) -> None:
    text = "/München/*\r\n  Basic-Auth: ann:very-secret\r\n"

    manifest = read(tmp_path, {"_headers": text.encode(encoding)}, aside=("_headers",))

    assert [lock.path for lock in manifest.rules.locks] == ["/München/*"]
    assert "very-secret" not in kept(tmp_path, manifest, "_headers")


@pytest.mark.parametrize(
    ("name", "text", "meant"),
    [
        ("_headers.txt", b"/a /b", "_headers"),
        ("public/_redirects", b"/a /b", "_redirects"),
        ("_Redirects", b"/a /b", "_redirects"),
        ("_HEADERS.TXT", b"/a /b", "_headers"),
    ],
)
def test_a_file_that_only_looks_like_one_of_rules_is_told(tmp_path: Path, name: str, text: bytes, meant: str) -> None:
    manifest = read(tmp_path, {"index.html": b"home", name: text}, strict=True)

    assert [(one.code, one.path) for one in manifest.problems] == [("rules_misplaced", name)]
    assert f"from {meant} at the top" in manifest.problems[0].message


@pytest.mark.parametrize("name", ["my_headers.txt", "blog/my_redirects", "site/netlify.toml"])
def test_a_file_in_which_nobody_meant_rules_is_not_told(tmp_path: Path, name: str) -> None:
    assert read(tmp_path, {"index.html": b"home", name: b"/a /b"}).problems == ()


def test_a_file_without_passwords_is_kept_as_it_came(tmp_path: Path) -> None:
    texts = {
        "_headers": "/basic-auth/*\n  X-Basic: basic-auth\r\n",
        "netlify.toml": '[build]\ncommand = "x" # y\n[[headers]]\nfor = "/a"\nvalues = { X-A = "1" }\n',
    }

    manifest = read(tmp_path, {name: text.encode() for name, text in texts.items()}, aside=tuple(texts))

    assert {name: kept(tmp_path, manifest, name) for name in texts} == {
        "_headers": texts["_headers"],
        "netlify.toml": texts["netlify.toml"],
    }


async def test_no_password_of_a_rule_file_is_anywhere_in_the_data_folder(tmp_path: Path) -> None:
    data = tmp_path / "data"
    toml = '[[headers]]\nfor="/b"\nvalues={Basic-Auth="bob:second-secret"}'
    files = {"index.html": "home", "_headers": "/a\n Basic-Auth: ann:first-secret", "netlify.toml": toml, "b": "b"}
    async with appliance(data, PEOPLE) as server, server.client(ALICE) as client:
        facts = await deployed(client, "shop", zip_of(files))
        opened = await server.fetch("shop.localhost", "/b", auth=("bob", "second-secret"))
        closed = await server.fetch("shop.localhost", "/b")

    assert (facts["files"], opened.text, closed.status_code) == (4, "b", 401)
    assert [path for path in data.rglob("*") if path.is_file() and b"-secret" in path.read_bytes()] == []


def test_a_lock_that_cannot_be_placed_fails_the_deploy(tmp_path: Path) -> None:
    with pytest.raises(RefusedRules) as refused:
        read(tmp_path, {"_headers": b"Basic-Auth: a:b"})

    assert refused.value.code == "bad_lock"


def test_what_is_only_worth_knowing_passes_a_strict_server(tmp_path: Path) -> None:
    files = {"index.html": b"x", "_redirects": b"/index.html /x\n/a /b 302 Country=de"}

    manifest = read(tmp_path, files, strict=True)

    assert [one.code for one in manifest.problems] == ["rule_inert", "rule_shadowed"]


def test_a_fault_of_a_whole_file_is_told_without_a_line(tmp_path: Path) -> None:
    with pytest.raises(RefusedRules, match=r"^netlify\.toml: "):
        read(tmp_path, {"netlify.toml": b"x = ["}, strict=True)


def test_a_page_that_exists_twice_is_told(tmp_path: Path) -> None:
    files = {"x.html": b"1", "x/index.html": b"2", "y.html": b"3", "index.html": b"4"}

    manifest = read(tmp_path, files)

    assert [(one.code, one.path) for one in manifest.problems] == [("page_twice", "x.html")]


def test_bytes_that_are_no_text_are_read_as_far_as_they_are(tmp_path: Path) -> None:
    files = {"_redirects": b"/a /b\n\xff\xfe /c\n", "index.html": b"x"}

    manifest = read(tmp_path, files)

    assert [rule.path for rule in manifest.rules.redirects] == ["/a"]
    assert manifest.problems[0].line == 2


def test_a_dialect_of_the_future_is_read_as_the_usual_one(tmp_path: Path) -> None:
    manifest = read(tmp_path, {"_redirects": b"/a /b"}, dialect="of-the-future")

    assert manifest.rules.redirects[0].status == 301


def test_a_manifest_without_rules_is_stored_as_before_there_were_any() -> None:
    stored = encode(Manifest())

    assert "rules" not in json.loads(stored)
    assert decode(stored) == Manifest()


def test_the_operators_limits_hold(tmp_path: Path) -> None:
    settings = Settings(redirect_rules=1, redirect_rules_dynamic=2, header_rules=3, rule_line=200, strict_rules=True)

    made = RuleReader.of(settings, Blobs(DataFolder(tmp_path).blobs))

    assert made.limits == RuleLimits(exact=1, dynamic=2, headers=3, line=200)
    assert (made.strict, made.largest) == (True, 4_000_000)

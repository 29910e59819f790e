"""Manifests: the same value is the same bytes under the same name, and nothing damaged is read."""

import errno
import hashlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.storage.manifest import (
    Entry,
    Found,
    History,
    Manifest,
    Manifests,
    Options,
    UnreadableManifest,
    Variant,
    decode,
    encode,
)

HASHES = st.binary(min_size=32, max_size=32).map(bytes.hex)
SIZES = st.integers(0, 2**53)
PATHS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30)
VARIANTS = st.builds(Variant, st.sampled_from(["br", "gzip", "zstd"]), HASHES, SIZES)
ENTRIES = st.builds(
    Entry,
    HASHES,
    SIZES,
    st.text(max_size=20),
    SIZES,
    st.lists(VARIANTS, max_size=3).map(tuple),
    st.sampled_from(["", "br", "gzip"]),
    st.booleans(),
    st.just("") | HASHES,
    SIZES,
)
HISTORIES = st.builds(History, st.dictionaries(PATHS, HASHES, max_size=3), st.lists(HASHES, max_size=3).map(tuple))
FOUND = st.builds(
    Found, st.text(max_size=10), st.text(max_size=20), st.none() | PATHS, st.none() | st.integers(1, 9), st.integers(1)
)
MANIFESTS = st.builds(
    Manifest,
    st.builds(Options),
    st.dictionaries(PATHS, ENTRIES, max_size=5),
    st.lists(FOUND, max_size=3).map(tuple),
    history=HISTORIES,
)
PAGE = Manifest(entries={"index.html": Entry("ab" * 32, 12, "text/html", 0)})


@pytest.fixture
def manifests(tmp_path: Path) -> Manifests:
    made = Manifests(tmp_path / "manifests")
    made.create()
    return made


@given(MANIFESTS)
def test_what_is_stored_reads_back_the_same(manifest: Manifest) -> None:
    assert decode(encode(manifest)) == manifest


@given(st.dictionaries(PATHS, ENTRIES, max_size=5))
def test_the_order_of_files_does_not_matter(entries: dict[str, Entry]) -> None:
    backwards = dict(reversed(entries.items()))

    assert encode(Manifest(entries=entries)) == encode(Manifest(entries=backwards))


def test_the_original_is_what_the_author_gave() -> None:
    plain = Entry("ab" * 32, 7, "text/css", 0)
    minified = Entry("ab" * 32, 7, "text/css", 0, source="cd" * 32, source_size=10)

    assert (plain.original, minified.original) == (("ab" * 32, 7), ("cd" * 32, 10))
    assert Manifest(entries={"a.css": plain, "b.css": minified}).size == 17


def test_options_are_kept() -> None:
    options = Options(dialect="cloudflare", html="slash", spa=True, minify=False, any_case=True)

    assert decode(encode(Manifest(options))).options == options


def test_a_path_that_is_no_unicode_survives() -> None:
    manifest = Manifest(entries={"bad-\udcff.txt": Entry("ab" * 32, 1, "text/plain", 0)})

    assert decode(encode(manifest)) == manifest


def test_the_size_counts_every_path() -> None:
    entry = Entry("ab" * 32, 10, "text/plain", 0)

    assert Manifest(entries={"a": entry, "b": entry}).size == 20


@given(st.binary(max_size=60))
def test_no_damage_is_read_as_a_manifest(stored: bytes) -> None:
    with pytest.raises(UnreadableManifest):
        decode(stored)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 3},
        {"packs": {"ab": 1}},
        {"options": {"speed": "high"}},
        {"options": []},
        {"entries": {"a": ["ab"]}},
        {"entries": []},
        {"entries": {"a": ["ab", 1, "t", 0, [["br"]]]}},
        {"problems": [["code"]]},
        {"problems": None},
    ],
)
def test_a_form_this_program_does_not_know_is_refused(change: dict[str, object]) -> None:
    stored = json.loads(encode(PAGE)) | change

    with pytest.raises(UnreadableManifest):
        decode(json.dumps(stored).encode())


def test_a_manifest_is_kept_under_the_hash_of_its_bytes(manifests: Manifests) -> None:
    name = manifests.put(PAGE)

    assert name == hashlib.sha256(encode(PAGE)).hexdigest()
    assert manifests.get(name) == PAGE
    assert [path.name for path in manifests.root.iterdir()] == [name]


def test_storing_it_again_changes_nothing(manifests: Manifests) -> None:
    assert manifests.put(PAGE) == manifests.put(PAGE)


def test_a_manifest_whose_bytes_changed_is_refused(manifests: Manifests) -> None:
    name = manifests.put(PAGE)
    (manifests.root / name).write_bytes(encode(Manifest()))

    with pytest.raises(UnreadableManifest, match="does not have the bytes its name says"):
        manifests.get(name)


def test_a_manifest_that_is_not_there_is_not_found(manifests: Manifests) -> None:
    with pytest.raises(FileNotFoundError):
        manifests.get("ab" * 32)


def test_what_a_kill_left_unfinished_is_cleared_and_nothing_else(manifests: Manifests) -> None:
    stored_as = manifests.put(Manifest())
    (manifests.root / f".{stored_as}.4711").write_bytes(b"half")

    manifests.clear_unfinished()

    assert [path.name for path in manifests.root.iterdir()] == [stored_as]


def test_a_manifest_that_cannot_be_written_leaves_nothing(
    manifests: Manifests, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(OSError, match="No space left"):
        manifests.put(Manifest())

    assert list(manifests.root.iterdir()) == []

"""Hostile uploads are refused whole, by a stable code, with nothing stored."""

import gzip

import pytest

from tests.builds.opening import Opener
from tests.zoo import (
    HOSTILE_FORMS,
    HOSTILE_TARS,
    HOSTILE_ZIPS,
    INDEX,
    PAGE,
    UNSAFE_NAMES,
    Item,
    pax,
    tar_entry,
    tar_of,
    zip_of,
)


@pytest.mark.parametrize("shape", HOSTILE_ZIPS)
def test_hostile_zip_is_refused_whole(opener: Opener, shape: str) -> None:
    build, code = HOSTILE_ZIPS[shape]

    assert opener.refusal(build()).code == code


@pytest.mark.parametrize("shape", HOSTILE_TARS)
def test_hostile_tar_is_refused_whole(opener: Opener, shape: str) -> None:
    build, code = HOSTILE_TARS[shape]

    assert opener.refusal(build()).code == code


@pytest.mark.parametrize("shape", HOSTILE_FORMS)
def test_hostile_form_is_refused_whole(opener: Opener, shape: str) -> None:
    build, code = HOSTILE_FORMS[shape]

    assert opener.refusal(build()).code == code


@pytest.mark.parametrize("name", UNSAFE_NAMES)
def test_unsafe_name_is_refused_in_a_zip(opener: Opener, name: bytes) -> None:
    assert opener.refusal(zip_of([INDEX, Item(name)])).code == "unsafe_path"


@pytest.mark.parametrize("name", [name for name in UNSAFE_NAMES if name and b"\0" not in name])
def test_unsafe_name_is_refused_in_a_tar(opener: Opener, name: bytes) -> None:
    assert opener.refusal(tar_of(PAGE, tar_entry(name))).code == "unsafe_path"


@pytest.mark.parametrize("name", UNSAFE_NAMES)
def test_unsafe_name_is_refused_in_a_pax_header(opener: Opener, name: bytes) -> None:
    assert opener.refusal(tar_of(PAGE, pax([(b"path", name)]), tar_entry(b"x"))).code == "unsafe_path"


@pytest.mark.parametrize("name", [b"../.git/x", b".git/../../x", b"__MACOSX/../../x"])
def test_junk_with_an_unsafe_name_is_refused(opener: Opener, name: bytes) -> None:
    assert opener.refusal(zip_of([INDEX, Item(name)])).code == "unsafe_path"


@pytest.mark.parametrize(
    "name", [b"..\\x.html", b"a\\..\\..\\x.html", b"C:\\x.html", b"\\\\server\\share\\x.html", b"\\x"]
)
def test_backslash_of_windows_does_not_lead_out_either(opener: Opener, name: bytes) -> None:
    assert opener.refusal(zip_of([INDEX, Item(name, system=0)])).code == "unsafe_path"


def test_overlong_utf8_is_refused_whatever_the_encoding_is_said_to_be(opener: Opener) -> None:
    assert opener.refusal(zip_of([INDEX, Item(b"\xc0\xae\xc0\xae/x", flags=0)])).code == "unsafe_path"


def test_refusal_shows_no_character_that_acts_on_a_terminal(opener: Opener) -> None:
    error = opener.refusal(zip_of([Item(b"\x1b[2J" + b"x" * 500)]))

    assert error.detail.isprintable()
    assert error.path is not None
    assert error.path.isprintable()
    assert len(error.path) < 200


@pytest.mark.parametrize(
    "upload", [b"hello", b"PK", b"<html>", gzip.compress(b"hello"), b"\x1f\x8b\x08garbage", b"--b\r\nx"]
)
def test_anything_else_is_refused_saying_what_is_taken(opener: Opener, upload: bytes) -> None:
    error = opener.refusal(upload)

    assert error.code == "unknown_format"
    assert "ZIP" in error.detail


def test_nothing_at_all_is_refused_as_empty(opener: Opener) -> None:
    assert opener.refusal(b"").code == "empty"

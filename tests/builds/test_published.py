"""A build may print a site's secrets into its pages: that is seen, said, and not said of what is meant for browsers."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from appliance.storage.blobs import Blobs
from builds.published import secrets_in
from builds.values import Note, StoredFile

VALUE = "correct-horse-battery"


def notes(folder: Path, variables: Mapping[str, str], files: Mapping[str, bytes]) -> tuple[Note, ...]:
    """What is said of a site with these files, built with these variables."""
    staging = Blobs(folder / "blobs").stage(folder / "stage")
    try:
        stored = [StoredFile(path, *staging.put([content])) for path, content in files.items()]
        return secrets_in(stored, [variables, variables], staging)
    finally:
        staging.discard()


def test_a_secret_in_pages_is_named_with_where_it_is_and_not_shown(tmp_path: Path) -> None:
    files = {"a.js": f"k='{VALUE}'".encode(), "b.html": b"<p>", "c.js": VALUE.encode()}

    found = notes(tmp_path, {"API_KEY": f"{VALUE}\n", "OTHER_TOKEN": "not in any page"}, files)

    assert [(note.code, note.path, note.count) for note in found] == [("secret_published", "a.js", 2)]
    assert found[0].message.startswith("The value of API_KEY is in “a.js” and 1 more, where everybody can read it")
    assert VALUE not in found[0].message


@pytest.mark.parametrize(
    "name", ["PUBLIC_KEY", "NEXT_PUBLIC_API_KEY", "VITE_MAPS_KEY", "REACT_APP_TOKEN", "NODE_ENV", "SITE_URL"]
)
def test_what_is_meant_for_browsers_or_is_no_secret_is_not_told(tmp_path: Path, name: str) -> None:
    assert notes(tmp_path, {name: VALUE}, {"a.js": VALUE.encode()}) == ()


def test_what_may_stand_there_by_chance_is_not_told(tmp_path: Path) -> None:
    assert notes(tmp_path, {"API_KEY": "horse"}, {"a.js": b"a horse"}) == ()

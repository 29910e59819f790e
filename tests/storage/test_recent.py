"""Manifests that were used lately are at hand, for as long as their files are what they were."""

import hashlib
from pathlib import Path

import pytest

from appliance.data_folder import DataFolder
from appliance.storage.manifest import Entry, Manifest, Manifests, UnreadableManifest, encode
from appliance.storage.recent import Recent


def manifest_of(*contents: str) -> Manifest:
    return Manifest(entries={f"{content[:4]}.css": Entry(content, 7, "text/css", 0) for content in contents})


ONE, TWO = manifest_of("ab" * 32), manifest_of("cd" * 32)


@pytest.fixture
def manifests(tmp_path: Path) -> Manifests:
    folder = DataFolder(tmp_path)
    folder.stored_manifests.create()
    return folder.stored_manifests


def test_what_was_written_is_not_read_again(manifests: Manifests) -> None:
    name = manifests.put(ONE)

    assert manifests.get(name) is ONE


def test_what_was_read_is_at_hand_for_all_who_ask_the_same_folder(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.manifests.mkdir()
    name = Manifests(folder.manifests).put(ONE)

    read = folder.stored_manifests.get(name)

    assert read == ONE
    assert folder.stored_manifests.get(name) is read


def test_damage_is_found_out_although_the_value_was_at_hand(manifests: Manifests) -> None:
    name = manifests.put(ONE)
    (manifests.root / name).write_bytes(encode(TWO))

    with pytest.raises(UnreadableManifest):
        manifests.get(name)


def test_one_that_is_gone_is_not_found_although_the_value_was_at_hand(manifests: Manifests) -> None:
    name = manifests.put(ONE)
    (manifests.root / name).unlink()

    with pytest.raises(FileNotFoundError):
        manifests.get(name)


def test_what_was_used_longest_ago_makes_room(tmp_path: Path) -> None:
    recent = Recent[str](room=25)
    files = [tmp_path / name for name in "abc"]
    for file in files:
        file.write_bytes(bytes(10))
        recent.put(file, file.name)
        recent.get(files[0])

    assert [recent.get(file) for file in files] == ["a", None, "c"]


def test_what_is_larger_than_the_room_is_not_kept(tmp_path: Path) -> None:
    recent, file = Recent[str](room=9), tmp_path / "a"
    file.write_bytes(bytes(10))

    recent.put(file, "a")

    assert recent.get(file) is None


def test_a_few_entries_of_one_at_hand_are_just_those(manifests: Manifests) -> None:
    name = manifests.put(manifest_of("ab" * 32, "cd" * 32))

    assert manifests.get(name, lambda path: path.startswith("cd")) == TWO
    assert manifests.get(name) == manifest_of("ab" * 32, "cd" * 32)


@pytest.mark.parametrize("at_hand", [True, False])
@pytest.mark.parametrize("many", [0, 100])
def test_originals_are_those_that_were_asked_for(tmp_path: Path, at_hand: bool, many: int) -> None:
    folder = DataFolder(tmp_path)
    folder.manifests.mkdir()
    minified = Entry("ab" * 32, 7, "text/css", 0, source="ef" * 32, source_size=9)
    store = folder.stored_manifests if at_hand else Manifests(folder.manifests)
    name = store.put(Manifest(entries={"a.css": minified, "b.css": Entry("cd" * 32, 5, "text/css", 0)}))
    others = {hashlib.sha256(bytes([number])).hexdigest() for number in range(many)}

    assert store.originals(name, {"ef" * 32, *others}) == {"ef" * 32: 9}
    assert store.originals(name, {"ab" * 32, *others}) == {}  # made here, never sent

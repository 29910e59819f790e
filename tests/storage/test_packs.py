"""Content in packs: found where it lies, given files of its own, and nobody's original."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.storage.blobs import Blobs, StagedBlobs
from appliance.storage.manifest import Entry, Manifest, Manifests, Variant, decode, encode, named_by
from appliance.storage.packs import Pack, Place, holding, places
from appliance.storage.savings import improved, unpacked

ONE, TWO, THREE = b"<p>one", b"<p>two, too", b"three"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


A, B, C = map(sha256, (ONE, TWO, THREE))
WHOLE = ONE + TWO + THREE
PACK = sha256(WHOLE)
OFFSETS = {A: 0, B: len(ONE), C: len(ONE + TWO)}


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    made = Blobs(tmp_path / "blobs")
    made.create()
    return made


Stage = Callable[[str], StagedBlobs]


@pytest.fixture
def stage(blobs: Blobs, tmp_path: Path) -> Stage:
    return lambda name: blobs.stage(tmp_path / name)


def packed(staged: StagedBlobs, content: bytes = WHOLE, offsets: dict[str, int] = OFFSETS) -> str:
    """Take a pack in; its SHA-256."""
    file = Path(staged.inbox) / f"made-{len(content)}"
    file.write_bytes(content)
    staged.take_in_pack(str(file), sha256(content), len(content), offsets)
    return sha256(content)


def stored(blobs: Blobs) -> set[str]:
    return {path.name for path in blobs.root.rglob("*") if path.is_file()}


def test_a_pack_is_one_file_of_the_store(blobs: Blobs, stage: Stage) -> None:
    staged = stage("work")

    packed(staged)
    staged.commit()

    assert stored(blobs) == {PACK}
    assert blobs.path(PACK).read_bytes() == WHOLE
    assert staged.packs([A, B, "ff" * 32]) == {PACK: Pack(len(WHOLE), {A: 0, B: len(ONE)})}


def test_what_lies_in_a_pack_gets_a_file_of_its_own(blobs: Blobs, stage: Stage) -> None:
    staged = stage("work")
    packed(staged)

    staged.unpack(B, len(TWO))
    staged.commit()

    assert stored(blobs) == {PACK, B}
    assert staged.read(B) == TWO


def test_what_has_a_file_of_its_own_is_not_looked_for_in_packs(stage: Stage) -> None:
    staged = stage("work")
    packed(staged)

    staged.put([TWO])

    assert staged.packs([A, B]) == {PACK: Pack(len(WHOLE), {A: 0})}


def test_an_original_is_stored_though_a_pack_holds_the_same_bytes(blobs: Blobs, stage: Stage) -> None:
    staged = stage("work")
    packed(staged)

    staged.put([ONE])
    staged.commit()

    assert stored(blobs) == {PACK, A}


def test_a_pack_of_which_nothing_is_wanted_is_forgotten(blobs: Blobs, stage: Stage) -> None:
    staged = stage("work")
    packed(staged)
    other = packed(staged, b"other", {sha256(b"other"): 0})

    staged.keep({A} | staged.packs([A]).keys())
    staged.commit()

    assert stored(blobs) == {PACK}
    assert other != PACK


def test_what_the_cache_knows_is_found_in_files_and_in_packs(stage: Stage) -> None:
    first = stage("first")
    packed(first)
    own, _ = first.put([b"in a file"])
    first.commit()
    staged, gone = stage("work"), ("ee" * 32, 0, 7)

    found = staged.find({A: (PACK, 0, len(WHOLE)), B: gone, own: None, "ff" * 32: None})

    assert found == {A, own}
    assert staged.place(A) == Place(PACK, 0, len(WHOLE))
    assert staged.packs([A, B, own]) == {PACK: Pack(len(WHOLE), {A: 0})}


def test_what_has_got_files_of_its_own_is_found_there_and_the_rest_in_its_pack(stage: Stage) -> None:
    first = stage("first")
    packed(first)
    first.unpack(A, len(ONE))
    first.unpack(C, len(THREE))
    first.commit()
    staged = stage("work")

    found = staged.find({sha256: (PACK, offset, len(WHOLE)) for sha256, offset in OFFSETS.items()})

    assert found == {A, B, C}
    assert staged.packs([A, B, C]) == {PACK: Pack(len(WHOLE), {B: len(ONE)})}


def test_what_has_files_of_its_own_is_found_though_its_pack_is_gone(blobs: Blobs, stage: Stage) -> None:
    first = stage("first")
    packed(first)
    first.unpack(B, len(TWO))
    first.commit()
    blobs.path(PACK).unlink()

    assert stage("work").find({sha256: (PACK, at, len(WHOLE)) for sha256, at in OFFSETS.items()}) == {B}


def test_a_place_that_holds_other_bytes_gives_nothing(blobs: Blobs, stage: Stage) -> None:
    staged = stage("work")
    packed(staged)
    staged.find({"ff" * 32: (PACK, 3, len(WHOLE))})

    with pytest.raises(FileNotFoundError, match=PACK):
        staged.unpack("ff" * 32, 5)
    staged.commit()

    assert stored(blobs) == {PACK}


def test_packs_and_places_say_the_same() -> None:
    packs = {PACK: Pack(len(WHOLE), OFFSETS), "ee" * 32: Pack(9, {"ff" * 32: 3})}

    assert holding([A, B, C, "ff" * 32, "00" * 32], places(packs)) == packs


# ── manifests ──

SOURCE, FORM = "05" * 32, Variant("gzip", B, len(TWO))
PAGE = Entry(A, len(ONE), "text/html", 1, (FORM,), source=SOURCE, source_size=50)
SITE = Manifest(entries={"index.html": PAGE}, packs={PACK: Pack(len(WHOLE), {A: 0, B: len(ONE)})})


def test_a_manifest_keeps_its_packs_and_older_programs_refuse_it() -> None:
    stored_form = encode(SITE)

    assert decode(stored_form) == SITE
    assert stored_form.startswith(b'{"version":2,')
    assert encode(Manifest(entries=SITE.entries)).startswith(b'{"version":1,')


def test_a_manifest_names_packs_in_place_of_what_lies_in_them(tmp_path: Path) -> None:
    manifests = Manifests(tmp_path)
    name = manifests.put(SITE)

    assert named_by(SITE) == {SOURCE: 50, PACK: len(WHOLE)}
    assert SITE.contents == {SOURCE, PACK}
    assert manifests.named(name) == {SOURCE: 50, PACK: len(WHOLE), name: len(encode(SITE))}
    assert manifests.originals(name, {SOURCE, A}) == {SOURCE: 50}


def test_an_original_is_named_though_a_pack_holds_the_same_bytes(tmp_path: Path) -> None:
    as_it_is = Manifest(entries=SITE.entries | {"own.html": Entry(A, len(ONE), "text/html", 1)}, packs=SITE.packs)
    manifests = Manifests(tmp_path)

    assert named_by(as_it_is) == {SOURCE: 50, PACK: len(WHOLE), A: len(ONE)}
    assert as_it_is.contents == {SOURCE, PACK, A}
    assert manifests.named(manifests.put(as_it_is)).keys() >= {A, PACK, SOURCE}


def test_what_has_files_of_its_own_by_now_is_in_no_pack_any_more() -> None:
    better = improved(SITE, {A: (Variant("gzip", C, 4),)})

    assert unpacked(better, {C}).packs == {PACK: Pack(len(WHOLE), {A: 0})}
    assert unpacked(better, {A, C}).packs == {}
    assert unpacked(SITE, ()) is SITE


def test_a_form_in_a_pack_gives_way_to_one_of_the_same_size() -> None:
    same_size = {A: (Variant("gzip", C, len(TWO)),)}
    own_files = Manifest(entries=SITE.entries)

    assert improved(SITE, same_size).entries["index.html"].variants == (Variant("gzip", C, len(TWO)),)
    assert improved(own_files, same_size) is own_files

"""A manifest is composed while its content is made durable: of the store it needs nothing."""

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance import composing as composing_module
from appliance.composing import Composer, Composing, compose
from appliance.data_folder import DataFolder
from appliance.deploys import Work
from appliance.settings import Settings
from appliance.storage.blobs import Blobs
from appliance.storage.manifest import Entry, Manifest, Options, decode
from appliance.storage.savings import added, improved, summed
from builds import aside
from builds.values import StoredFile, StoredVariant, Unpacked

RULES = b"/old /new\n"
FILES = 300

LetIn = Callable[[Iterable[Any]], Iterator[Any]]


def counting(passed: list[int]) -> LetIn:
    """What passes items on, and notes how many there were."""

    def let_in(items: Iterable[Any]) -> Iterator[Any]:
        count = 0
        for item in items:
            yield item
            count += 1
        passed.append(count)

    return let_in


def forms_exchanged(manifest: Manifest, let_in: LetIn) -> Manifest:
    return improved(manifest, {}, let_in)


def test_rules_are_read_before_the_store_has_them(tmp_path: Path) -> None:
    folder, workspace = DataFolder(tmp_path), tmp_path / "work"
    Blobs(folder.blobs).create()
    folder.stored_manifests.create()
    (workspace / aside.FOLDER).mkdir(parents=True)
    (workspace / aside.FOLDER / "_redirects").write_bytes(RULES)
    work = Work("d1", "shop", "site.zip", Options(), None)
    with Composing(Composer(Settings(data=tmp_path), folder), work, None, workspace) as composing:
        composing.begin(Unpacked((StoredFile("_redirects", "1" * 64, len(RULES)),)))
        manifest, written = composing.result().manifest, composing.result().written
        stored = written.beside.read_bytes()

    assert [rule.line for rule in manifest.rules.redirects] == [1]
    assert list(manifest.entries) == ["_redirects"]
    assert decode(stored) == manifest
    assert hashlib.sha256(stored).hexdigest() == written.sha256


def test_of_a_manifest_whose_content_does_not_become_durable_nothing_is_left(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.stored_manifests.create()
    work = Work("d1", "shop", "site.zip", Options(), None)
    with Composing(Composer(Settings(data=tmp_path), folder), work, None, tmp_path / "work") as composing:
        composing.begin(Unpacked((StoredFile("index.html", "1" * 64, 1),)))
        assert len(list(folder.manifests.iterdir())) == 1

    assert list(folder.manifests.iterdir()) == []


def test_what_is_against_a_manifest_is_told_once_its_content_is_durable(tmp_path: Path) -> None:
    work = Work("d1", "shop", "site.zip", Options(), None)
    with Composing(Composer(Settings(data=tmp_path), DataFolder(tmp_path)), work, None, tmp_path / "work") as composing:
        composing.begin(Unpacked((StoredFile("index.html", "1" * 64, 1),)))  # there is no folder to write it to
        with pytest.raises(FileNotFoundError):
            composing.result()


def test_an_entry_that_is_as_it_was_is_the_same_value() -> None:
    file, form = StoredFile("a.html", "1" * 64, 9, "2" * 64, 12), StoredVariant("br", "3" * 64, 5)
    before = compose(Unpacked((file,), variants={file.sha256: (form,)}), Options(), None, 1)

    again = compose(Unpacked((file,), variants={file.sha256: (form,)}), Options(), before, 2)

    assert again.entries["a.html"] is before.entries["a.html"]


@pytest.mark.parametrize(
    ("file", "forms"),
    [
        (StoredFile("a.html", "4" * 64, 9, "2" * 64, 12), (StoredVariant("br", "3" * 64, 5),)),
        (StoredFile("a.html", "1" * 64, 9, "5" * 64, 12), (StoredVariant("br", "3" * 64, 5),)),
        (StoredFile("a.html", "1" * 64, 9), (StoredVariant("br", "3" * 64, 5),)),
        (StoredFile("a.html", "1" * 64, 9, "2" * 64, 12), (StoredVariant("br", "6" * 64, 5),)),
        (StoredFile("a.html", "1" * 64, 9, "2" * 64, 12), (StoredVariant("gzip", "3" * 64, 5),)),
        (StoredFile("a.html", "1" * 64, 9, "2" * 64, 12), ()),
    ],
)
def test_an_entry_that_differs_in_anything_is_made_anew(file: StoredFile, forms: tuple[StoredVariant, ...]) -> None:
    old = StoredFile("a.html", "1" * 64, 9, "2" * 64, 12)
    before = compose(Unpacked((old,), variants={old.sha256: (StoredVariant("br", "3" * 64, 5),)}), Options(), None, 1)

    composed = compose(Unpacked((file,), variants={file.sha256: forms}), Options(), before, 2)

    made = composed.entries["a.html"]
    assert (made.sha256, made.size, made.source) == (file.sha256, file.size, file.source)
    assert [(form.coding, form.sha256) for form in made.variants] == [(form.coding, form.sha256) for form in forms]


def test_visitors_are_let_in_between_the_files_in_all_that_is_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed: list[int] = []
    monkeypatch.setattr(composing_module, "gently", counting(passed))
    folder, workspace = DataFolder(tmp_path), tmp_path / "work"
    Blobs(folder.blobs).create()
    folder.stored_manifests.create()
    work = Work("d1", "shop", "site.zip", Options(), None)
    files = tuple(StoredFile(f"{number}.html", f"{number:064}", 1) for number in range(FILES))

    with Composing(Composer(Settings(data=tmp_path), folder), work, None, workspace) as composing:
        composing.begin(Unpacked(files))

    few = math.ceil(FILES / composing_module.AT_ONCE)
    # Composed, told what may be served, looked for doubles and for misplaced rules, weighed, encoded, summed twice.
    assert passed == [few] * 8


@pytest.mark.parametrize("compute", [summed, lambda made, let_in: added(made, made, let_in), forms_exchanged])
def test_visitors_are_let_in_between_the_files_that_are_summed(
    compute: Callable[[Manifest, LetIn], object],
) -> None:
    passed: list[int] = []
    entries = {f"{number}.css": Entry(f"{number:064}", 9, "text/css", 0) for number in range(FILES)}

    compute(Manifest(entries=entries), counting(passed))

    assert set(passed) == {FILES}

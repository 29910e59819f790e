"""A manifest is composed while its content is made durable: of the store it needs nothing."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance import composing as composing_module
from appliance.composing import Composer, Composing
from appliance.data_folder import DataFolder
from appliance.deploys import Work
from appliance.settings import Settings
from appliance.storage.blobs import Blobs
from appliance.storage.manifest import Entry, Manifest, Options, decode
from appliance.storage.savings import added, improved, summed
from builds import aside
from builds.values import StoredFile, Unpacked

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
    (workspace / aside.FOLDER).mkdir(parents=True)
    (workspace / aside.FOLDER / "_redirects").write_bytes(RULES)
    work = Work("d1", "shop", "site.zip", Options(), None)
    composing = Composing(Composer(Settings(data=tmp_path), folder), work, None, workspace)

    composing.begin(Unpacked((StoredFile("_redirects", "1" * 64, len(RULES)),)))
    manifest, encoded = composing.result()

    assert [rule.line for rule in manifest.rules.redirects] == [1]
    assert list(manifest.entries) == ["_redirects"]
    assert decode(encoded) == manifest


def test_visitors_are_let_in_between_the_files_in_all_that_is_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed: list[int] = []
    monkeypatch.setattr(composing_module, "gently", counting(passed))
    folder, workspace = DataFolder(tmp_path), tmp_path / "work"
    Blobs(folder.blobs).create()
    work = Work("d1", "shop", "site.zip", Options(), None)
    composing = Composing(Composer(Settings(data=tmp_path), folder), work, None, workspace)
    files = tuple(StoredFile(f"{number}.html", f"{number:064}", 1) for number in range(FILES))

    composing.begin(Unpacked(files))

    assert passed == [FILES] * 5  # composed, told what may be served, looked for doubles, weighed, encoded


@pytest.mark.parametrize("compute", [summed, lambda made, let_in: added(made, made, let_in), forms_exchanged])
def test_visitors_are_let_in_between_the_files_that_are_summed(
    compute: Callable[[Manifest, LetIn], object],
) -> None:
    passed: list[int] = []
    entries = {f"{number}.css": Entry(f"{number:064}", 9, "text/css", 0) for number in range(FILES)}

    compute(Manifest(entries=entries), counting(passed))

    assert set(passed) == {FILES}

"""The compressed forms made in the pipeline: which files have them, that they are right, that they are stored."""

import gzip
import io
import os
import zipfile
from pathlib import Path

import brotli
import pytest
import zstandard

from appliance.storage.blobs import Blobs
from appliance.storage.media_types import COMPRESSIBLE
from builds import compress, pipeline
from builds.values import Limits, Plan, Transforms, Unpacked
from builds.watcher import Watcher
from tests.presses import presses

UNDO = {"zstd": zstandard.decompress, "br": brotli.decompress, "gzip": gzip.decompress}
TEXT = b"the same words again and again\n" * 100


class Pipeline:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.blobs = Blobs(folder / "blobs")
        self.blobs.create()
        self.reports: list[tuple[str, int, int]] = []

    def run(self, files: dict[str, bytes], *, on: bool = True) -> Unpacked:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        upload = self.folder / "upload"
        upload.write_bytes(packed.getvalue())
        work = self.folder / "work"
        plan = Plan("d1", upload, work, Limits(), transforms=Transforms(compress=COMPRESSIBLE if on else ()))
        watcher = Watcher(lambda *step: self.reports.append(step))
        unpacked = pipeline.run(plan, self.blobs.stage(work), watcher, presses())
        assert isinstance(unpacked, Unpacked)
        return unpacked

    def forms(self, unpacked: Unpacked, path: str) -> dict[str, bytes]:
        """The stored forms of a file by coding, in their order."""
        sha256 = next(file.sha256 for file in unpacked.files if file.path == path)
        forms = {form.coding: self.blobs.path(form.sha256).read_bytes() for form in unpacked.variants.get(sha256, ())}
        assert [form.size for form in unpacked.variants.get(sha256, ())] == [len(form) for form in forms.values()]
        return forms


@pytest.fixture
def made(tmp_path: Path) -> Pipeline:
    return Pipeline(tmp_path)


@pytest.mark.parametrize("path", ["index.html", "a.CSS", "b.js", "c.json", "d.svg", "e.wasm", "f.ttf", "g.txt"])
def test_what_shrinks_gets_every_coding(made: Pipeline, path: str) -> None:
    unpacked = made.run({"index.html": TEXT, path: TEXT + path.encode()} | {path: TEXT})

    forms = made.forms(unpacked, path)

    assert list(forms) == ["zstd", "br", "gzip"]
    assert {coding: UNDO[coding](form) for coding, form in forms.items()} == dict.fromkeys(forms, TEXT)


@pytest.mark.parametrize("path", ["a.png", "b.woff2", "c.zip", "d.gz", "noextension", "x.br"])
def test_what_is_compressed_already_or_unknown_gets_none(made: Pipeline, path: str) -> None:
    unpacked = made.run({"index.html": b"home", path: TEXT})

    assert unpacked.variants == {}


def test_a_form_that_saves_less_than_a_twentieth_is_not_kept(made: Pipeline) -> None:
    noise = os.urandom(5_000)
    unpacked = made.run({"noise.txt": noise, "index.html": TEXT})

    assert made.forms(unpacked, "noise.txt") == {}
    assert len(unpacked.variants) == 1


def test_each_coding_is_judged_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brotli, "compress", lambda content, **_: content)

    assert list(compress.forms(TEXT, compress.FIRST)) == ["zstd", "gzip"]


def test_a_file_of_one_packet_and_one_too_large_for_memory_stay_as_they_are(
    made: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compress, "LARGEST", 10_000)

    unpacked = made.run({"index.html": TEXT, "small.txt": TEXT[:999], "large.txt": TEXT * 5})

    assert made.forms(unpacked, "small.txt") == made.forms(unpacked, "large.txt") == {}
    assert compress.forms(TEXT * 5, compress.FIRST) == compress.forms(TEXT[:999], compress.FIRST) == {}


def test_the_same_content_twice_is_compressed_once(made: Pipeline) -> None:
    unpacked = made.run({"index.html": TEXT, "copy.html": TEXT})

    assert len(unpacked.variants) == 1
    assert made.forms(unpacked, "copy.html") == made.forms(unpacked, "index.html")


def test_switched_off_nothing_is_compressed(made: Pipeline) -> None:
    assert made.run({"index.html": TEXT}, on=False).variants == {}


def test_the_same_content_has_the_same_forms_whenever_they_are_made(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()

    one, two = (Pipeline(tmp_path / name).run({"index.html": TEXT}) for name in ("one", "two"))

    assert one.variants == two.variants


def test_much_text_is_compressed_for_speed(made: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compress, "MUCH", 1_000)

    unpacked = made.run({"index.html": TEXT})

    assert list(made.forms(unpacked, "index.html")) == ["zstd", "gzip"]


@pytest.mark.parametrize(("better_follow", "codings"), [(True, ["gzip"]), (False, ["zstd", "br", "gzip"])])
def test_a_larger_site_begins_with_what_everybody_understands_if_better_follows(
    better_follow: bool, codings: list[str]
) -> None:
    assert list(compress.first([3_000_000, 3_000_000], better_follow=better_follow)) == codings
    assert list(compress.first([3_000_000], better_follow=better_follow)) == ["zstd", "br", "gzip"]


def test_progress_of_compressing_is_part_of_storing(made: Pipeline) -> None:
    made.run({"index.html": TEXT})

    assert made.reports[-1] == ("store", 1, 1)
    assert ("store", 0, 1) in made.reports

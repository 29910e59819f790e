"""What presses make of many files shares files, and what they make of a few does not."""

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from appliance.storage.blobs import Blobs, StagedBlobs
from appliance.storage.packs import places
from builds.job import Job
from builds.press import FEWEST, LARGEST_PACKED
from builds.transform import MANY, open_bench, transform
from builds.values import PressLimits, StoredFile, Transforms, Unpacked
from tests.presses import presses

WANTED = Transforms(minify=True, compress=("html",), better_follow=True)


def page(number: int, words: int = 400) -> bytes:
    return b"<!doctype html>\n<title>%d</title>\n<p>" % number + b"some <!-- words --> of page   " * words


def news_of(tmp_path: Path, contents: list[bytes], *, packed: bool) -> list[dict[str, Any]]:
    """What a press says of these contents, handed to it at once."""
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    jobs = []
    for number, content in enumerate(contents):
        (tmp_path / str(number)).write_bytes(content)
        jobs.append(
            (
                Job(str(number), str(tmp_path / str(number)), str(inbox), {"gzip": 2}, "html", True, packed=packed),
                1,  # so that they are one batch
            )
        )
    said: dict[str, dict[str, Any]] = {}
    presses().run(jobs, PressLimits(), lambda job, news: said.update({job.key: news}))
    return [said[job.key] for job, _ in jobs]


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_what_is_made_of_many_files_is_told_with_the_pack_it_lies_in(tmp_path: Path) -> None:
    news = news_of(tmp_path, [page(number) for number in range(6)], packed=True)

    packs = [each["pack"] for each in news if "pack" in each]
    inside: dict[str, bytes] = {}
    for path, sha256, size, offsets in packs:
        whole = Path(path).read_bytes()
        assert (hashlib.sha256(whole).hexdigest(), len(whole)) == (sha256, size)
        inside |= {name: whole[at:] for name, at in offsets.items()}
    for each in news:
        made, ((coding, form),) = each["made"], each["forms"]
        assert (coding, made[2], form[2]) == ("gzip", "", "")
        for name, size, _ in (made, form):
            assert hashlib.sha256(inside[name][:size]).hexdigest() == name
    assert len(files_in(tmp_path / "inbox")) == len(packs) < 6


def test_what_is_made_of_a_few_files_has_files_of_its_own(tmp_path: Path) -> None:
    news = news_of(tmp_path, [page(number) for number in range(FEWEST // 2 - 1)], packed=True)

    assert not any("pack" in each for each in news)
    assert all(Path(each["made"][2]).stat().st_size == each["made"][1] for each in news)


def test_what_is_large_has_a_file_of_its_own(tmp_path: Path) -> None:
    large = b"<!doctype html><p>" + os.urandom(LARGEST_PACKED).hex().encode()
    *small, last = news_of(tmp_path, [*(page(number) for number in range(6)), large], packed=True)

    assert any("pack" in each for each in small)
    assert [Path(form[2]).stat().st_size for _, form in last["forms"]] == [last["forms"][0][1][1]]


def test_nothing_is_packed_that_shall_not_be(tmp_path: Path) -> None:
    news = news_of(tmp_path, [page(number) for number in range(6)], packed=False)

    assert len(files_in(tmp_path / "inbox")) == 12
    assert not any("pack" in each for each in news)


def test_where_a_pack_cannot_be_written_the_files_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "inbox").write_text("no folder")
    for number in range(6):
        (tmp_path / str(number)).write_bytes(page(number))
    jobs = [Job(str(n), str(tmp_path / str(n)), str(tmp_path / "inbox"), {"gzip": 2}, packed=True) for n in range(6)]
    said: list[dict[str, Any]] = []

    presses().run([(job, 1) for job in jobs], PressLimits(), lambda _job, news: said.append(news))

    assert [set(each) for each in said] == [{"failed"}] * 6


# ── the work on one upload ──


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    made = Blobs(tmp_path / "blobs")
    made.create()
    return made


def worked_on(staged: StagedBlobs, pages: list[bytes], wanted: Transforms) -> tuple[Unpacked, Any]:
    """The site of these pages as visitors get it, and the workbench it was made on; committed."""
    files = tuple(StoredFile(f"{number:04}.html", *staged.put([content])) for number, content in enumerate(pages))
    bench = open_bench(files, wanted, staged, presses())
    served = transform(Unpacked(files), bench, wanted)
    staged.keep(served.contents | staged.packs(served.contents).keys())
    staged.commit()
    return served, bench


def there(blobs: Blobs, staged: StagedBlobs, served: Unpacked) -> bool:
    """Whether all of the site is in the store, in files and in packs."""
    inside = places(staged.packs(served.contents))
    in_files = served.contents - inside.keys()
    return all(blobs.path(name).exists() for name in in_files | {place.pack for place in inside.values()})


def test_a_large_site_goes_live_with_few_new_files(blobs: Blobs, tmp_path: Path) -> None:
    pages = [page(number, 50) for number in range(MANY)]
    staged = blobs.stage(tmp_path / "work")

    served, bench = worked_on(staged, pages, WANTED)

    packs = staged.packs(served.contents)
    inside = sum(len(pack.offsets) for pack in packs.values())
    in_files = len(served.contents) - len(pages) - inside
    assert bench.packed
    assert in_files < FEWEST * 2
    assert len(files_in(blobs.root)) == len(pages) + len(packs) + in_files
    assert len(packs) < MANY // 4
    assert there(blobs, staged, served)


@pytest.mark.parametrize(("pages", "follow"), [(MANY - 1, True), (MANY, False)], ids=["fewer", "none follow"])
def test_where_it_would_not_help_or_last_nothing_is_packed(
    blobs: Blobs, tmp_path: Path, pages: int, follow: bool
) -> None:
    wanted = Transforms(minify=True, compress=("html",), better_follow=follow)
    staged = blobs.stage(tmp_path / "work")

    served, bench = worked_on(staged, [page(number, 40) for number in range(pages)], wanted)

    assert not bench.packed
    assert staged.packs(served.contents) == {}


def test_the_next_deploy_finds_in_packs_what_was_made(blobs: Blobs, tmp_path: Path) -> None:
    pages = [page(number, 50) for number in range(MANY)]
    wanted = Transforms(minify=True, compress=("html",), better_follow=True, cache=tmp_path / "cache")
    first, bench = worked_on(blobs.stage(tmp_path / "one"), pages, wanted)
    bench.remember()
    staged = blobs.stage(tmp_path / "two")
    before = len(files_in(blobs.root))

    again, bench = worked_on(staged, [*pages[:-1], page(9_999, 50)], wanted)

    assert again.files[:-1] == first.files[:-1]
    assert bench.misses == 1
    assert len(files_in(blobs.root)) == before + len(again.contents - first.contents)
    assert there(blobs, staged, again)


def test_what_was_made_is_made_again_where_its_pack_is_gone(blobs: Blobs, tmp_path: Path) -> None:
    pages = [page(number, 50) for number in range(MANY)]
    wanted = Transforms(minify=True, compress=("html",), better_follow=True, cache=tmp_path / "cache")
    staged = blobs.stage(tmp_path / "one")
    first, bench = worked_on(staged, pages, wanted)
    bench.remember()
    for name in staged.packs(first.contents):
        blobs.path(name).unlink()

    staged = blobs.stage(tmp_path / "two")
    again, _ = worked_on(staged, pages, wanted)

    assert again.files == first.files
    assert there(blobs, staged, again)

"""What a sweep removes, what it never does, and that it may be cut off anywhere."""

import contextlib
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from appliance.storage import marks
from appliance.storage.blobs import Blobs
from appliance.storage.manifest import Entry, Manifest, Manifests, Variant
from appliance.storage.packs import Pack
from appliance.storage.sweep import Places, Stopped, Sweep, Swept, Unsafe

HOUR = 3600.0  # seconds


@dataclass
class Store:
    """A store whose content was last used long ago, unless a test uses it."""

    root: Path
    listings: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.blobs, self.manifests = Blobs(self.root / "blobs"), Manifests(self.root / "manifests")
        self.blobs.create()
        self.manifests.create()

    def blob(self, content: bytes) -> str:
        sha256 = self.blobs.put(content)
        age(self.blobs.path(sha256))
        return sha256

    def manifest(self, *contents: str, variants: tuple[str, ...] = (), source: str = "") -> str:
        forms = tuple(Variant("br", one, 1) for one in variants)
        entries = {f"{n}.txt": Entry(one, 1, "text/plain", 0, forms, source=source) for n, one in enumerate(contents)}
        name = self.manifests.put(Manifest(entries=entries))
        age(self.root / "manifests" / name)
        return name

    def sweep(self, *named: str, check: Callable[[], None] = lambda: None, dry_run: bool = False) -> Swept:
        places = Places(self.root / "blobs", self.root / "manifests", self.root / "sweep", lambda: self.listings)
        holding = contextlib.nullcontext
        return Sweep(places, time.time() - HOUR, holding, check, dry_run=dry_run).run(frozenset(named))

    def noticed_long_ago(self) -> None:
        for path in (self.root / "sweep" / "unnamed").iterdir():
            age(path)

    def has(self, sha256: str) -> bool:
        return self.blobs.path(sha256).exists()


def age(path: Path, seconds: float = 2 * HOUR) -> None:
    os.utime(path, (time.time() - seconds,) * 2)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_a_pack_stays_as_long_as_a_manifest_has_something_in_it(store: Store) -> None:
    pack, gone = store.blob(b"one and two"), store.blob(b"of a pack that is not needed any more")
    source, inside = store.blob(b"as it was sent"), "ab" * 32
    entry = Entry(inside, 3, "text/plain", 0, source=source, source_size=14)
    name = store.manifests.put(Manifest(entries={"a.txt": entry}, packs={pack: Pack(11, {inside: 0})}))

    store.sweep(name)

    assert (store.has(pack), store.has(source), store.has(gone)) == (True, True, False)


def test_what_no_manifest_names_goes_and_is_counted(store: Store) -> None:
    kept, gone = store.blob(b"kept"), store.blob(b"gone!")

    swept = store.sweep(store.manifest(kept))

    assert swept == Swept(0, 1, 5)
    assert (store.has(kept), store.has(gone)) == (True, False)


def test_compressed_forms_and_originals_are_kept_with_what_they_belong_to(store: Store) -> None:
    served, form, original = store.blob(b"served"), store.blob(b"form"), store.blob(b"original")

    store.sweep(store.manifest(served, variants=(form,), source=original))

    assert all(map(store.has, (served, form, original)))


def test_what_was_stored_just_now_stays_though_nothing_names_it_yet(store: Store) -> None:
    fresh = store.blobs.put(b"fresh")

    assert store.sweep() == Swept()
    assert store.has(fresh)


def test_a_manifest_goes_once_it_was_found_unnamed_for_the_grace_and_takes_its_content_along(store: Store) -> None:
    content = store.blob(b"content")
    name = store.manifest(content)

    first = store.sweep()
    second = store.sweep()
    store.noticed_long_ago()
    third = store.sweep()

    assert (first, second) == (Swept(), Swept())
    assert (third.manifests, third.blobs, store.has(content)) == (1, 1, False)
    assert not (store.root / "manifests" / name).exists()


def test_a_manifest_that_is_named_again_begins_its_time_anew(store: Store) -> None:
    name = store.manifest(store.blob(b"content"))
    store.sweep()
    store.noticed_long_ago()

    store.sweep(name)

    assert store.sweep() == Swept()


def test_a_manifest_that_work_relies_on_stays_with_all_it_names(store: Store) -> None:
    content = store.blob(b"content")
    name = store.manifest(content)
    store.sweep()
    store.noticed_long_ago()

    assert store.manifests.renew(name)

    assert store.sweep() == Swept()
    assert store.has(content)


def test_what_a_listing_names_stays(store: Store) -> None:
    content = store.blob(b"content")
    listing = store.root / "listing"
    listing.write_text(f'{{"files":[["index.html","{content}",7]]}}')
    store.listings = [listing]

    store.sweep()

    assert store.has(content)


@pytest.mark.parametrize("harm", ["missing", "damaged"])
def test_nothing_goes_while_a_named_manifest_cannot_be_read(store: Store, harm: str) -> None:
    content = store.blob(b"content")
    name = store.manifest(content)
    path = store.root / "manifests" / name
    if harm == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes().replace(content.encode(), b"0" * 64))

    with pytest.raises(Unsafe, match=name):
        store.sweep(name)

    assert store.has(content)


def test_a_dry_run_says_what_goes_and_removes_nothing(store: Store) -> None:
    content = store.blob(b"gone")
    name = store.manifest(content)
    store.sweep()
    store.noticed_long_ago()

    would = store.sweep(dry_run=True)

    assert store.has(content)
    assert would == store.sweep()
    assert would.manifests == would.blobs == 1
    assert not (store.root / "manifests" / name).exists()


def test_what_a_write_that_was_cut_off_has_left_goes_and_is_no_blob(store: Store) -> None:
    left = store.root / "blobs" / "ab" / ".abc.1.2"
    left.write_bytes(b"half")
    age(left)

    assert store.sweep() == Swept(0, 0, 4)
    assert not left.exists()


def test_one_that_was_stopped_goes_on_at_the_prefix_it_had_come_to(store: Store) -> None:
    contents = [store.blob(bytes([number])) for number in range(30)]
    first, *_, last = sorted(contents)
    seen: list[str] = []

    def stop_at_the_second() -> None:
        if not store.has(first):
            raise Stopped

    with pytest.raises(Stopped):
        store.sweep(check=stop_at_the_second)
    store.sweep(check=lambda: seen.append(min(filter(store.has, contents), default="")))

    assert int((store.root / "sweep" / "next").read_text()) == int(sorted(contents)[1][:2], 16)
    assert not store.has(last)


def test_marks_are_spooled_so_that_memory_does_not_grow_with_the_store(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "AT_ONCE", 3)
    monkeypatch.setattr(marks, "PIECE", 100)  # names are cut in two
    kept = [store.blob(bytes([number])) for number in range(20)]
    gone = store.blob(b"gone")

    assert store.sweep(store.manifest(*kept)).blobs == 1
    assert all(map(store.has, kept))
    assert not store.has(gone)


def recognised(store: Store, way: str, content: bytes, sha256: str) -> None:
    """Use stored content again, as deploys do."""
    staged = store.blobs.stage(store.root / "work")
    if way == "staged whole":
        staged.put([content])
    elif way == "staged in pieces":
        staged.put([content[:1], content[1:]])
    elif way == "looked for":
        assert staged.held([sha256])
    elif way == "adopted":
        assert staged.adopt(sha256, store.root / "nowhere")
    else:
        assert store.blobs.put(content) == sha256
    staged.commit()


@pytest.mark.parametrize("way", ["staged whole", "staged in pieces", "looked for", "adopted", "put"])
def test_content_that_a_deploy_recognises_stays_for_it(store: Store, way: str) -> None:
    sha256 = store.blob(b"shared")
    recognised(store, way, b"shared", sha256)

    store.sweep()

    assert store.has(sha256)


def test_content_that_waited_long_before_it_was_sent_to_the_store_is_fresh_there(store: Store) -> None:
    pending = store.root / "pending"
    pending.write_bytes(b"sent ahead")
    age(pending)
    staged = store.blobs.stage(store.root / "work")
    sha256 = hashlib.sha256(b"sent ahead").hexdigest()

    assert staged.adopt(sha256, pending)
    staged.commit()
    store.sweep()

    assert store.has(sha256)


@contextlib.contextmanager
def between_look_and_removal(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], None]) -> Iterator[None]:
    """Have something done when the sweep has looked at a file and is about to unlink it."""
    usual = os.unlink

    def unlink(path: str) -> None:
        if threading.current_thread() is threading.main_thread():
            meanwhile()
        usual(path)

    monkeypatch.setattr(os, "unlink", unlink)
    yield
    monkeypatch.setattr(os, "unlink", usual)


def test_a_deploy_between_the_look_and_the_removal_does_not_take_the_content_for_there(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = store.blob(b"shared")
    begun, told = threading.Event(), threading.Event()
    answers: list[bool] = []

    def ask() -> None:
        begun.set()
        answers.append(store.blobs.guard.renew(str(store.blobs.path(sha256))))
        told.set()

    asking = threading.Thread(target=ask)

    def meanwhile() -> None:
        asking.start()
        assert begun.wait(30)
        assert not told.wait(0.2)  # it waits for the removal: were it told "there" now, its content would be lost

    with between_look_and_removal(monkeypatch, meanwhile):
        store.sweep()
    asking.join(30)

    assert answers == [False]
    recognised(store, "staged whole", b"shared", sha256)
    assert store.blobs.path(sha256).read_bytes() == b"shared"


def test_many_deploys_and_sweeps_at_once_lose_nothing(store: Store) -> None:
    """What `commit` has made part of the store, or recognised there, is there still when its manifest is written."""
    contents = [bytes([number]) * 10 for number in range(40)]
    lost: list[str] = []
    over = threading.Event()

    def deploy(number: int) -> None:
        for _ in range(25):
            staged = store.blobs.stage(store.root / f"work-{number}")
            names = [staged.put([content])[0] for content in contents]
            staged.commit()
            lost.extend(name for name in names if not store.has(name))

    def keep_sweeping() -> None:
        while not over.is_set():
            store.sweep()

    for content in contents:
        store.blob(content)
    sweeper = threading.Thread(target=keep_sweeping)
    deploys = [threading.Thread(target=deploy, args=(number,)) for number in range(1, 4)]
    for thread in (sweeper, *deploys):
        thread.start()
    for thread in deploys:
        thread.join(60)
    over.set()
    sweeper.join(60)

    assert lost == []

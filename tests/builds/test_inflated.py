"""What an upload shares with the site's last one is not inflated again, and nothing else is different for that."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.storage.blobs import StagedBlobs
from builds.cache import FolderCache
from builds.errors import BuildError
from builds.inflated import Inflated, name_of
from builds.values import Limits
from tests.builds.opening import Opener
from tests.builds.test_any_upload import CHANGE, LIMITS, QUICK, VALID, changed
from tests.builds.test_transform import Workshop
from tests.zoo import Item, zip_of

ROOM = 1_000_000
ALTERED = st.sampled_from(VALID[:2]), st.lists(CHANGE, min_size=1, max_size=3)
SITE = {"index.html": b"<p>hello</p>" * 40, "a.css": b"p { color: red }" * 40, "b.js": b"let a = 1\n" * 40}


def packed(files: dict[str, bytes], **lies: object) -> bytes:
    return zip_of(Item(path.encode(), content, **lies) for path, content in files.items())  # type: ignore[arg-type]  # by name


@pytest.fixture
def again(tmp_path: Path) -> Opener:
    """Opens uploads to one site."""
    return Opener(tmp_path, FolderCache(tmp_path / "cache", ROOM))


@pytest.fixture
def handed_over(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What readers give the store, which they have only after inflating it."""
    given_over: list[bytes] = []
    put = StagedBlobs.put

    def noted(staging: StagedBlobs, chunks: Iterable[bytes]) -> tuple[str, int]:
        content = b"".join(chunks)
        given_over.append(content)
        return put(staging, (content,))

    monkeypatch.setattr(StagedBlobs, "put", noted)
    return given_over


def test_only_what_changed_is_inflated(again: Opener, handed_over: list[bytes]) -> None:
    again(packed(SITE))
    handed_over.clear()
    now = SITE | {"a.css": b"p { color: blue }" * 40}

    opened = again(packed(now))

    assert opened.files == now
    assert handed_over == [now["a.css"]]


def test_a_deploy_is_remembered_for_the_next(tmp_path: Path, handed_over: list[bytes]) -> None:
    works = Workshop(tmp_path)
    works.run(SITE, minify=False)
    assert sorted(handed_over) == sorted(SITE.values())
    handed_over.clear()

    works.run(SITE, minify=False)

    assert handed_over == []


def test_what_is_called_otherwise_now_is_known_too(again: Opener, handed_over: list[bytes]) -> None:
    again(packed(SITE))
    handed_over.clear()

    assert again(packed({f"new/{path}": content for path, content in SITE.items()} | SITE)).files.keys() > SITE.keys()
    assert handed_over == []


def test_content_that_is_gone_from_the_store_is_put_there_again(again: Opener) -> None:
    again(packed(SITE))
    for stored in again.stored():
        stored.unlink()

    assert again(packed(SITE)).files == SITE


@pytest.mark.parametrize("lie", [{"crc": 7}, {"size": 1}])
def test_what_else_is_said_of_the_same_bytes_is_refused_as_ever(again: Opener, lie: dict[str, int]) -> None:
    again(packed(SITE))

    with pytest.raises(BuildError):
        again(packed(SITE, local=lie, central=lie))


def test_known_content_counts_towards_the_limits(again: Opener) -> None:
    again(packed(SITE))

    with pytest.raises(BuildError) as refused:
        again(packed(SITE), limits=Limits(unpacked_size=1000))
    assert refused.value.code == "unpacked_too_large"


def test_what_is_not_in_the_store_is_not_remembered(tmp_path: Path) -> None:
    cache = FolderCache(tmp_path, ROOM)
    names = {kept: name_of(kept.encode(), 1, 1) for kept in ("stored", "secret")}
    learning = Inflated(cache, "site")
    for kept, name in names.items():
        learning.learn(name, kept)

    learning.remember({"stored"})

    known = Inflated(cache, "site")
    known.recall()
    assert (known.find(names["stored"]), known.find(names["secret"])) == ("stored", None)


def test_each_site_has_its_own_last_upload(tmp_path: Path) -> None:
    cache = FolderCache(tmp_path, ROOM)
    for site in ("alice", "bob"):
        learning = Inflated(cache, site)
        learning.learn("name", site)
        learning.remember({site})

    known = Inflated(cache, "alice")
    known.recall()

    assert known.find("name") == "alice"


@settings(QUICK, max_examples=40)
@given(*ALTERED)
def test_an_altered_archive_ends_as_without_what_is_known(upload: bytes, changes: list[tuple[str, float, int]]) -> None:
    end_alike(upload, changes)


@pytest.mark.long
@settings(QUICK, max_examples=2_000)
@given(*ALTERED)
def test_altered_archives_at_length(upload: bytes, changes: list[tuple[str, float, int]]) -> None:
    end_alike(upload, changes)


def end_alike(upload: bytes, changes: list[tuple[str, float, int]]) -> None:
    altered = upload
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        knowing, new = Opener(Path(folder), FolderCache(Path(folder, "cache"), ROOM)), Opener(Path(other))
        knowing(upload, limits=LIMITS)
        for change in changes:
            altered = changed(altered, change) or b"?"

        assert end_of(knowing, altered) == end_of(new, altered)


def end_of(opener: Opener, upload: bytes) -> dict[str, bytes] | tuple[str, str]:
    try:
        return opener(upload, limits=LIMITS).files
    except BuildError as error:
        return error.code, error.detail

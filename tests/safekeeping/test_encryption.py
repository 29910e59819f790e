"""Encrypted backups: nobody reads them without the passphrase, whoever has it does, with `age` alone if need be."""

import io
import os
import pty
import select
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest
import zstandard

from appliance.data_folder import DataFolder
from appliance.safekeeping import encryption
from appliance.safekeeping.archives import INNER
from appliance.safekeeping.copying import Hashed
from appliance.safekeeping.examining import Pace
from appliance.safekeeping.items import Damaged, Refused
from appliance.safekeeping.pipes import read_by, written_by
from appliance.safekeeping.places import Means
from appliance.safekeeping.seals import passphrase_in
from appliance.safekeeping.sources import source_of
from appliance.safekeeping.verifying import verify
from tests.safekeeping.conftest import SHOP
from tests.safekeeping.places import MEANS, BackupFolder, back_up, blob_of, damage, restored

Contents = Callable[[Path], dict[str, bytes]]
PASSPHRASE = "correct horse battery"
FORMS = ("backups", "backup.age.tar")
PAGE = blob_of(SHOP["index.html"])


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encryption, "WORK", 10)


def means(passphrase: str = PASSPHRASE) -> Means:
    return Means(Path("/nowhere"), passphrase=passphrase, said="the file")


@pytest.mark.parametrize("form", FORMS)
def test_what_is_restored_is_what_was_there(folder: DataFolder, tmp_path: Path, form: str, contents: Contents) -> None:
    before = contents(folder.root)
    back_up(folder, tmp_path / form, means())

    after = contents(restored(tmp_path / form, tmp_path / "new", means()).root)

    assert {**after, "dropdock.db": b""} == {**{name: before[name] for name in after}, "dropdock.db": b""}
    assert {PAGE, "secret.key", "certs/site.pem"} <= after.keys()


@pytest.mark.parametrize("form", FORMS)
def test_it_shows_nothing_of_what_is_in_it(folder: DataFolder, tmp_path: Path, form: str) -> None:
    back_up(folder, tmp_path / form, means())

    files = [path for path in (tmp_path / form, *(tmp_path / form).rglob("*")) if path.is_file()]
    shown = "\n".join(path.name for path in files).encode() + b"".join(path.read_bytes() for path in files)
    hashes = [path.name.encode() for path in folder.blobs.rglob("*") if path.is_file()]
    assert [text for text in (*hashes, b"color: red", b"olga@example.org", b"SQLite format") if text in shown] == []


def test_a_second_backup_writes_only_what_is_new(folder: DataFolder, tmp_path: Path) -> None:
    back_up(folder, tmp_path / "backups", means())
    before = {path for path in (tmp_path / "backups/objects").rglob("*") if path.is_file()}
    folder.traffic.write_text("only in the second\n")

    back_up(folder, tmp_path / "backups", means())

    after = {path for path in (tmp_path / "backups/objects").rglob("*") if path.is_file()}
    assert before < after
    assert len(after - before) <= 2  # that file, and the database where its copy is not the same to the byte


def test_only_the_newest_are_kept_and_what_they_share_stays(folder: DataFolder, tmp_path: Path) -> None:
    folder.traffic.write_text("only in the first\n")
    back_up(folder, tmp_path / "backups", means())
    count = len(list((tmp_path / "backups/objects").rglob("*")))
    folder.traffic.unlink()
    back_up(folder, tmp_path / "backups", means())

    with BackupFolder(tmp_path / "backups", means()) as backups:
        assert backups.prune(1) == 1

    assert len(list((tmp_path / "backups/objects").rglob("*"))) <= count
    restored(tmp_path / "backups", tmp_path / "new", means())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("given", "said"), [("", "--passphrase-file"), ("correct horse bottle", "does not open")])
def test_without_the_right_passphrase_nothing_is_restored(
    folder: DataFolder, tmp_path: Path, form: str, given: str, said: str
) -> None:
    back_up(folder, tmp_path / form, means())

    with pytest.raises(Refused, match=said) as refused:
        restored(tmp_path / form, tmp_path / "new", means(given))

    assert not (tmp_path / "new").exists()
    assert not given or given not in str(refused.value)


@pytest.mark.parametrize("given", ["", "correct horse bottle"])
def test_a_place_with_encrypted_backups_takes_no_others(folder: DataFolder, tmp_path: Path, given: str) -> None:
    back_up(folder, tmp_path / "backups", means())

    with pytest.raises(Refused, match="passphrase"):
        back_up(folder, tmp_path / "backups", means(given))

    assert len(list((tmp_path / "backups/snapshots").iterdir())) == 1


@pytest.mark.parametrize(("form", "kind"), [("backups", "folder"), ("backup.tar", "file"), ("backup.tar.zst", "file")])
def test_whoever_gives_a_passphrase_is_not_handed_what_anybody_could_write(
    folder: DataFolder, tmp_path: Path, form: str, kind: str
) -> None:
    back_up(folder, tmp_path / form)

    with pytest.raises(Refused, match="not encrypted"):
        restored(tmp_path / form, tmp_path / "new", means())
    with pytest.raises(Refused, match="encrypted"):
        back_up(folder, tmp_path / form, means())

    assert not (tmp_path / "new").exists()
    restored(tmp_path / form, tmp_path / kind, MEANS)


@pytest.mark.parametrize(("form", "given"), [("backup.tar.zst", PASSPHRASE), ("backup.age.tar", "")])
def test_the_name_of_a_file_tells_whether_it_is_encrypted(
    folder: DataFolder, tmp_path: Path, form: str, given: str
) -> None:
    with pytest.raises(Refused, match="is to be encrypted"):
        back_up(folder, tmp_path / form, means(given))

    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_an_object_that_was_changed_is_named(folder: DataFolder, tmp_path: Path) -> None:
    back_up(folder, tmp_path / "backups", means())
    for path in (tmp_path / "backups/objects").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            damage(path, content[:-1] + bytes([content[-1] ^ 1]))

    with pytest.raises(Damaged, match=r"dropdock\.db has other bytes"):
        restored(tmp_path / "backups", tmp_path / "new", means())


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.8])
def test_a_file_that_was_cut_short_is_refused(folder: DataFolder, tmp_path: Path, part: float) -> None:
    back_up(folder, tmp_path / "backup.age.tar", means())
    whole = (tmp_path / "backup.age.tar").read_bytes()
    (tmp_path / "backup.age.tar").write_bytes(whole[: int(len(whole) * part)])

    with pytest.raises(Refused, match=r"damaged|cut short|does not open|not encrypted"):
        restored(tmp_path / "backup.age.tar", tmp_path / "new", means())

    assert not (tmp_path / "new").exists()


def test_a_file_with_a_changed_byte_is_refused(folder: DataFolder, tmp_path: Path) -> None:
    back_up(folder, tmp_path / "backup.age.tar", means())
    whole = bytearray((tmp_path / "backup.age.tar").read_bytes())
    for place in range(3_000, len(whole) - 11_000, len(whole) // 6):
        changed = bytes([*whole[:place], whole[place] ^ 1, *whole[place + 1 :]])
        (tmp_path / "backup.age.tar").write_bytes(changed)
        with pytest.raises(Damaged):
            restored(tmp_path / "backup.age.tar", tmp_path / "new", means())
        assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("form", FORMS)
def test_content_is_put_back_from_one(folder: DataFolder, tmp_path: Path, form: str) -> None:
    back_up(folder, tmp_path / form, means())
    (folder.root / PAGE).unlink()

    done = verify(folder, Pace(), print, source_of(str(tmp_path / form), means()))

    assert (done.mended, done.verified.damaged) == (1, 0)
    assert (folder.root / PAGE).read_text() == SHOP["index.html"]


@pytest.mark.parametrize("form", FORMS)
def test_one_is_checked_where_it_lies(folder: DataFolder, tmp_path: Path, form: str) -> None:
    back_up(folder, tmp_path / form, means())
    (tmp_path / "scratch").mkdir()
    told: list[str] = []

    found = source_of(str(tmp_path / form), means()).check(tmp_path / "scratch", told.append)

    assert (told, found.damaged) == ([], 0)
    assert found.files > len([path for path in folder.blobs.rglob("*") if path.is_file()])


def test_the_passphrase_is_the_first_line_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "words").write_text(f"{PASSPHRASE}\nwhat follows is not it\n")

    assert passphrase_in(tmp_path / "words") == PASSPHRASE


@pytest.mark.parametrize("text", ["short", "", None])
def test_a_file_that_holds_no_passphrase_is_refused_without_telling_what_it_holds(
    tmp_path: Path, text: str | None
) -> None:
    if text is not None:
        (tmp_path / "words").write_text(text)

    with pytest.raises(Refused, match=r"words, which .* cannot be read|fewer than 12 characters") as refused:
        passphrase_in(tmp_path / "words")

    assert not text or text not in str(refused.value)


@pytest.mark.needs("age")
def test_the_program_age_opens_a_file(folder: DataFolder, tmp_path: Path) -> None:
    back_up(folder, tmp_path / "backup.age.tar", means())
    with tarfile.open(tmp_path / "backup.age.tar") as outer:
        outer.extractall(tmp_path / "out", filter="data")

    opened = tmp_path / "opened"
    age(tmp_path / "out", "identity.age", INNER, opened)

    with (
        zstandard.ZstdDecompressor().stream_reader(opened.read_bytes()) as stream,
        tarfile.open(fileobj=stream, mode="r|") as tar,
    ):
        found = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]  # all are files
    assert found[PAGE] == SHOP["index.html"].encode()
    assert list(found)[-1] == "LISTING"


@pytest.mark.needs("age")
def test_the_program_age_opens_what_is_in_a_folder(folder: DataFolder, tmp_path: Path) -> None:
    back_up(folder, tmp_path / "backups", means())
    (listing,) = (tmp_path / "backups/snapshots").iterdir()

    age(tmp_path / "backups", "identity.age", str(listing), tmp_path / "opened")

    assert PAGE in (tmp_path / "opened").read_text()


def age(folder: Path, identity: str, file: str, opened: Path) -> None:
    """`age -d`, which asks for the passphrase on a terminal."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.execlp("age", "age", "-d", "-i", identity, "-o", str(opened), file)  # noqa: S606 - on a terminal of its own
    said, give_up = b"", time.monotonic() + 60
    try:
        while time.monotonic() < give_up and b"assphrase" not in said:
            if select.select([terminal], [], [], 1)[0]:
                said += os.read(terminal, 1_000)
        os.write(terminal, PASSPHRASE.encode() + b"\n")
        while time.monotonic() < give_up:
            try:
                said += os.read(terminal, 1_000)
            except OSError:  # it has ended
                break
    finally:
        _, status = os.waitpid(child, 0)
        os.close(terminal)
    assert status == 0, said


def breaks(_: BinaryIO) -> None:
    raise Refused("the connection broke")


def reads_from(produce: Callable[[BinaryIO], None]) -> None:
    with written_by(produce) as file:
        file.read(10)
        raise Damaged("too little, from here")


def writes_to(consume: Callable[[BinaryIO], None]) -> None:
    with read_by(consume) as file:
        for _ in range(10):
            file.write(bytes(100_000))


def fills(file: BinaryIO) -> None:
    file.writelines(bytes(100_000) for _ in range(100))


def test_a_pipe_tells_what_broke_at_its_other_end() -> None:
    with pytest.raises(Refused, match="the connection broke"):
        reads_from(breaks)
    with pytest.raises(Refused, match="the connection broke"):
        writes_to(breaks)


def test_a_pipe_ends_with_a_reader_that_stops() -> None:
    with pytest.raises(Damaged, match="too little"):
        reads_from(fills)


def test_an_error_of_the_source_is_not_taken_for_damage() -> None:
    class Broken:
        def read(self, at_most: int = -1) -> bytes:
            raise Refused(f"no {at_most} bytes came")

    identity = encryption.new_identity()
    with pytest.raises(Refused, match="bytes came"):
        encryption.decrypt(identity, Broken(), io.BytesIO())
    with pytest.raises(Refused, match="bytes came"):
        encryption.encrypt(identity, Broken(), io.BytesIO())


def test_what_was_half_written_goes(tmp_path: Path) -> None:
    class Broken:
        def read(self, at_most: int = -1) -> bytes:
            raise OSError(5, f"no {at_most} bytes")

    with pytest.raises(OSError, match="bytes"):
        encryption.Sealed(encryption.new_identity()).write(Hashed(Broken(), 10), tmp_path / "x")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("passphrase", ["correct horse battery", "größer als 12 Zeichen ✓", " spaces at both ends "])
def test_the_library_opens_the_identity_that_is_closed_here(passphrase: str) -> None:
    identity = encryption.new_identity()
    found = encryption.closed(identity, passphrase)

    assert encryption.opened(found, passphrase) == identity
    assert encryption.opened(found, passphrase + "x") is None
    assert encryption.opened(found[:-1], passphrase) is None
    assert encryption.opened(b"", passphrase) is None


def test_an_identity_that_would_take_all_memory_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encryption, "MOST_WORK", 9)

    assert encryption.opened(encryption.closed(encryption.new_identity(), PASSPHRASE), PASSPHRASE) is None

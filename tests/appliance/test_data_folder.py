"""The data folder: made once, guarded, and honest about its state."""

import errno
import os
import stat
import threading
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from appliance import data_folder
from appliance.data_folder import DataFolder, Unusable, explain, secret_key
from tests.foreign import foreign


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path / "data")
    made.create()
    return made


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# ── layout


def test_everything_has_its_place(folder: DataFolder) -> None:
    made = {str(path.relative_to(folder.root)) for path in folder.root.rglob("*") if path.parent != folder.blobs}

    content = {"blobs", "incoming", "manifests", "pending", "spares", "work"}
    assert made == {*content, "backups", "cache", "certs", "logs", "logs/builds"}
    assert len(list(folder.blobs.iterdir())) == 256
    assert {folder.database.name, folder.queue.name, folder.secret_key.name} == {
        "dropdock.db",
        "queue.db",
        "secret.key",
    }


def test_what_holds_secrets_is_for_its_owner_alone(folder: DataFolder) -> None:
    assert {mode(path) for path in (folder.root, folder.certs, folder.backups)} == {0o700}


def test_making_it_again_changes_nothing(folder: DataFolder) -> None:
    (folder.incoming / "upload").write_text("x")

    folder.create()

    assert (folder.incoming / "upload").read_text() == "x"


def test_a_folder_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)

    DataFolder(tmp_path).create()

    assert mode(tmp_path) == 0o755


def test_what_is_made_in_it_is_for_its_owner_alone_also_in_an_open_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    before = os.umask(0)
    try:
        DataFolder(tmp_path).create()
    finally:
        os.umask(before)

    assert {path.name: mode(path) for path in tmp_path.iterdir() if mode(path) & 0o077} == {}


def test_a_file_in_its_place_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")

    with pytest.raises(Unusable, match="cannot be made: a file stands where a folder should be"):
        DataFolder(tmp_path / "data").create()


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.EACCES, "No permission to use /data: give it to this user, run Dropdock as its owner"),
        (errno.EROFS, "/data is on a read-only file system"),
        (errno.ENOSPC, "No space left for /data"),
        (errno.EDQUOT, "No space left for /data"),
        (errno.ENOTDIR, "/data cannot be made"),
        (errno.EIO, "/data cannot be used: Input/output error"),
    ],
)
def test_what_the_system_says_becomes_a_sentence(number: int, sentence: str) -> None:
    assert explain(OSError(number, os.strerror(number)), Path("/data")).startswith(sentence)


@pytest.mark.parametrize("name", ["dropdock.db", "dropdock.db-wal", "dropdock.lock"])
def test_a_file_that_somebody_else_has_made_is_refused_before_any_is_opened(
    folder: DataFolder, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign(folder.root / name, monkeypatch)

    with pytest.raises(Unusable, match=f"No permission to use .*{name}: give it to this user"):
        folder.create()


def test_certificates_may_be_somebody_elses_to_write(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    foreign(folder.certs, monkeypatch)

    folder.create()


# ── scratch


def test_scratch_is_emptied_except_what_is_kept(folder: DataFolder) -> None:
    (folder.incoming / "kept").write_text("x")
    (folder.incoming / "lost").write_text("x")
    (folder.work / "kept" / "blobs").mkdir(parents=True)
    (folder.work / "lost" / "blobs").mkdir(parents=True)
    (folder.work / "lost" / "blobs" / "0").write_text("x")

    folder.clear_scratch({"kept"})

    assert [path.name for path in (*folder.incoming.iterdir(), *folder.work.iterdir())] == ["kept", "kept"]


def test_a_link_in_scratch_is_removed_and_not_followed(folder: DataFolder, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "precious").write_text("x")
    (folder.work / "link").symlink_to(tmp_path / "outside")

    folder.clear_scratch(set())

    assert (tmp_path / "outside" / "precious").exists()
    assert not (folder.work / "link").is_symlink()


# ── one server


def test_a_second_server_is_told_who_is_there(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_folder, "SERVER_START", 0.0)
    lock = folder.claim()

    with lock, pytest.raises(Unusable, match=rf"Another Dropdock server \(process {os.getpid()}\) uses .*--data"):
        folder.claim()


def test_a_folder_given_back_can_be_claimed(folder: DataFolder) -> None:
    folder.claim().release()

    folder.claim().release()


def test_a_lock_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="is not there"):
        DataFolder(tmp_path / "missing").claim()


# ── the key


def test_a_key_is_made_once_for_its_owner_alone(folder: DataFolder) -> None:
    key = secret_key(folder)

    assert secret_key(folder) == key
    assert len(key) >= 64
    assert mode(folder.secret_key) == 0o600
    assert list(folder.root.glob(".secret.key*")) == []


def test_a_key_in_the_settings_goes_before_the_file(folder: DataFolder) -> None:
    assert secret_key(folder, "configured" * 4) == "configured" * 4
    assert not folder.secret_key.exists()


def test_two_that_start_at_once_get_one_key(folder: DataFolder) -> None:
    keys: list[str] = []
    together = threading.Barrier(8)

    def start() -> None:
        together.wait()
        keys.append(secret_key(folder))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(keys) == 8
    assert len(set(keys)) == 1


def test_a_key_that_was_made_meanwhile_is_kept(folder: DataFolder) -> None:
    folder.secret_key.write_text("k" * 40)

    data_folder._make_key(folder)

    assert folder.secret_key.read_text() == "k" * 40


def test_a_key_others_could_read_is_mended_and_said(folder: DataFolder) -> None:
    key = secret_key(folder)
    folder.secret_key.chmod(0o644)

    with capture_logs() as lines:
        assert secret_key(folder) == key

    assert mode(folder.secret_key) == 0o600
    assert [(line["event"], line["mode"]) for line in lines] == [("secret_key_was_readable_by_others", "0644")]


@pytest.mark.parametrize("content", ["", "short\n"])
def test_a_damaged_key_is_refused(folder: DataFolder, content: str) -> None:
    folder.secret_key.write_text(content)
    folder.secret_key.chmod(0o600)

    with pytest.raises(Unusable, match="is damaged"):
        secret_key(folder)


def test_a_key_that_cannot_be_read_is_explained(folder: DataFolder) -> None:
    folder.secret_key.mkdir(mode=0o700)

    with pytest.raises(Unusable, match="Is a directory"):
        secret_key(folder)

"""Backups in a bucket, on a real S3 server: whole or not there, whatever breaks; and nothing told that is secret."""

import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import obstore
import pytest

from appliance.chores import chores_of
from appliance.data_folder import DataFolder
from appliance.safekeeping import encryption
from appliance.safekeeping.backups import Backups
from appliance.safekeeping.items import Damaged, Refused
from appliance.safekeeping.places import Means, place_of
from appliance.safekeeping.records import last_backup, last_failure
from appliance.safekeeping.restoring import restore
from appliance.safekeeping.sources import source_of
from appliance.safekeeping.taking import take
from appliance.settings_sources import BadSettings, load
from appliance.units import Span
from tests.authority import authority, write_pair
from tests.builders import MAIN, served
from tests.cast import OLGA
from tests.faults.program import arm, command
from tests.safekeeping.conftest import SHOP, visit
from tests.safekeeping.places import blob_of, damage
from tests.safekeeping.store import KEYS, Relay, Store, back_up
from tests.safekeeping.test_chores import wait_for
from tests.test_journeys import run

Contents = Callable[[Path], dict[str, bytes]]
PASSPHRASE = "correct horse battery"
PAGE = blob_of(SHOP["index.html"])


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encryption, "WORK", 10)


def restored(store: Store, data: Path, passphrase: str = "") -> Path:
    """On another machine: nothing of the first one's is at hand."""
    restore(source_of(store.address, store.means(data.parent / "scratch", passphrase)), DataFolder(data))
    return data


def same(left: dict[str, bytes], right: dict[str, bytes]) -> bool:
    """Whether two data folders hold the same but for the database, which is copied page by page."""
    return {**left, "dropdock.db": b""} == {**right, "dropdock.db": b""}


@pytest.mark.parametrize("passphrase", ["", PASSPHRASE])
def test_a_second_backup_brings_only_what_is_new_and_both_can_be_restored(
    folder: DataFolder, store: Store, tmp_path: Path, passphrase: str, contents: Contents
) -> None:
    first = back_up(folder, store, passphrase)
    folder.traffic.write_text("only in the second\n")
    second = back_up(folder, store, passphrase)

    assert first.new_files == first.files
    assert second.new_files < first.files - 10  # the database, logs and keys; not content that is there
    newest = contents(restored(store, tmp_path / "newest", passphrase))
    restore(source_of(first.place, store.means(tmp_path / "s", passphrase)), DataFolder(tmp_path / "older"))
    assert newest.keys() - contents(tmp_path / "older").keys() == {"traffic.jsonl"}
    assert same(newest, {**contents(tmp_path / "older"), "traffic.jsonl": b"only in the second\n"})
    assert newest[PAGE] == SHOP["index.html"].encode()
    assert not folder.backing_up.exists()


def test_another_machine_restores_it_with_address_passphrase_and_keys_alone(
    folder: DataFolder, store: Store, tmp_path: Path, contents: Contents
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "words").write_text(PASSPHRASE + "\n")
    environment = store.environment(tmp_path / "home")
    words = ("--passphrase-file", str(tmp_path / "words"))
    before = contents(folder.root)
    made = run("backup", store.address, *words, "--data", str(folder.root), environment=environment)
    assert made.returncode == 0, made.stderr

    done = run("restore", store.address, *words, "--data", str(tmp_path / "new"), environment=environment)

    assert done.returncode == 0, done.stderr
    after = contents(tmp_path / "new")
    assert same(after, {name: before[name] for name in after})
    assert {PAGE, "secret.key", "certs/site.pem"} <= after.keys()
    assert KEYS["olga"] not in made.stdout + made.stderr + done.stdout + done.stderr


def test_an_encrypted_one_tells_neither_content_nor_its_hashes(folder: DataFolder, store: Store) -> None:
    back_up(folder, store, PASSPHRASE)

    kept = store.objects()
    stored = "\n".join(kept).encode() + b"".join(kept.values())
    hashes = [path.name for path in folder.blobs.rglob("*") if path.is_file()]
    assert [name for name in hashes if name.encode() in stored] == []
    assert [
        text for text in (SHOP["big.css"][:60], OLGA.email, "dropdock.db", "blobs/") if text.encode() in stored
    ] == []
    assert {name.split("/")[0] for name in kept} == {"identity.age", "objects", "snapshots"}


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({"backup_s3_secret": "mistaken-key"}, "does not accept the credentials"),
        ({"backup_s3_key_id": "nobody"}, "does not accept the credentials"),
        ({"backup_s3_key_id": "bob", "backup_s3_secret": KEYS["bob"]}, "refuses access"),
        ({"backup_s3_key_id": "", "backup_s3_secret": ""}, "no credentials"),
        ({"backup_s3_endpoint": "http://127.0.0.1:1"}, "does not answer"),
        ({"backup_s3_endpoint": "http://s3.example.org"}, "plain HTTP"),
        ({"backup_s3_endpoint": "olga:secret@host"}, "address such as"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence_without_secrets(
    folder: DataFolder, store: Store, others: dict[str, Any], said: str
) -> None:
    with pytest.raises(Refused, match=said) as refused:
        back_up(folder, store, **others)

    shown = "".join(map(str, (refused.value, refused.value.__cause__, repr(store.means(folder.root, PASSPHRASE)))))
    assert [secret for secret in ("mistaken-key", *KEYS.values(), PASSPHRASE) if secret in shown] == []
    assert [name for name in folder.root.iterdir() if name.name == "backing_up"] == []


@pytest.mark.parametrize("address", ["s3://olga:secret@bucket/x", "s3://", "s3://Bucket", "s3://bucket/../x"])
def test_an_address_that_is_none_is_refused_and_not_repeated(store: Store, tmp_path: Path, address: str) -> None:
    with pytest.raises(Refused, match="s3://bucket/prefix") as refused:
        place_of(address, store.means(tmp_path))

    assert "secret" not in str(refused.value)


def test_a_bucket_that_is_not_there_is_said_to_be_none(folder: DataFolder, store: Store, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="has no bucket for s3://nothing-here"):
        source_of("s3://nothing-here/x", store.means(tmp_path))


def test_a_prefix_with_something_else_below_it_is_refused(folder: DataFolder, store: Store) -> None:
    obstore.put(store.client(), "photos/cat.jpg", b"cat")

    with pytest.raises(Refused, match="holds no backups"):
        back_up(folder, store)

    assert store.objects().keys() == {"photos/cat.jpg"}


@pytest.mark.parametrize("passphrase", ["", PASSPHRASE])
def test_an_object_that_was_changed_is_found_and_named(
    folder: DataFolder, store: Store, tmp_path: Path, passphrase: str
) -> None:
    back_up(folder, store, passphrase)
    page = SHOP["index.html"].encode()
    for name, content in store.objects().items():
        if content == page or (passphrase and name.startswith("objects/")):
            obstore.put(store.client(), name, content[:-1] + bytes([content[-1] ^ 1]))

    told: list[str] = []
    (tmp_path / "scratch").mkdir()
    source_of(store.address, store.means(tmp_path, passphrase)).check(tmp_path / "scratch", told.append)
    assert f"{PAGE} has other bytes" in told
    with pytest.raises(Damaged, match=r"dropdock\.db|" + PAGE):
        restored(store, tmp_path / "new", passphrase)

    assert not (tmp_path / "new").exists()


def test_one_that_is_killed_half_way_is_none_and_the_one_before_is_whole(
    folder: DataFolder, store: Store, tmp_path: Path, contents: Contents
) -> None:
    back_up(folder, store)
    before = contents(restored(store, tmp_path / "before"))
    for number in range(20):
        (folder.root / "certs" / f"{number}.pem").write_text(f"new {number}")
    when = tmp_path / "now"
    arm(when, after=10)
    program = [*command("backup.send", "kill", when), "backup", store.address, "--data", str(folder.root)]
    killed = subprocess.run(program, timeout=120, check=False, env=store.environment(tmp_path))

    assert killed.returncode == -9
    assert len(store.backups(tmp_path).listings()) == 1
    assert contents(restored(store, tmp_path / "after")) == before
    back_up(folder, store)  # at once: what the killed one has left is known
    assert "certs/19.pem" in contents(restored(store, tmp_path / "next"))
    assert {path.name for path in folder.root.glob("backing_up*")} == {"backing_up.lock", "backing_up.token"}


def test_a_server_that_goes_away_meanwhile_ends_it_with_a_sentence(
    folder: DataFolder, store: Store, tmp_path: Path, contents: Contents
) -> None:
    back_up(folder, store)
    before = contents(restored(store, tmp_path / "before"))
    (folder.root / "certs" / "large.pem").write_bytes(bytes(range(256)) * 40_000)
    relay = Relay(store.port, most=3_000_000)
    there = f"http://127.0.0.1:{relay.port}"

    with pytest.raises(Refused, match="does not answer, or broke off"):
        back_up(folder, store, backup_s3_endpoint=there, backup_s3_patience=Span(0.2))

    assert relay.broken.is_set()
    assert not folder.backing_up.exists()
    assert contents(restored(store, tmp_path / "after")) == before


def test_a_server_is_asked_over_tls_if_its_certificate_is_trusted(
    folder: DataFolder, store: Store, tmp_path: Path
) -> None:
    pair = write_pair(tmp_path, "localhost")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pair.certificate, pair.key)
    relay = Relay(store.port, most=100_000_000, tls=tls)
    authority().cert_pem.write_to_path(tmp_path / "authority.pem")
    settings = store.settings(backup_s3_endpoint=f"https://localhost:{relay.port}", backup_s3_patience=Span(0.2))
    known = Means(tmp_path / "s", settings, {"AWS_CA_BUNDLE": str(tmp_path / "authority.pem")})

    take(folder, Backups(place_of(store.address, known), known))
    with pytest.raises(Refused, match="does not prove by its certificate"):
        source_of(store.address, Means(tmp_path / "s", settings, {}))
    with pytest.raises(Refused, match="AWS_CA_BUNDLE names"):
        place_of(store.address, Means(tmp_path / "s", settings, {"AWS_CA_BUNDLE": str(tmp_path / "nothing")}))
    relay.close()

    assert (restored(store, tmp_path / "new") / PAGE).read_text() == SHOP["index.html"]


@pytest.mark.parametrize(("given", "said"), [("", "--passphrase-file"), ("correct horse bottle", "does not open")])
def test_without_the_right_passphrase_nothing_is_restored(
    folder: DataFolder, store: Store, tmp_path: Path, given: str, said: str
) -> None:
    back_up(folder, store, PASSPHRASE)

    with pytest.raises(Refused, match=said):
        restored(store, tmp_path / "new", given)

    assert not (tmp_path / "new").exists()


def test_a_restore_whose_server_goes_away_restores_nothing(folder: DataFolder, store: Store, tmp_path: Path) -> None:
    back_up(folder, store, PASSPHRASE)
    relay = Relay(store.port, most=8_000)
    there = f"http://127.0.0.1:{relay.port}"
    means = store.means(tmp_path / "scratch", PASSPHRASE, backup_s3_endpoint=there, backup_s3_patience=Span(0.2))

    with pytest.raises(Refused, match="does not answer, or broke off"):
        restore(source_of(store.address, means), DataFolder(tmp_path / "new"))

    assert relay.broken.is_set()
    assert not (tmp_path / "new").exists()


def test_only_the_newest_are_kept_and_what_they_share_stays(
    folder: DataFolder, store: Store, tmp_path: Path, contents: Contents
) -> None:
    back_up(folder, store)
    folder.traffic.write_text("only in the second\n")
    back_up(folder, store)
    folder.traffic.unlink()
    back_up(folder, store)
    with store.backups(folder.backing_up) as backups:
        assert backups.prune(1) == 2

    kept = store.objects()
    assert len([name for name in kept if name.startswith("snapshots/")]) == 1
    assert b"only in the second\n" not in kept.values()
    assert same(contents(restored(store, tmp_path / "new")), contents(restored(store, tmp_path / "again")))


def test_content_is_put_back_from_a_bucket(folder: DataFolder, store: Store, tmp_path: Path) -> None:
    back_up(folder, store, PASSPHRASE)
    (tmp_path / "words").write_text(PASSPHRASE)
    damage(folder.root / PAGE)

    words = ("--repair-from", store.address, "--passphrase-file", str(tmp_path / "words"))
    done = run("verify", *words, "--data", str(folder.root), environment=store.environment(tmp_path))

    assert (done.returncode, done.stdout.splitlines()[-1].split(", ")[-1]) == (0, "1 file put back."), done.stderr
    assert (folder.root / PAGE).read_text() == SHOP["index.html"]


def test_scheduled_ones_name_an_address_and_no_secret(store: Store, tmp_path: Path) -> None:
    (chore, _) = reversed(chores_of(store.settings(backup_every=60.0, backup_to=store.address), DataFolder(tmp_path)))

    assert store.address in chore.words
    assert [word for word in chore.words if KEYS["olga"] in word or word == "olga"] == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"backup_to": "s3://olga:secret@bucket"}, "credentials"),
        ({"backup_s3_key_id": "olga"}, "belong together"),
        ({"backup_every": "1d", "backup_to": "relative"}, "s3://bucket/prefix"),
    ],
)
def test_settings_that_cannot_work_are_refused(tmp_path: Path, given: dict[str, object], said: str) -> None:
    with pytest.raises(BadSettings, match=said) as refused:
        load(given={"data": tmp_path, **given}, environment={})

    assert "olga:secret" not in str(refused.value)


@pytest.mark.long
def test_a_server_backs_itself_up_into_a_bucket_and_rehearses_it(
    folder: DataFolder, store: Store, tmp_path: Path, seen: dict[object, object]
) -> None:
    (tmp_path / "words").write_text(PASSPHRASE)
    environment = store.environment(tmp_path) | {
        "DROPDOCK_BACKUP_EVERY": "100ms",
        "DROPDOCK_BACKUP_TO": store.address,
        "DROPDOCK_BACKUP_KEEP": "2",
        "DROPDOCK_BACKUP_PASSPHRASE_FILE": str(tmp_path / "words"),
    }
    with served(folder.root, environment=environment) as there:
        wait_for(lambda: last_backup(folder))
        wait_for(lambda: len(store.backups(tmp_path / "s", PASSPHRASE).listings()) == 2)
        told = httpx.get(f"{there.url}/metrics", timeout=30).text

    last = last_backup(folder)
    assert last is not None
    assert (last.rehearsed, last.place.startswith(store.address)) == (True, True)
    assert "dropdock_backup_timestamp_seconds" in told
    assert last_failure(folder) is None
    log = Path(f"{folder.root}.log").read_text()
    assert [secret for secret in (KEYS["olga"], PASSPHRASE) if secret in log] == []
    assert visit(restored(store, tmp_path / "new", PASSPHRASE)) == seen


MEASURED = """
import resource, sys
from pathlib import Path
from tests.safekeeping.store import Store
from appliance.data_folder import DataFolder
from appliance.safekeeping.restoring import restore
from appliance.safekeeping.sources import source_of
from appliance.safekeeping.taking import take
port, data, to = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
store, folder = Store(port, "large"), DataFolder(data)
take(folder, store.backups(folder.backing_up, "correct horse battery"))
restore(source_of(store.address, store.means(to / "s", "correct horse battery")), DataFolder(to / "new"))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.long
def test_memory_does_not_grow_with_what_is_backed_up(
    folder: DataFolder, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (folder.root / "certs" / "large.pem").open("wb") as file:
        for number in range(600):
            file.write(number.to_bytes(4, "big") * 250_000)

    program = [sys.executable, "-c", MEASURED, str(store.port), str(folder.root), str(tmp_path)]
    done = subprocess.run(program, cwd=MAIN.parent, capture_output=True, text=True, check=True, timeout=300)

    assert int(done.stdout) < 350  # MiB: 128 of it are scrypt's, once

"""`update`, against a list of releases served here: what is wrong changes nothing, what is right takes the place."""

import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appliance.cli import update as update_command
from appliance.data_folder import DataFolder
from appliance.releases import fetching
from appliance.releases.index import Release, ReleaseFile, newest, order, this_machine
from appliance.releases.values import CannotUpdate
from appliance.settings_sources import BadSettings, load
from appliance.storage.backups import Backups
from appliance.version import VERSION
from tests.builders import ROOT, served
from tests.cli.conftest import Run
from tests.cli.update.conftest import Installed, program
from tests.origin import NEW, Origin


def with_a_database(data: Path) -> None:
    """A data folder that a server has used."""
    with served(data) as server:
        server.stop()


def test_a_newer_version_takes_the_place_of_the_old(installed: Installed) -> None:
    with_a_database(installed.data)
    new = program(NEW)
    installed.origin.offers(new)

    outcome = installed.update()

    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith(f"Dropdock {NEW} has taken the place of {VERSION}")
    assert installed.path.read_bytes() == new
    assert stat.S_IMODE(installed.path.stat().st_mode) == 0o755
    assert installed.path.with_name("dropdock.before").read_bytes() == installed.old
    assert len(list(installed.path.parent.iterdir())) == 2
    (copy,) = Backups(DataFolder(installed.data).backups).all()
    assert str(copy) in outcome.err


@pytest.mark.long
def test_a_theme_of_the_operators_own_is_there_when_a_version_is_tried(
    installed: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    theme = installed.data / "themes" / "mine" / "theme.toml"
    theme.parent.mkdir(parents=True)
    theme.write_text('label = "Mine"\n')
    monkeypatch.setenv("DROPDOCK_THEME", "mine")
    installed.origin.offers(program(NEW))

    assert installed.update().err.endswith("Start it as you did before.\n")


def test_asking_whether_there_is_one_changes_nothing(installed: Installed) -> None:
    installed.origin.offers(program(NEW))

    outcome = installed.update("--check")

    assert outcome.out.startswith(f"Dropdock {NEW} is there; this is {VERSION}.")
    assert installed.is_as_it_was()
    assert not installed.data.exists()


@pytest.mark.parametrize("version", [VERSION, "0.0.9", "0.1"])
def test_an_older_version_or_the_same_is_never_taken(installed: Installed, version: str) -> None:
    installed.origin.offers(program(version), version)

    outcome = installed.update()

    assert (outcome.code, outcome.out) == (0, f"Dropdock {VERSION} is the newest version for this machine.\n")
    assert installed.is_as_it_was()


def test_what_another_key_has_signed_is_not_believed(installed: Installed) -> None:
    installed.origin.offers(program(NEW), key=Ed25519PrivateKey.generate())

    outcome = installed.update()

    assert outcome.code == 1
    assert "is not signed by update_key" in outcome.err
    assert installed.is_as_it_was()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda list_: list_ | {"signed": list_["signed"].replace(NEW, "98.0.0")}, "is not signed by update_key"),
        (lambda list_: list_ | {"signature": "AAAA"}, "is not signed by update_key"),
        (lambda list_: list_ | {"signature": "not base64"}, "cannot be read"),
        (lambda list_: {"signed": list_["signed"]}, "cannot be read"),
        (lambda _: [], "cannot be read"),
    ],
)
def test_a_list_that_was_altered_is_not_believed(installed: Installed, change: object, sentence: str) -> None:
    installed.origin.offers(program(NEW))
    document = json.loads(installed.origin.content["/releases.json"])
    installed.origin.content["/releases.json"] = json.dumps(change(document)).encode()  # type: ignore[operator]  # of the parameters above

    outcome = installed.update()

    assert outcome.code == 1
    assert sentence in outcome.err
    assert installed.is_as_it_was()


@pytest.mark.parametrize(
    ("lies", "sentence"),
    [
        ({"sha256": "0" * 64}, "is not the file that was signed (its SHA-256 differs)"),
        ({"size": 10}, "came with more than its 10 bytes"),
        ({"size": 10_000}, "came with less than its 10000 bytes"),
        ({"size": 10**12}, "more than any executable"),
        ({"url": "missing"}, "answered 404"),
        ({"url": "http://example.org/new"}, "is no https address"),
        ({"url": "file:///etc/passwd"}, "is no https address"),
    ],
)
def test_a_file_that_is_not_the_one_that_was_signed_is_not_kept(
    installed: Installed, lies: dict[str, Any], sentence: str
) -> None:
    installed.origin.offers(program(NEW), **lies)

    outcome = installed.update()

    assert outcome.code == 1
    assert sentence in outcome.err
    assert installed.is_as_it_was()


@pytest.mark.parametrize("path", ["/new", "/releases.json"])
def test_a_download_that_breaks_off_changes_nothing(installed: Installed, path: str) -> None:
    installed.origin.offers(program(NEW))
    installed.origin.cut = path

    outcome = installed.update()

    assert outcome.code == 1
    assert "could not be fetched whole" in outcome.err
    assert installed.is_as_it_was()


def test_a_redirect_leads_to_safe_addresses_only(installed: Installed) -> None:
    installed.origin.offers(program(NEW), url="moved")
    installed.origin.moved["/moved"] = "http://example.org/new"

    outcome = installed.update()

    assert "http://example.org/new is no https address" in outcome.err
    assert installed.is_as_it_was()


def test_a_redirect_within_is_followed(origin: Origin) -> None:
    origin.content["/there"] = b"the list"
    origin.moved["/here"] = "/there"

    assert fetching.index(f"{origin.url}/here") == b"the list"


def test_addresses_that_lead_to_one_another_are_left(origin: Origin) -> None:
    origin.moved["/here"] = "/here"

    with pytest.raises(CannotUpdate, match="leads from one address to the next"):
        fetching.index(f"{origin.url}/here")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (program(NEW, 'echo "no such library" >&2; exit 127'), "does not start, tried on a copy of the database (no"),
        (program("98.0.0"), "says of itself 'dropdock 98.0.0', not 99.0.0"),
        (b"\x7fELF and no more", "does not run on this machine"),
        (b"#!/bin/sh\nexit 3\n", "does not run on this machine"),
    ],
    ids=["crashes", "another", "no-program", "fails"],
)
def test_a_version_that_does_not_start_is_not_put_in_place(installed: Installed, content: bytes, sentence: str) -> None:
    installed.origin.offers(content)

    outcome = installed.update()

    assert outcome.code == 1
    assert sentence in outcome.err
    assert installed.is_as_it_was()


@pytest.mark.parametrize(("signs", "sentence"), [((), "git pull"), ((ROOT,), "start the container from it")])
def test_what_is_no_single_executable_is_told_its_own_way(
    run: Run, monkeypatch: pytest.MonkeyPatch, signs: tuple[Path, ...], sentence: str
) -> None:
    monkeypatch.setattr(update_command, "CONTAINER", signs)

    outcome = run("update")

    assert outcome.code == 1
    assert sentence in outcome.err


def test_without_a_list_there_is_nothing_to_look_at(installed: Installed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DROPDOCK_UPDATE_KEY")

    outcome = installed.update()

    assert (outcome.code, outcome.err.partition(":")[0]) == (1, "Set update_key first")


@pytest.mark.parametrize("url", ["http://example.org/releases.json", "ftp://example.org/", "releases.json"])
def test_a_list_is_looked_for_at_a_safe_address_only(url: str) -> None:
    with pytest.raises(BadSettings, match="update_index is empty, or an https address"):
        load(environment={"DROPDOCK_UPDATE_INDEX": url})


@pytest.mark.parametrize("key", ["AAAA", "not base64", "A" * 45])
def test_a_key_of_another_kind_is_refused(key: str) -> None:
    with pytest.raises(BadSettings, match="update_key is empty, or an Ed25519 public key"):
        load(environment={"DROPDOCK_UPDATE_KEY": key})


def test_the_newest_is_told_by_numbers_and_for_this_machine() -> None:
    ours, other = ReleaseFile(*this_machine(), "", 1, ""), ReleaseFile("plan9", "mips", "", 1, "")
    releases = [Release("1.9.0", (ours,)), Release("1.10.0", (ours,)), Release("2.0.0", (other,))]

    found = newest(releases, "1.8.0")

    assert found is not None
    assert found[0].version == "1.10.0"
    assert newest(releases, "1.10.0") is None
    with pytest.raises(CannotUpdate, match="no version such as"):
        order("1.0-beta")


def test_the_script_of_a_release_writes_a_list_that_is_believed(
    installed: Installed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = [sys.executable, str(ROOT / "packaging/sign_releases.py")]
    key, listed = tmp_path / "key.pem", tmp_path / "releases.json"
    made = subprocess.run([*script, "make-key", key], capture_output=True, text=True, check=True)
    monkeypatch.setenv("DROPDOCK_UPDATE_KEY", made.stdout.strip())
    executable = tmp_path / "dropdock-{}-{}".format(*this_machine())
    executable.write_bytes(program(NEW))
    for version in ("98.0.0", NEW):
        where = ["--key", "-", "--version", version, "--base", installed.origin.url, "--index", str(listed)]
        subprocess.run([*script, "sign", *where, str(executable)], input=key.read_bytes(), check=True)
    installed.origin.content = {"/releases.json": listed.read_bytes(), f"/{executable.name}": executable.read_bytes()}

    outcome = installed.update("--check")

    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert outcome.out.startswith(f"Dropdock {NEW} is there"), outcome.err
    assert len(json.loads(json.loads(listed.read_bytes())["signed"])["releases"]) == 2

"""`check`: what is in effect, and whatever `serve` would refuse to start for."""

import errno
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import main as entry
from appliance import start_check
from appliance.data_folder import DataFolder
from appliance.settings import Settings, effective
from appliance.settings_sources import load
from appliance.units import Address
from tests.cli.conftest import Run


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logging_as_it_was: None) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def well(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which all is well; Alice has an account."""
    folder = tmp_path_factory.mktemp("well") / "data"
    command = ["account", "create", "--email", "alice@example.org", "--role", "operator", "--data", str(folder)]
    subprocess.run([sys.executable, entry.__file__, *command], check=True, capture_output=True, timeout=60)
    return folder


@pytest.fixture
def data(tmp_path: Path, well: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(well, tmp_path / "data"))


def set_in(monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
    for name, value in ({"listen": "127.0.0.1:0"} | settings).items():
        monkeypatch.setenv(f"DROPDOCK_{name.upper()}", value)


def files_in(data: Path) -> list[Path]:
    return sorted(data.rglob("*"))


def without_account(data: Path) -> None:
    with closing(sqlite3.connect(data / "dropdock.db")) as database, database:
        database.execute("DELETE FROM account")


def newer(data: Path) -> None:
    with closing(sqlite3.connect(data / "dropdock.db")) as database, database:
        database.execute("INSERT INTO tortoise_migrations VALUES (99, 'appliance', '9999_later', '2030-01-01')")


def lacking(data: Path) -> None:
    with closing(sqlite3.connect(data / "dropdock.db")) as database, database:
        database.execute("DROP TABLE set_up")


def replaced_by_a_file(data: Path) -> None:
    shutil.rmtree(data)
    data.touch()


def emptied(data: Path) -> None:
    shutil.rmtree(data)
    data.mkdir()


def no_folder_for_certificates(data: Path) -> None:
    (data / "certs").rmdir()
    (data / "certs").touch()


def a_folder_for_a_key(data: Path) -> None:
    (data / "secret.key").unlink()
    (data / "secret.key").mkdir()


def nothing(_: Path) -> None:
    """All is well with the folder itself."""


SETTINGS = {
    "a language the admin does not speak": {"language": "fr"},
    "a theme there is none of": {"theme": "mud"},
    "an address of another machine": {"listen": "192.0.2.1:0"},
    "a name that is no address": {"listen": "nowhere.invalid:0"},
    "HTTPS at an address of another machine": {
        "listen_tls": "192.0.2.1:0",
        "tls_certificate": "site.pem",
    },
    "no certificate": {"listen_tls": "127.0.0.1:0", "tls_certificate": "site.pem"},
    "no GeoIP file": {"geoip_file": "countries.mmdb"},
    "an access log in a file's place": {"access_log": "common", "access_log_path": "../dropdock.db/access.log"},
    "an access log that is a folder": {"access_log": "json", "access_log_path": "builds"},
}
FOLDERS: dict[str, tuple[Callable[[Path], object], dict[str, str]]] = {
    "others could make the first account": (without_account, {"listen": "0.0.0.0:0"}),
    "a backup that was restored in part": (lambda data: (data / "restoring").touch(), {}),
    "a disk that is not mounted": (emptied, {"expect_data": "true"}),
    "a damaged key": (lambda data: (data / "secret.key").write_bytes(b"\xff\xfe short"), {}),
    "a folder in the key's place": (a_folder_for_a_key, {}),
    "a damaged database": (lambda data: (data / "dropdock.db").write_bytes(b"no database at all" * 100), {}),
    "a newer database": (newer, {}),
    "a database that lacks a table": (lacking, {}),
    "a file in the folder's place": (replaced_by_a_file, {}),
    "a file in a folder's place": (no_folder_for_certificates, {}),
}
QUICK = {
    "a language the admin does not speak",
    "an address of another machine",
    "an access log that is a folder",
    "others could make the first account",
    "a damaged key",
}
CASES = {what: (nothing, settings) for what, settings in SETTINGS.items()} | FOLDERS


@pytest.mark.parametrize(
    "what", [what if what in QUICK else pytest.param(what, marks=pytest.mark.long) for what in CASES]
)
def test_what_serve_refuses_check_refuses(run: Run, data: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    change, settings = CASES[what]
    change(data)
    set_in(monkeypatch, data=str(data), **settings)

    before = files_in(data)
    checked = run("check")
    after = files_in(data)
    served = run("serve")

    assert (checked.code, checked.err, served.code) == (1, "", 1)
    assert "\nerror: " in checked.out
    assert after == before


def test_a_port_that_another_program_has_is_a_warning(run: Run, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        set_in(monkeypatch, listen=f"127.0.0.1:{port}")
        outcome = run("check", "--data", data)

    assert outcome.code == 0
    assert f"\nwarning: Port {port} is taken by another program: a start now would listen on " in outcome.out


@pytest.mark.skipif(sys.platform == "win32", reason="ports take no right there")
def test_a_port_that_takes_a_right_is_a_warning_as_the_service_may_have_it(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(socket.socket, "bind", refused)
    settings = Settings(data=data, listen=Address("127.0.0.1", 80))

    (found,) = start_check.findings(settings, DataFolder(data), lambda _: [])

    assert found.severity == "warning"
    assert "take a right that this user has not" in found.message


def test_the_ports_of_a_server_that_runs_are_its_own(run: Run, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with DataFolder(data).claim(), socket.create_server(("127.0.0.1", 0)) as its_own:
        set_in(monkeypatch, listen=f"127.0.0.1:{its_own.getsockname()[1]}")
        outcome = run("check", "--data", data)

    assert (outcome.code, "is taken" in outcome.out) == (0, False)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (
            {"backup_passphrase_file": "/no/such/file"},
            "/no/such/file, which should hold the passphrase, cannot be read",
        ),
        ({"backup_to": "/proc/backups"}, "/proc cannot be used"),
        ({"backup_to": "s3://bucket/dropdock"}, "There are no credentials for the bucket"),
        ({"backup_to": "ftp://host/dropdock"}, "Backups are not kept at ftp:// addresses"),
    ],
)
def test_backups_that_the_server_could_not_make_are_a_warning(
    run: Run, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], told: str
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    set_in(monkeypatch, **{"backup_every": "1d", "backup_to": str(tmp_path / "backups")} | settings)

    outcome = run("check", "--data", data)

    assert (outcome.code, outcome.err) == (0, "")
    assert f"\nwarning: No backup can be made (backup_every). {told}" in outcome.out
    assert not (tmp_path / "backups").exists()


def test_backups_in_the_data_directory_are_a_warning(run: Run, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_in(monkeypatch, backup_every="1d", backup_to=str(data / "mine"))

    outcome = run("check", "--data", data)

    assert outcome.code == 0
    assert f"\nwarning: Backups go to {data / 'mine'} (backup_to), in the data folder: " in outcome.out


def test_a_theme_that_nobody_is_given_is_a_warning(run: Run, data: Path) -> None:
    (data / "themes" / "mud").mkdir(parents=True)

    outcome = run("check", "--data", data)

    assert (outcome.code, outcome.err) == (0, "")
    assert "\nwarning: The theme 'mud' cannot be used: " in outcome.out


def test_check_shows_every_setting_in_effect_and_no_secret(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "s" * 40
    monkeypatch.setenv("DROPDOCK_SECRET_KEY", secret)
    outcome = run("check", "--data", data)

    shown = dict(line.split(None, 1) for line in outcome.out.partition("\n\n")[0].splitlines())
    wanted = effective(load(given={"data": str(data)}))
    assert {name: value or "-" for name, value in wanted.items()} == shown
    assert secret not in outcome.out


def test_check_of_a_good_folder_ends_well(run: Run, data: Path) -> None:
    outcome = run("check", "--data", data)

    assert outcome.code == 0
    assert outcome.out.endswith(f"No errors in {data}.\n")


def test_check_of_a_folder_with_an_error_fails(run: Run, data: Path) -> None:
    (data / "dropdock.db").write_bytes(b"no database at all" * 100)

    outcome = run("check", "--data", data)

    assert outcome.code == 1
    assert "\nerror: " in outcome.out


def test_check_reads_the_file_it_is_given(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text('base = "sites.example.org"\ndata = "here"\n')

    outcome = run("check", "--config", file)

    assert "sites.example.org" in outcome.out
    assert str(tmp_path / "here") in outcome.out
    assert f"\nsettings: read from {file}\n" in outcome.out


def test_check_says_what_is_wrong_with_a_certificate(run: Run, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DROPDOCK_LISTEN_TLS", "127.0.0.1:8443")
    monkeypatch.setenv("DROPDOCK_TLS_CERTIFICATE", "site.pem")

    outcome = run("check", "--data", data)

    assert outcome.code == 1
    assert f"error: The certificate {data / 'certs' / 'site.pem'} with the key" in outcome.out


def test_settings_that_cannot_be_used_are_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "appliance.toml").write_text("uplod_size = 3\n")

    outcome = run("check")

    assert (outcome.code, outcome.out) == (78, "")
    assert "Did you mean upload_size?" in outcome.err

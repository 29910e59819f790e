"""`service`: what it writes is held against the service managers' own checkers, where they are here."""

import dataclasses
import os
import plistlib
import re
import stat
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from appliance.services import MANAGERS
from appliance.services.windows import NAMESPACE
from tests.cli.conftest import Outcome, Run

LIST = {"w": NAMESPACE}
TOOLS = ("systemctl", "useradd", "install", "id")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "etc" / "appliance.toml"


def printed(run: Run, manager: str, *options: object) -> str:
    outcome: Outcome = run("service", "install", "--print", "--manager", manager, *options)
    assert outcome.code == 0, outcome.err
    return outcome.out


def write(config: Path, settings: str) -> None:
    config.parent.mkdir(parents=True)
    config.write_text(settings)


class Machine:
    """A machine whose commands only note that they were called, and whose unit is a file of the test's own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.unit = folder / "units" / "dropdock.service"
        self.calls = folder / "calls"
        self.bin = folder / "bin"
        self.bin.mkdir()
        for tool in TOOLS:
            self.command(tool, f'echo "{tool} $*" >> {self.calls}')
        self.command("id", "exit 1")  # there is no such user yet
        for tool in ("sh", "echo"):
            (self.bin / tool).symlink_to(f"/bin/{tool}")
        monkeypatch.setenv("PATH", str(self.bin))
        monkeypatch.setitem(MANAGERS, "systemd", dataclasses.replace(MANAGERS["systemd"], path=self.unit))
        monkeypatch.setattr(sys, "executable", "/usr/local/bin/python3")  # not in anybody's home

    def command(self, name: str, script: str) -> None:
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def called(self) -> list[str]:
        return self.calls.read_text().splitlines() if self.calls.exists() else []


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


@pytest.mark.needs("systemd")
def test_systemd_has_nothing_to_say_against_the_unit(run: Run, tmp_path: Path, config: Path) -> None:
    unit = tmp_path / "dropdock.service"
    write(config, 'backup_to = "/mnt/50% of it"\n')
    unit.write_text(printed(run, "systemd", "--config", config, "--user", "root"))  # a user who is here

    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)

    assert [line for line in done.stderr.splitlines() if "dropdock" in line] == []


@pytest.mark.needs("systemd")
def test_systemd_finds_the_unit_little_exposed(run: Run, tmp_path: Path, config: Path) -> None:
    unit = tmp_path / "dropdock.service"
    unit.write_text(printed(run, "systemd", "--config", config))
    most = "--threshold=35"  # tenths; a unit without any hardening has 96, and builds need what is left open

    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", most, unit], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout[-400:] + done.stderr


@pytest.mark.parametrize("wrong", [["--listen", "nonsense"], ["--no-such-option"], []])
def test_the_service_is_not_started_again_and_again_with_what_it_cannot_use(
    run: Run, config: Path, wrong: list[str]
) -> None:
    unit = printed(run, "systemd", "--config", config)
    write(config, "nonsense = 1\n")

    ending = run("serve", "--config", config, *wrong).code

    final = re.search(r"^RestartPreventExitStatus=(.*)$", unit, re.MULTILINE)
    assert final is not None
    assert str(ending) in final[1].split()


@pytest.mark.parametrize(
    ("listen", "rights"),
    [("0.0.0.0:8080", ""), ("0.0.0.0:80", "CAP_NET_BIND_SERVICE"), ("[::]:443", "CAP_NET_BIND_SERVICE")],
)
def test_the_right_to_low_ports_is_given_only_for_one(run: Run, config: Path, listen: str, rights: str) -> None:
    write(config, f'listen = "{listen}"\n')

    unit = printed(run, "systemd", "--config", config)

    assert f"\nAmbientCapabilities={rights}\n" in unit
    assert f"\nCapabilityBoundingSet={rights}\n" in unit


def test_the_unit_may_write_where_its_settings_have_it_write(run: Run, config: Path) -> None:
    write(config, 'backup_to = "/mnt/back ups"\naccess_log_path = "/var/log/dropdock/access.log"\n')

    unit = printed(run, "systemd", "--config", config, "--data", "/srv/dropdock")

    assert '\nReadWritePaths=/srv/dropdock "-/mnt/back ups" -/var/log/dropdock\n' in unit


def test_backups_in_a_bucket_and_logs_in_the_data_folder_need_no_other_place(run: Run, config: Path) -> None:
    write(config, 'backup_to = "s3://bucket/dropdock"\naccess_log_path = "access.log"\n')

    unit = printed(run, "systemd", "--config", config, "--data", "/srv/dropdock")

    assert "\nReadWritePaths=/srv/dropdock\n" in unit


def test_words_that_systemd_would_read_otherwise_are_quoted(run: Run, tmp_path: Path) -> None:
    unit = printed(run, "systemd", "--data", tmp_path / "50% of $HOME")

    assert f'--data "{tmp_path}/50%% of $$HOME"' in unit


def test_a_property_list_starts_the_server_and_again_when_it_fails(run: Run, tmp_path: Path, config: Path) -> None:
    daemon = plistlib.loads(printed(run, "launchd", "--config", config, "--data", tmp_path).encode())

    assert daemon["ProgramArguments"][-5:] == ["serve", "--config", str(config), "--data", str(tmp_path)]
    assert daemon["KeepAlive"] == {"SuccessfulExit": False}
    assert daemon["UserName"] == "dropdock"


def test_a_task_starts_the_server_at_boot_and_has_no_time_limit(run: Run, tmp_path: Path, config: Path) -> None:
    task = ET.fromstring(printed(run, "windows", "--config", config, "--data", tmp_path))  # noqa: S314 - our own

    assert task.find("w:Triggers/w:BootTrigger/w:Enabled", LIST) is not None
    assert task.findtext("w:Settings/w:ExecutionTimeLimit", namespaces=LIST) == "PT0S"
    assert f"--data {tmp_path}" in (task.findtext("w:Actions/w:Exec/w:Arguments", namespaces=LIST) or "")


def test_installing_makes_a_user_a_folder_and_starts_the_service(
    run: Run, machine: Machine, config: Path, tmp_path: Path
) -> None:
    outcome = run("service", "install", "--manager", "systemd", "--config", config, "--data", tmp_path / "data")

    assert outcome.code == 0, outcome.err
    assert [call.split()[0] for call in machine.called()] == [
        *("systemctl", "useradd", "install", "install"),
        *["systemctl"] * 3,
    ]
    assert machine.called()[2].endswith(f"-o dropdock -g dropdock -m 0700 {tmp_path / 'data'}")
    assert machine.called()[3].endswith(f"-o dropdock -g dropdock -m 0600 /dev/null {tmp_path / 'data/dropdock.db'}")
    assert machine.called()[-2:] == ["systemctl enable dropdock.service", "systemctl restart dropdock.service"]
    assert "User=dropdock" in machine.unit.read_text()
    assert f"account create --email YOU --role operator --config {config} --data {tmp_path / 'data'}" in outcome.err


def test_the_unit_expects_an_installation_and_one_that_is_there_is_left_alone(
    run: Run, machine: Machine, config: Path, tmp_path: Path
) -> None:
    (tmp_path / "dropdock.db").touch()

    run("service", "install", "--manager", "systemd", "--config", config, "--data", tmp_path)

    assert "\nEnvironment=DROPDOCK_EXPECT_DATA=true\n" in machine.unit.read_text()
    assert [call for call in machine.called() if "/dev/null" in call] == []


def test_settings_that_are_there_are_left_alone(run: Run, machine: Machine, config: Path) -> None:
    write(config, 'base = "sites.example.org"\n')

    run("service", "install", "--manager", "systemd", "--config", config)

    assert config.read_text() == 'base = "sites.example.org"\n'


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_settings_made_for_the_service_can_be_read_by_it(run: Run, machine: Machine, config: Path) -> None:
    run("service", "install", "--manager", "systemd", "--config", config)

    assert stat.S_IMODE(config.stat().st_mode) == 0o644


def test_settings_that_cannot_be_used_stop_it_before_anything_is_written(
    run: Run, machine: Machine, config: Path
) -> None:
    write(config, "nonsense = 1\n")

    outcome = run("service", "install", "--manager", "systemd", "--config", config)

    assert outcome.code == 78
    assert "there is no setting nonsense" in outcome.err
    assert (machine.called(), machine.unit.exists()) == ([], False)


def test_a_program_in_somebodys_home_is_not_installed(
    run: Run, machine: Machine, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/home/olga/python3")

    outcome = run("service", "install", "--manager", "systemd", "--config", config)

    assert outcome.code == 1
    assert "put /home/olga/python3 elsewhere first" in outcome.err
    assert (machine.called(), machine.unit.exists()) == ([], False)


def test_backups_in_somebodys_home_are_not_begun(run: Run, machine: Machine, config: Path) -> None:
    write(config, 'backup_to = "/home/olga/backups"\n')

    outcome = run("service", "install", "--manager", "systemd", "--config", config)

    assert outcome.code == 1
    assert "kept out of /home: put /home/olga/backups elsewhere first." in outcome.err
    assert (machine.called(), machine.unit.exists()) == ([], False)


@pytest.mark.skipif(os.name != "posix", reason="systemd's own rule")
def test_a_program_that_leads_into_somebodys_home_is_not_installed(
    run: Run, machine: Machine, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "python").symlink_to("/home/olga/.pyenv/python3")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))

    outcome = run("service", "install", "--manager", "systemd", "--config", config)

    assert outcome.code == 1
    assert f"{tmp_path / 'python'} leads to /home/olga/.pyenv/python3: make its virtual environment with" in outcome.err
    assert (machine.called(), machine.unit.exists()) == ([], False)


@pytest.mark.parametrize(
    "setting",
    [
        'backup_passphrase_file = "/root/passphrase"',
        'listen_tls = "0.0.0.0:8443"\ntls_certificate = "/root/passphrase"',
        'tls_hosts = ["shop.example.org=shop.pem:/root/passphrase"]',
        'geoip_file = "/root/passphrase"',
    ],
)
def test_files_in_somebodys_home_are_not_to_be_read(run: Run, machine: Machine, config: Path, setting: str) -> None:
    write(config, f"{setting}\n")

    outcome = run("service", "install", "--manager", "systemd", "--config", config)

    assert outcome.code == 1
    assert "kept out of /root: put /root/passphrase elsewhere first." in outcome.err
    assert (machine.called(), machine.unit.exists()) == ([], False)


def test_where_systemd_does_not_run_the_machine_nothing_is_made(run: Run, machine: Machine, config: Path) -> None:
    machine.command("systemctl", "echo 'System has not been booted with systemd' >&2; exit 1")

    outcome = run("service", "install", "--manager", "systemd", "--config", config)

    assert outcome.code == 1
    assert "System has not been booted with systemd" in outcome.err
    assert (machine.called(), machine.unit.exists(), config.exists()) == ([], False, False)


def test_removing_stops_the_service_and_takes_its_file_away(run: Run, machine: Machine, config: Path) -> None:
    run("service", "install", "--manager", "systemd", "--config", config)

    outcome = run("service", "remove", "--manager", "systemd")

    assert outcome.code == 0, outcome.err
    assert machine.called()[-1] == "systemctl disable --now dropdock.service"
    assert (machine.unit.exists(), config.exists()) == (False, True)


def test_what_is_not_installed_cannot_be_removed(run: Run, machine: Machine) -> None:
    outcome = run("service", "remove", "--manager", "systemd")

    assert outcome.code == 1
    assert machine.called() == []

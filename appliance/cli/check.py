"""`check`: the settings in effect, and whether a server could start with them."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import click

from appliance import certificate_check, db, drift, folder_check, start_check
from appliance.cli import options
from appliance.cli.output import show, show_facts
from appliance.data_folder import DataFolder, Finding
from appliance.isolation import look
from appliance.safekeeping import outlook, standing
from appliance.settings import Settings, effective


def command(admin: Callable[[Settings], list[Finding]]) -> click.Command:
    """The command that checks; `admin` is what looks at the admin's part of the settings (`start_check.findings`)."""

    @click.command()
    @options.config
    @options.data
    def check(config: Path | None, data: Path | None) -> int:
        """Show the settings, and say what keeps a server from starting.

        The settings are those in effect, secrets masked; then come what builds run in, the data directory, backups and
        certificates. Exit code 1 when an error was found.
        """
        settings = options.settings(config, {"data": data})
        show_facts(effective(settings))
        show("")
        show(f"settings: {options.where_from(config)}")
        show(f"builds: {look(settings).about}")
        return _tell(_findings(settings, admin), settings.data)

    return check


def _findings(settings: Settings, admin: Callable[[Settings], list[Finding]]) -> list[Finding]:
    folder = DataFolder(settings.data)
    found = [
        *folder_check.findings(folder),
        *asyncio.run(drift.findings(folder, db.APPS)),
        *start_check.findings(settings, folder, admin),
        *standing.findings(folder, settings.backup_every, settings.backup_warn),
        *outlook.findings(settings),
        *certificate_check.findings(settings, folder),
    ]
    return list({finding.message: finding for finding in found}.values())  # some looks come to the same


def _tell(findings: list[Finding], data: Path) -> int:
    for finding in findings:
        show(f"{finding.severity}: {finding.message}")
    wrong = any(finding.severity == "error" for finding in findings)
    if not wrong:
        show(f"No errors in {data}.")
    return int(wrong)

"""`health`: ask the server of this data directory whether it is ready, for containers and service managers."""

from pathlib import Path

import click

from appliance import presence, readiness
from appliance.cli import options
from appliance.cli.output import Failure, show
from appliance.data_folder import DataFolder
from appliance.readiness import NoAnswer


@click.command()
@options.config
@options.data
def health(config: Path | None, data: Path | None) -> int:
    """Say whether the server is ready.

    Asks the server that runs on the data directory. Exit code 1 when there is none, or something in it does not work.
    """
    folder = DataFolder(options.settings(config, {"data": data}).data)
    running = presence.find(folder)
    if running is None:
        raise Failure(f"No server listens that uses {folder.root}.")
    try:
        checks = readiness.ask(running)
    except NoAnswer as error:
        raise Failure(str(error)) from None
    for name, state in checks.items():
        show(f"{name}: {state}")
    return int(any(state != "ok" for state in checks.values()))

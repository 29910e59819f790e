"""`health`: ask the server of this data directory whether it is ready, for containers and service managers."""

import http.client
import json
from pathlib import Path

import click

from appliance import presence
from appliance.cli import options
from appliance.cli.output import Failure, show
from appliance.data_folder import DataFolder
from appliance.presence import Presence

PATIENCE = 5.0  # seconds for an answer; the server gives its own checks two


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
    checks = _ask(running)
    for name, state in checks.items():
        show(f"{name}: {state}")
    return int(any(state != "ok" for state in checks.values()))


def _ask(running: Presence) -> dict[str, str]:
    connection = http.client.HTTPConnection(running.host, running.port, timeout=PATIENCE)
    try:
        connection.request("GET", "/readyz", headers={"Host": running.admin})
        checks: dict[str, str] = json.loads(connection.getresponse().read())["checks"]
    except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
        raise Failure(f"The server at {running.host}:{running.port} does not answer as it should: {error!r}.") from None
    finally:
        connection.close()
    return checks

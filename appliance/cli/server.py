"""`serve`: run the server."""

from collections.abc import Callable
from pathlib import Path

import click

from appliance.cli import options
from appliance.settings import Settings


def command(run: Callable[[Settings], int]) -> click.Command:
    """The command that serves by calling `run` with the settings; what that returns is the exit code."""

    @click.command()
    @options.config
    @options.data
    @click.option("--listen", metavar="HOST:PORT", help="Address to listen on.")
    @click.option("--base", metavar="DOMAIN", help="Domain below which sites live.")
    def serve(config: Path | None, data: Path | None, listen: str | None, base: str | None) -> int:
        """Run the server."""
        return run(options.settings(config, {"data": data, "listen": listen, "base": base}))

    return serve

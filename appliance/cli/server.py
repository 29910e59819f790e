"""`serve`: run the server."""

from collections.abc import Callable
from pathlib import Path

import click

from appliance.cli import options
from appliance.settings import Settings
from appliance.units import Address, domain


def command(run: Callable[[Settings, Path | None], int]) -> click.Command:
    """The command that serves by calling `run` with the settings and their file; what that returns is the exit code."""

    @click.command()
    @options.config
    @options.data
    @click.option("--listen", metavar="HOST:PORT", callback=_checked(Address.parse), help="Address to listen on.")
    @click.option("--base", metavar="DOMAIN", callback=_checked(domain), help="Domain below which sites live.")
    def serve(config: Path | None, data: Path | None, listen: str | None, base: str | None) -> int:
        """Run the server."""
        return run(options.settings(config, {"data": data, "listen": listen, "base": base}), options.file(config))

    return serve


def _checked(parse: Callable[[object], object]) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    """Have a value that the setting's parser refuses be bad usage; the text goes on to the settings as it is."""

    def check(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
        try:
            if value is not None:
                parse(value)
        except ValueError as error:
            raise click.BadParameter(f"it {error}, not {value!r}.") from None
        return value

    return check

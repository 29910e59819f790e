"""The options that name a configuration and a data directory, and the settings they lead to."""

import os
from collections.abc import Mapping
from pathlib import Path

import click

from appliance.cli.output import Failure
from appliance.settings import Settings
from appliance.settings_sources import CONFIG_NAME, BadSettings, config_file, load

A_FILE = click.Path(dir_okay=False, path_type=Path)
A_FOLDER = click.Path(file_okay=False, path_type=Path)

config = click.option("--config", type=A_FILE, help="Settings file.  [default: ./appliance.toml where there is one]")
data = click.option("--data", type=A_FOLDER, help="Data directory.")


def settings(config: Path | None, given: Mapping[str, object]) -> Settings:
    """The settings, with what was given on the command line first; Failure says what is wrong with which."""
    try:
        return load(config=config, given=given)
    except BadSettings as error:
        raise Failure(str(error)) from None


def where_from(config: Path | None) -> str:
    """The file that settings are read from, in words."""
    file = config_file(config, os.environ)
    return f"read from {file.absolute()}" if file else f"no file; {CONFIG_NAME} is read where there is one"

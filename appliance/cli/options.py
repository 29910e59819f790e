"""The options that name a configuration and a data directory, and the settings they lead to."""

import os
from collections.abc import Mapping
from pathlib import Path

import click

from appliance.cli.output import Unsettled
from appliance.settings import Settings
from appliance.settings_sources import CONFIG_NAME, ENVIRONMENT, BadSettings, config_file, load

A_FILE = click.Path(dir_okay=False, path_type=Path)
A_FOLDER = click.Path(file_okay=False, path_type=Path)

config = click.option("--config", type=A_FILE, help="Settings file.  [default: ./appliance.toml where there is one]")
data = click.option("--data", type=A_FOLDER, help="Data directory.")


def settings(config: Path | None, given: Mapping[str, object]) -> Settings:
    """The settings, with what was given on the command line first; Unsettled says what is wrong with which."""
    try:
        return load(config=config, given=given)
    except BadSettings as error:
        raise Unsettled(str(error)) from None


def file(config: Path | None) -> Path | None:
    """The file that settings are read from, wherever one stands; None where there is none."""
    found = config_file(config, os.environ)
    return found.absolute() if found else None


def read_from(file: Path) -> None:
    """Have this process read its settings from that file, unless its options name another."""
    os.environ[f"{ENVIRONMENT}CONFIG"] = str(file)


def where_from(config: Path | None) -> str:
    """The file that settings are read from, in words."""
    found = file(config)
    return f"read from {found}" if found else f"no file; {CONFIG_NAME} is read where there is one"

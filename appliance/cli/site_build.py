"""`site build …`: how a site's sources are built, and its secret variables."""

import sys
from typing import Any

import click

from appliance.cli.builds import spelled
from appliance.cli.client import Client, segment
from appliance.cli.output import Failure, show, show_facts, show_json
from appliance.cli.remote import remote

TOOLS = ("node", "python", "hugo")
WORDS = {"on": True, "off": False}
KEYS = ("generator", "base", "output", "command", "flags", "install_scripts", *TOOLS)

site_name = click.argument("site", metavar="NAME")


@click.group()
def build() -> None:
    """Show and change how a site's sources are built."""


@build.command("show")
@site_name
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead.")
@remote
def show_build(client: Client, site: str, as_json: bool) -> None:
    """Show how a site is built, and the names of its variables."""
    found = client.get(_path(site))
    if as_json:
        show_json(found)
        return
    facts: dict[str, object] = {name: found[name] for name in ("generator", "base", "output", "command")}
    facts |= {"flags": " ".join(found["flags"]), "install_scripts": found["install_scripts"]}
    facts |= {tool: found["versions"].get(tool) for tool in TOOLS}
    facts |= {f"variable {one['name']}": one["phase"] for one in found["variables"]}
    show_facts(facts)


@build.command("set")
@site_name
@click.argument("choices", metavar="KEY=VALUE...", nargs=-1, required=True)
@remote
def set_build(client: Client, site: str, choices: tuple[str, ...]) -> None:
    """Set how a site is built, from the next deploy on.

    Keys: generator, base, output, command, flags (repeat it for several), install_scripts=on|off, node, python, hugo.
    """
    client.send("PATCH", _path(site), _change(choices))
    show(f"{site} is changed.")


@build.command()
@site_name
@click.argument("variable")
@click.option("--phase", type=click.Choice(["build", "fetch", "both"]), default="build", show_default=True)
@remote
def variable(client: Client, site: str, variable: str, phase: str) -> None:
    """Set a variable; its value is asked for, or read from standard input."""
    value = _value(variable)
    client.send("PUT", f"{_path(site)}/variables/{segment(variable)}", {"value": value, "phase": phase})
    show(f"{variable} is set.")


@build.command()
@site_name
@click.argument("variable")
@remote
def forget(client: Client, site: str, variable: str) -> None:
    """Delete a variable."""
    client.send("DELETE", f"{_path(site)}/variables/{segment(variable)}")
    show(f"{variable} is deleted.")


def _path(site: str) -> str:
    return f"sites/{segment(site)}/build"


def _change(choices: tuple[str, ...]) -> dict[str, Any]:
    change: dict[str, Any] = {}
    for text in choices:
        key, equals, value = text.partition("=")
        if not equals or key not in KEYS:
            raise click.BadParameter(f"{text!r} is not one of {', '.join(KEYS)} with a value.", param_hint="KEY=VALUE")
        if key in TOOLS:
            change.setdefault("versions", {})[key] = value
        elif key == "flags":
            change.setdefault("flags", []).extend([value] if value else [])
        elif key == "install_scripts":
            if value not in WORDS:
                raise click.BadParameter("install_scripts is on or off.", param_hint="KEY=VALUE")
            change[key] = WORDS[value]
        elif key == "base":
            change[key] = {"": None, ".": ""}.get(value, value)
        else:
            change[key] = spelled(value) if key == "generator" else value
    return change


def _value(variable: str) -> str:
    if sys.stdin.isatty():
        asked: str = click.prompt(f"Value of {variable}", hide_input=True, err=True)
        return asked
    value = sys.stdin.read().removesuffix("\n")
    if not value:
        raise Failure("There is no value on standard input: send one.")
    return value

"""`diff`, `download` and `delete`: a site's versions compared, fetched, and taken away."""

from pathlib import Path
from typing import Any

import click

from appliance.cli.client import Client, segment
from appliance.cli.output import Failure, show, show_json, size, tell
from appliance.cli.remote import remote
from appliance.cli.sites import json_switch, site_name


@click.command()
@site_name
@click.argument("before")
@click.argument("after")
@json_switch
@remote
def diff(client: Client, name: str, before: str, after: str, as_json: bool) -> None:
    """Say what differs between two deploys.

    Each is named by its number, id or alias.
    """
    found = client.get(f"sites/{segment(name)}/diff", before=before, after=after)
    if as_json:
        show_json(found)
    else:
        show_difference(found)


@click.command()
@site_name
@click.argument("deploy")
@click.option("--output", type=click.Path(path_type=Path), help="File to write.  [default: NAME-NUMBER.zip]")
@remote
def download(client: Client, name: str, deploy: str, output: Path | None) -> None:
    """Download a deploy as a ZIP.

    It holds the files the deploy was made of, and a list of them.
    """
    found = find_deploy(client, name, deploy)
    target = output or Path(f"{name}-{found['number']}.zip")
    beside = target.with_name(f".{target.name}.part")
    try:
        with beside.open("wb") as file:
            for piece in client.download(f"deploys/{segment(found['id'])}/download"):
                file.write(piece)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    show(str(target))


@click.command()
@site_name
@click.argument("deploy")
@remote
def delete(client: Client, name: str, deploy: str) -> None:
    """Delete a deploy, by its number or id.

    One that is live or has an alias is kept.
    """
    found = find_deploy(client, name, deploy)
    client.send("DELETE", f"deploys/{segment(found['id'])}")
    show(f"Deploy {found['number']} of {name} is deleted.")


def find_deploy(client: Client, site: str, deploy: str) -> dict[str, Any]:
    """A deploy of a site by its number, id or alias. Raises Failure."""
    for each in client.pages(f"sites/{segment(site)}/deploys"):
        if deploy in {str(each["number"]), each["id"], *(alias["name"] for alias in each["aliases"])}:
            return each
    raise Failure(f"{site} has no deploy {deploy!r}: `dropdock deploys {site}` lists them.")


def show_difference(found: dict[str, Any]) -> None:
    """A difference as people read it: one change a line, then what it comes to."""
    for each in found["added"]:
        show(f"+ {each['path']}  {size(each['bytes'])}")
    for each in found["removed"]:
        show(f"- {each['path']}  {size(each['bytes'])}")
    for each in found["changed"]:
        show(f"~ {each['path']}  {size(each['before'])} -> {size(each['after'])}")
    for kind in ("redirects", "headers"):
        for sign, lines in (("+", found[kind]["added"]), ("-", found[kind]["removed"])):
            for line in lines:
                show(f"{sign} {kind}: {line}")
    counts = [f"{len(found[kind])} {kind}" for kind in ("added", "changed", "removed")]
    tell(f"{', '.join(counts)}, {found['unchanged']} unchanged.")

"""`usage`: what a site, or all of one's sites, take of the server's disk."""

from typing import Any

import click

from appliance.cli.client import Client, segment
from appliance.cli.output import show, show_facts, show_json, show_table, size
from appliance.cli.remote import remote
from appliance.cli.sites import SITE_NAME, json_switch


@click.command()
@click.argument("name", type=SITE_NAME, required=False)
@json_switch
@remote
def usage(client: Client, name: str | None, as_json: bool) -> None:
    """Say what a site takes of the disk, or all that one owns.

    Each content counts once, however many deploys have it.
    """
    found = client.get(f"sites/{segment(name)}/usage" if name else "usage")
    if as_json:
        show_json(found)
    elif name:
        show_facts(
            {
                "site": found["site"],
                "on disk": size(found["bytes"]),
                "in no other site": size(found["alone"]),
                "in one deploy only": size(found["once"]),
                "deploys": found["deploys"],
                "contents": f"{found['contents']:,}",
            }
        )
    else:
        _show_account(found)


def _show_account(found: dict[str, Any]) -> None:
    rows = [(site["site"], size(site["bytes"]), "deleted" if site["deleted"] else None) for site in found["sites"]]
    show_table(("SITE", "ON DISK", "STATE"), rows)
    if found["count"] > len(rows):
        show(f"Sites that take less: {found['count'] - len(rows):,}")
    show(f"In all: {size(found['bytes'])}; what several sites have counts once (apart: {size(found['apart'])}).")

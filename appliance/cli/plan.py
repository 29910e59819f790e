"""`plan`: one's plan, and what one uses of it."""

from typing import Any

import click

from appliance.cli.client import Client
from appliance.cli.output import show_facts, show_json, size
from appliance.cli.remote import remote
from appliance.cli.sites import json_switch


@click.command()
@json_switch
@remote
def plan(client: Client, as_json: bool) -> None:
    """Say which plan one has, and what one uses of it."""
    found = client.get("plan")
    if as_json:
        show_json(found)
        return
    limits: dict[str, Any] = found["plan"]
    show_facts(
        {
            "plan": limits["name"] or "none: no limits",
            "sites": _of(f"{found['sites']:,}", limits["sites"], "{:,}".format),
            "storage": _of(size(found["storage"]), limits["storage"], size),
            "builds this month": _of(_minutes(found["build_time"]), limits["build_time"], _minutes),
            "largest upload": size(limits["upload"]) if limits["upload"] is not None else "as the server has it",
            "deploys kept": limits["deploys"] if limits["deploys"] is not None else "as the server has it",
        }
    )


def _of(used: str, limit: Any, words: Any) -> str:  # noqa: ANN401 - a number and how it is written
    return used if limit is None else f"{used} of {words(limit)}"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:,.0f} min"

"""`alias`, `lock` and `unlock`: what points to which deploy, and whether what is live may change."""

import click

from appliance.cli.client import Client, segment
from appliance.cli.output import moment, show, show_json, show_table
from appliance.cli.remote import remote
from appliance.cli.sites import json_switch, site_name


@click.group()
def alias() -> None:
    """Set, list and remove aliases, such as staging."""


@alias.command("set")
@site_name
@click.argument("alias_name", metavar="ALIAS")
@click.argument("deploy")
@remote
def set_alias(client: Client, name: str, alias_name: str, deploy: str) -> None:
    """Point an alias to a deploy; prints its address.

    The deploy is named by its number, its id or another alias.
    """
    set_to = client.send("PUT", f"sites/{segment(name)}/aliases/{segment(alias_name)}", {"deploy": deploy})
    show(set_to["url"])


@alias.command("list")
@site_name
@json_switch
@remote
def list_aliases(client: Client, name: str, as_json: bool) -> None:
    """List a site's aliases."""
    found = client.get(f"sites/{segment(name)}/aliases")["items"]
    if as_json:
        show_json(found)
        return
    rows = [(each["name"], each["number"], each["deploy"], moment(each["moved_at"]), each["url"]) for each in found]
    show_table(("ALIAS", "NUMBER", "DEPLOY", "SINCE (UTC)", "ADDRESS"), rows)


@alias.command("remove")
@site_name
@click.argument("alias_name", metavar="ALIAS")
@remote
def remove_alias(client: Client, name: str, alias_name: str) -> None:
    """Take an alias away; the deploy it pointed to stays."""
    client.send("DELETE", f"sites/{segment(name)}/aliases/{segment(alias_name)}")
    show(f"{name} has no alias {alias_name} any more.")


@click.command()
@site_name
@click.option("--reason", default="", help="Why, for those who meet the lock.")
@remote
def lock(client: Client, name: str, reason: str) -> None:
    """Keep what visitors get as it is.

    Deploys become ready meanwhile, and wait.
    """
    client.send("PUT", f"sites/{segment(name)}/lock", {"reason": reason})
    show(f"{name} is locked: nothing goes live until `dropdock unlock {name}`.")


@click.command()
@site_name
@remote
def unlock(client: Client, name: str) -> None:
    """Let what visitors get change again."""
    client.send("DELETE", f"sites/{segment(name)}/lock")
    show(f"{name} is unlocked.")

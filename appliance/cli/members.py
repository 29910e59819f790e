"""`site members …`: who looks after a site together with its owner."""

import click

from appliance.cli.client import Client, segment
from appliance.cli.output import moment, show, show_json, show_table
from appliance.cli.remote import remote

site_name = click.argument("name")
email_address = click.argument("email")


@click.group()
def members() -> None:
    """Say who looks after a site."""


@members.command("list")
@site_name
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead.")
@remote
def list_members(client: Client, name: str, as_json: bool) -> None:
    """List a site's members."""
    found = client.get(f"sites/{segment(name)}/members")["items"]
    if as_json:
        show_json(found)
    else:
        show_table(("MEMBER", "SINCE (UTC)"), [(each["email"], moment(each["since"])) for each in found])


@members.command()
@site_name
@email_address
@remote
def add(client: Client, name: str, email: str) -> None:
    """Let an account look after a site, too."""
    made = client.send("PUT", f"sites/{segment(name)}/members/{segment(email)}")
    show(f"{made['email']} is a member of {name}.")


@members.command()
@site_name
@email_address
@remote
def remove(client: Client, name: str, email: str) -> None:
    """Take a member away."""
    client.send("DELETE", f"sites/{segment(name)}/members/{segment(email)}")
    show(f"{email} is no member of {name} any more.")

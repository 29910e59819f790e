"""`site gate NAME …`: what stands before a site, and what opens it."""

import re
import sys
from dataclasses import dataclass
from typing import Any

import click

from appliance.cli.client import Client, segment
from appliance.cli.output import Failure, moment, show, show_facts, show_json, show_table, tell
from appliance.cli.remote import remote

SECONDS = {"m": 60, "h": 3600, "d": 86400}
BYPASS_HEADER = "X-Dropdock-Bypass"


@dataclass(frozen=True, slots=True)
class Named:
    """The site whose gate a command is about."""

    path: str
    name: str


class Lifetime(click.ParamType[int]):
    """How long something is good: a number with m, h or d; its value is in seconds."""

    name = "time"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The seconds."""
        found = re.fullmatch(r"(\d{1,6})([mhd])", value.strip(), re.ASCII)
        if found is None:
            self.fail(f"{value!r} is no length of time, such as 12h or 7d.", param, ctx)
        return int(found[1]) * SECONDS[found[2]]


this_site = click.make_pass_decorator(Named)


@click.group()
@click.argument("name")
@click.pass_context
def gate(context: click.Context, name: str) -> None:
    """Say who may see a site.

    A password, share links, and a token for automation.
    """
    if not name.strip():
        raise click.BadParameter("a site's name cannot be empty.", param_hint="NAME")
    context.obj = Named(f"sites/{segment(name.strip())}/gate", name.strip())


@gate.command("show")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead.")
@remote
@this_site
def show_gate(site: Named, client: Client, as_json: bool) -> None:
    """Show what stands before the site."""
    found = client.get(site.path)
    if as_json:
        show_json(found)
        return
    show_facts(
        {
            "covers": "everything (by the operator)" if found["forced"] else found["covers"],
            "password": found["has_password"],
            "bypass token": found["has_bypass"],
            "share links": len(found["links"]),
        }
    )
    if found["links"]:
        rows = [
            (one["id"], one["label"], moment(one["created_at"]), moment(one["expires_at"])) for one in found["links"]
        ]
        show_table(("LINK", "LABEL", "CREATED (UTC)", "ENDS (UTC)"), rows)


@gate.command()
@click.argument("what", type=click.Choice(["nothing", "previews", "everything"]))
@remote
@this_site
def covers(site: Named, client: Client, what: str) -> None:
    """Say what the gate stands before.

    Everything, previews, which are single deploys, or nothing.
    """
    _tell_state(site, client.send("PATCH", site.path, {"covers": what}))


@gate.command()
@click.option("--remove", is_flag=True, help="Take the password away.")
@remote
@this_site
def password(site: Named, client: Client, remove: bool) -> None:
    """Set the password; ends all visitors' sessions.

    It is read from the terminal or a pipe.

    A gate that covered nothing covers everything from then on.
    """
    new = None if remove else _read_password()
    _tell_state(site, client.send("PATCH", site.path, {"password": new}))


@gate.command()
@click.option("--for", "lifetime", type=Lifetime(), default="7d", show_default=True, help="How long it is good.")
@click.option("--label", default="", help="What it is for.")
@click.option("--path", default="/", show_default=True, help="The path it leads to.")
@remote
@this_site
def share(site: Named, client: Client, lifetime: int, label: str, path: str) -> None:
    """Make a link that lets in whoever has it; prints it, this once."""
    wanted = {"lifetime": lifetime, "label": label, "path": path}
    show(client.send("POST", f"{site.path}/links", wanted)["url"])


@gate.command()
@click.argument("link")
@remote
@this_site
def revoke(site: Named, client: Client, link: str) -> None:
    """Take a share link back, by the id that `show` tells."""
    client.send("DELETE", f"{site.path}/links/{segment(link)}")
    show(f"The link {link} opens nothing any more.")


@gate.command()
@click.option("--remove", is_flag=True, help="Take the token away.")
@remote
@this_site
def bypass(site: Named, client: Client, remove: bool) -> None:
    """Make and print the token with which automation passes.

    It cannot be shown again. The one before stops working.
    """
    if remove:
        client.send("DELETE", f"{site.path}/bypass")
        show(f"{site.name} has no token for automation.")
        return
    show(client.send("POST", f"{site.path}/bypass")["token"])
    tell(f"Send it in the header {BYPASS_HEADER}.")


def _read_password() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Password of the site", hide_input=True, confirmation_prompt=True))
    given = sys.stdin.readline().rstrip("\r\n")
    if not given:
        raise Failure("There is no password: type it, or send it through a pipe.")
    return given


def _tell_state(site: Named, found: dict[str, Any]) -> None:
    covered = "everything" if found["forced"] else found["covers"]
    if covered == "nothing":
        show(f"{site.name} is open to everybody.")
        return
    of = "" if covered == "everything" else "The previews of "
    how = "a password" if found["has_password"] else "share links only"
    show(f"{of}{site.name} {'are' if of else 'is'} behind a gate that opens with {how}.")

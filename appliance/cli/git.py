"""`git …`: deploy sites from their repositories."""

import sys
import time
from typing import Any

import click

from appliance.cli.client import Client, segment
from appliance.cli.output import Failure, show, show_facts, show_json, tell
from appliance.cli.remote import remote

EVERY = 0.5  # seconds between two looks at a fetch


@click.group()
def git() -> None:
    """Deploy sites from Git repositories."""


@git.command("set")
@click.argument("name")
@click.argument("url")
@click.option("--branch", default="", help="What goes live; without it the default branch.")
@click.option("--folder", default="", help="Only this folder of the repository.")
@click.option("--username", default="", help="For hosts that ask for one beside the token.")
@click.option("--token-stdin", is_flag=True, help="Read the repository's token from standard input; empty removes it.")
@click.option("--previews/--no-previews", default=True, help="Whether other branches become aliases.")
@remote
def set_repository(  # noqa: PLR0913, PLR0917 - one argument for each option
    client: Client, name: str, url: str, branch: str, folder: str, username: str, token_stdin: bool, previews: bool
) -> None:
    """Say which repository a site is deployed from.

    By its HTTPS address. Nothing is fetched by that.
    """
    wanted: dict[str, Any] = {"url": url, "branch": branch, "folder": folder, "username": username}
    wanted["previews"] = previews
    if token_stdin:
        wanted["token"] = sys.stdin.readline().strip()
    client.send("PUT", _path(name), wanted)
    show(f"{name} is deployed from {url}.")


@git.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead.")
@remote
def show_repository(client: Client, name: str, as_json: bool) -> None:
    """Show which repository a site is deployed from.

    And what the last fetch came to.
    """
    found = client.get(_path(name))
    if as_json:
        show_json(found)
        return
    facts = {key: found[key] for key in ("url", "branch", "folder", "username", "previews", "state", "detail")}
    facts |= {"token": found["has_token"], "webhook": found["hook_url"] if found["has_secret"] else ""}
    show_facts({**facts, "commit": found["commit"], "deploy": found["deploy"]})


@git.command()
@click.argument("name")
@click.option("--branch", default="", help="Deploy a preview of this branch instead of what goes live.")
@remote
def deploy(client: Client, name: str, branch: str) -> None:
    """Fetch a site's repository and deploy it.

    Waits until it is fetched.
    """
    found = client.send("POST", f"{_path(name)}/deploys", {"branch": branch})
    while found["state"] == "fetching":
        time.sleep(EVERY)
        found = client.get(_path(name))
    if found["state"] == "failed":
        raise Failure(found["detail"])
    show(f"Fetched {found['commit'][:12]} of {found['fetched_branch']}: deploy {found['deploy']}.")


@git.command()
@click.argument("name")
@remote
def secret(client: Client, name: str) -> None:
    """Make the secret of a site's webhooks and print it, this once. The one before is good no more."""
    made = client.send("POST", f"{_path(name)}/secret")
    show(made["secret"])
    tell(f"Have pushes sent to {made['hook_url']} as application/json.")


@git.command()
@click.argument("name")
@remote
def remove(client: Client, name: str) -> None:
    """Deploy a site from Git no more; what is live stays."""
    client.send("DELETE", _path(name))
    show(f"{name} is not deployed from Git any more.")


def _path(name: str) -> str:
    if not name.strip():
        raise click.BadParameter("a site's name cannot be empty.", param_hint="NAME")
    return f"sites/{segment(name.strip())}/git"

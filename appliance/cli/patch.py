"""`patch`: a new deploy on top of another, of which only a few files differ."""

import os
from collections.abc import Iterator
from pathlib import Path

import click

from appliance.cli.client import Client, segment
from appliance.cli.hashing import hash_files
from appliance.cli.listing import deploy_listing
from appliance.cli.order import Order, tell_outcome, without_gaps
from appliance.cli.output import Failure, Progress
from appliance.cli.patience import Patience, retry_for
from appliance.cli.remote import remote
from appliance.cli.sites import json_switch, site_name
from appliance.cli.tree import Leaf, walk
from appliance.cli.watch import Reader


@click.command()
@site_name
@click.option("--add", multiple=True, metavar="FILE[=PATH]", help="A file or folder to add or replace, at this path.")
@click.option("--remove", multiple=True, metavar="PATH", help="A path of the site to take out.")
@click.option("--base", default="", metavar="DEPLOY", help="The deploy to build on.  [default: the live one]")
@click.option("--message", default="", help="What changed, for the list of deploys.")
@click.option("--draft", is_flag=True, help="Do not make it live: it gets an address of its own.")
@click.option("--alias", default="", help="Point this alias, such as staging, to it instead of making it live.")
@json_switch
@retry_for
@remote
def patch(  # noqa: PLR0913, PLR0917 - click hands over each option
    client: Client,
    name: str,
    add: tuple[str, ...],
    remove: tuple[str, ...],
    base: str,
    message: str,
    draft: bool,
    alias: str,
    as_json: bool,
    retry_for: float,
) -> None:
    """Add, replace or take out a few files of a site.

    Makes a new deploy of the live one and these changes. A folder that is added goes in with all that is in it. Where
    something else went live meanwhile, nothing is published.
    """
    files = tuple(leaf for said in add for leaf in _leaves(said))
    if not (files or remove):
        raise click.UsageError("Say what changes, with --add or --remove.")
    progress = Progress()
    try:
        if_live = None if base or draft or alias else _live(client, name)
        said = {"message": message, "draft": str(draft).lower(), "alias": alias}
        order = Order(name, without_gaps(said), if_live)
        changes = {"base": base or if_live or _live(client, name), "remove": list(remove)}
        patience = Patience(retry_for, progress.clear)
        sent = deploy_listing(client, order, hash_files(files, progress), progress, patience, **changes)
        finished = Reader(progress=progress).follow(client, sent)
    finally:
        progress.clear()
    tell_outcome(finished, finished["problems"], order, as_json=as_json)


def _live(client: Client, site: str) -> str:
    live = client.get(f"sites/{segment(site)}")["live"]
    if live is None:
        raise Failure(f"{site} has nothing live to change: say which deploy with --base, or deploy a folder first.")
    return str(live["deploy"])


def _leaves(said: str) -> Iterator[Leaf]:
    """The files that one `--add` means: FILE=PATH, a PATH with a closing slash being a folder, or FILE for both."""
    file, _, at = said.rpartition("=") if "=" in said and not Path(said).exists() else (said, "", said)
    path = Path(file)
    if path.is_absolute() and at == said:
        raise click.UsageError(f"{said!r} says no path of the site: write {said}=PATH.")
    if path.is_dir():
        inside = _path_of_site(at)
        yield from (Leaf("/".join([*inside, leaf.name]), leaf.path, leaf.size) for leaf in walk(path).files)
    elif path.is_file():
        inside = _path_of_site(f"{at}{path.name}" if at.endswith("/") else at)
        yield Leaf("/".join(inside), path, path.stat().st_size)
    else:
        raise click.UsageError(f"There is no file or folder {file!r} to add.")


def _path_of_site(text: str) -> list[str]:
    """The parts of a path, from the site's top."""
    parts = [part for part in text.replace(os.sep, "/").split("/") if part not in {"", "."}]
    if ".." in parts:
        raise click.UsageError(f"{text!r} says no path of the site: write FILE=PATH.")
    return parts

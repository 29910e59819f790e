"""`redeploy`: a new deploy of an earlier one's files, by the site's options of today."""

from typing import Any

import click

from appliance.cli.client import Client, segment
from appliance.cli.order import Order, tell_outcome
from appliance.cli.output import Failure, Progress
from appliance.cli.patience import Patience, retry_for
from appliance.cli.remote import remote
from appliance.cli.sites import json_switch, site_name
from appliance.cli.versions import find_deploy
from appliance.cli.watch import Deploy, Reader


@click.command()
@site_name
@click.argument("deploy", required=False)
@click.option("--message", default="", help="What changed, for the list of deploys.  [default: that deploy's]")
@click.option("--draft", is_flag=True, help="Do not make it live: it gets an address of its own.")
@click.option("--alias", default="", help="Point this alias, such as staging, to it instead of making it live.")
@click.option("--expires", default="", metavar="TIME", help="Stop answering after this time, such as 2h or 30d.")
@click.option("--if-live", "--if-match", metavar="DEPLOY", help="Only if this deploy, by id or number, is live still.")
@json_switch
@retry_for
@remote
def redeploy(  # noqa: PLR0913, PLR0917 - click hands over each option
    client: Client,
    name: str,
    deploy: str | None,
    message: str,
    draft: bool,
    alias: str,
    expires: str,
    if_live: str | None,
    as_json: bool,
    retry_for: float,
) -> None:
    """Deploy the files of an earlier deploy again.

    Makes a new deploy of DEPLOY, by its number, id or alias, or of the live one, with the site's options of today.
    Nothing is sent for it; of a site that was built, what was built then is published again.
    """
    progress = Progress()
    try:
        said = {"message": message, "draft": str(draft).lower(), "alias": alias, "expires": expires}
        order = Order(name, {key: value for key, value in said.items() if value}, if_live)
        source = _id_of(client, name, deploy)
        begun = Patience(retry_for, progress.clear).until_done(lambda: _begin(client, source, order))
        finished = Reader(progress=progress).follow(client, begun)
    finally:
        progress.clear()
    tell_outcome(finished, finished["problems"], order, as_json=as_json)


def _begin(client: Client, deploy: str, order: Order) -> Deploy:
    begun: Deploy = client.send_bytes("POST", f"deploys/{segment(deploy)}/redeploy", b"", order.headers, order.query)
    return begun


def _id_of(client: Client, site: str, deploy: str | None) -> str:
    if deploy is not None:
        return str(find_deploy(client, site, deploy)["id"])
    live: dict[str, Any] | None = client.get(f"sites/{segment(site)}")["live"]
    if live is None:
        raise Failure(f"{site} has nothing live to deploy again: say which deploy.")
    return str(live["deploy"])

"""`deploy`: send a folder, an archive or a page, wait until it is live, print its address."""

from pathlib import Path
from typing import Any

import click

from appliance.cli.client import Client, Refused, segment
from appliance.cli.output import Failure, Progress, show, show_json, size, tell, warn
from appliance.cli.packing import Parcel, parcel
from appliance.cli.remote import remote
from appliance.cli.sites import SITE_NAME
from appliance.cli.watch import Deploy, follow


@click.command()
@click.argument("path", type=click.Path(exists=True, readable=True, path_type=Path))
@click.option("--site", required=True, type=SITE_NAME, help="The site; made if there is none of that name.")
@click.option("--message", default="", help="What changed, for the list of deploys.")
@click.option("--draft", is_flag=True, help="Do not make it live: it gets an address of its own.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
@remote
def deploy(client: Client, path: Path, site: str, message: str, draft: bool, as_json: bool) -> None:
    """Publish a folder, a .zip, a .tar, or a single file.

    Waits until it is live, then prints its address.
    """
    packed = parcel(path)
    progress = Progress()
    try:
        _make_sure_of(client, site)
        query = {"message": message, "draft": str(draft).lower(), "filename": path.absolute().name}
        finished = follow(client, _send(client, site, query, packed, progress), progress)
    finally:
        progress.clear()
    _tell(finished, [*packed.left_out, *finished["problems"]], as_json=as_json)


def _make_sure_of(client: Client, site: str) -> None:
    try:
        client.get(f"sites/{segment(site)}")
    except Refused as refused:
        if refused.status != 404:
            raise
        _make(client, site)


def _make(client: Client, site: str) -> None:
    try:
        client.send("POST", "sites", {"name": site})
    except Refused as refused:
        if refused.status != 409:  # somebody else made it just now; if it is not ours, the upload says so
            raise


def _send(client: Client, site: str, query: dict[str, str], packed: Parcel, progress: Progress) -> Deploy:
    sent = 0

    def read(count: int) -> None:
        nonlocal sent
        sent += count
        progress.step("send", sent, packed.size)

    answer: Deploy = client.upload(f"sites/{segment(site)}/deploys", query, packed.headers, packed.chunks(read))
    return answer


def _tell(finished: Deploy, problems: list[dict[str, Any]], *, as_json: bool) -> None:
    for problem in problems:
        warn(problem)
    if as_json:
        show_json(_summary(finished, problems))
    if finished["state"] == "failed":
        raise Failure((finished["error"] or {}).get("detail") or f"Deploy {finished['number']} failed.")
    if not as_json:
        _tell_people(finished)


def _summary(finished: Deploy, problems: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "site": finished["site"],
        "deploy": finished["id"],
        "state": "live" if finished["live"] else finished["state"],
        **{name: finished[name] for name in ("url", "deploy_url", "files", "bytes")},
        "problems": problems,
    }


def _tell_people(finished: Deploy) -> None:
    number, draft = finished["number"], finished["draft"]
    outcome = "live" if finished["live"] else "ready"
    files = "1 file" if finished["files"] == 1 else f"{finished['files']} files"
    tell(f"Deploy {number} of {finished['site']} is {outcome}: {files}, {size(finished['bytes'])}.")
    if not draft and not finished["live"]:
        tell(f"warning: another deploy is live: `dropdock publish {finished['site']} {number}` makes this one live.")
    show(finished["url"] if finished["live"] else finished["deploy_url"])

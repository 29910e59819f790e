"""`deploy`: send a folder, an archive or a page, have it built if it is a source, wait until it is live."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from appliance.cli.builds import asked, spelled, tell_line
from appliance.cli.checkout import branch_of, commit_of
from appliance.cli.client import Client, Refused
from appliance.cli.hashing import Hashed, Known, hash_files
from appliance.cli.listing import compare, deploy_listing
from appliance.cli.order import Order, tell_outcome, without_gaps
from appliance.cli.output import Failure, Progress, show_json, size, tell
from appliance.cli.packing import Parcel, folder_parcel, folder_tree, parcel
from appliance.cli.patience import Patience, retry_for
from appliance.cli.remote import remote
from appliance.cli.sites import SITE_NAME
from appliance.cli.tree import Tree
from appliance.cli.versions import show_difference
from appliance.cli.watch import ASKING, Deploy, Reader

ARCHIVE_UP_TO = 10_000_000  # bytes of a site's first deploy that go in one piece: quicker, and little to send again


@click.command()
@click.argument("path", type=click.Path(exists=True, readable=True, path_type=Path))
@click.option("--site", required=True, type=SITE_NAME, help="The site; made if there is none of that name.")
@click.option("--message", default="", help="What changed, for the list of deploys.")
@click.option("--draft", is_flag=True, help="Do not make it live: it gets an address of its own.")
@click.option("--alias", default="", help="Point this alias, such as staging, to it instead of making it live.")
@click.option("--expires", default="", metavar="TIME", help="Stop answering after this time, such as 2h or 30d.")
@click.option("--branch", help="The branch it was made from.  [default: Git's]")
@click.option("--commit", help="The commit it was made from.  [default: Git's]")
@click.option("--if-live", "--if-match", metavar="DEPLOY", help="Only if this deploy, by id or number, is live still.")
@click.option("--dry-run", is_flag=True, help="Only say what would change, and how much would be sent.")
@click.option("--build", default="", metavar="auto|none|NAME", help="What a source is built with; asked otherwise.")
@click.option("--follow", is_flag=True, help="Show the build's log as it grows.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
@retry_for
@remote
def deploy(  # noqa: PLR0913, PLR0917 - click hands over each option
    client: Client,
    path: Path,
    site: str,
    message: str,
    draft: bool,
    alias: str,
    expires: str,
    branch: str | None,
    commit: str | None,
    if_live: str | None,
    dry_run: bool,
    build: str,
    follow: bool,
    as_json: bool,
    retry_for: float,
) -> None:
    """Publish a folder, a .zip, a .tar, or a single file.

    Waits until it is live, then prints its address. Of a folder only what changed is sent. The first time
    a site gets a source it asks how that is built; where nobody can be asked, it ends with exit code 3.
    """
    progress = Progress()
    reader = Reader(tell_line if follow else None, progress)
    try:
        if dry_run:
            _compare(client, path, site, progress, as_json=as_json)
            return
        folder = path if path.is_dir() else path.absolute().parent
        said = {
            "message": message,
            "draft": str(draft).lower(),
            "alias": alias,
            "expires": expires,
            "branch": branch_of(folder) if branch is None else branch,
            "commit": commit_of(folder) if commit is None else commit,
            "build": spelled(build),
        }
        order = Order(site, without_gaps(said), if_live)
        sent, left_out = _send(client, path, order, progress, Patience(retry_for, progress.clear))
        finished = answered(client, reader.follow(client, sent), reader, interactive=not as_json)
    finally:
        progress.clear()
    tell_outcome(finished, [*left_out, *finished["problems"]], order, as_json=as_json, followed=follow)


def answered(client: Client, deploy: Deploy, reader: Reader, *, interactive: bool) -> Deploy:
    """The deploy once it is finished; what it asks on the way is asked here, where somebody can be asked."""
    while deploy["state"] == ASKING:
        reader.progress.clear()
        deploy = reader.follow(client, asked(client, deploy, interactive=interactive and sys.stdin.isatty()))
    return deploy


def _send(
    client: Client, path: Path, order: Order, progress: Progress, patience: Patience
) -> tuple[Deploy, tuple[dict[str, Any], ...]]:
    """The deploy that was begun, and what was left out of it.

    A folder goes as a list of files, and then what is missing; as one archive only where all of it has to be sent
    anyway and starting over costs little.
    """
    if not path.is_dir():
        _make_sure_of(client, order)
        return _send_parcel(client, order, path, parcel(path), progress, patience)
    tree = folder_tree(path)
    found = _make_sure_of(client, order)
    if sends_all(found, tree):
        return _send_parcel(client, order, path, folder_parcel(tree), progress, patience)
    files = hash_files(tree.files, progress, Known.of(path))
    return deploy_listing(client, order, files, progress, patience), tree.left_out


def sends_all(site: Mapping[str, Any], tree: Tree) -> bool:
    """Whether a folder goes to a site as one archive."""
    return site["live"] is None and sum(leaf.size for leaf in tree.files) <= ARCHIVE_UP_TO


def _make_sure_of(client: Client, order: Order) -> dict[str, Any]:
    """The site, made if it is not there."""
    try:
        found: dict[str, Any] = client.get(order.path)
    except Refused as refused:
        if refused.status != 404:
            raise
        return _make(client, order)
    return found


def _make(client: Client, order: Order) -> dict[str, Any]:
    try:
        made: dict[str, Any] = client.send("POST", "sites", {"name": order.site})
    except Refused as refused:
        if refused.status != 409:  # somebody else made it just now; if it is not ours, the upload says so
            raise
        return {"live": None}
    return made


def _send_parcel(
    client: Client, order: Order, path: Path, packed: Parcel, progress: Progress, patience: Patience
) -> tuple[Deploy, tuple[dict[str, Any], ...]]:
    query = {**order.query, "filename": path.absolute().name}
    headers = {**packed.headers, **order.headers}

    def upload() -> Deploy:
        sent = 0

        def read(count: int) -> None:
            nonlocal sent
            sent += count
            progress.step("send", sent, packed.size)

        made: Deploy = client.upload(f"{order.path}/deploys", query, headers, packed.chunks(read))
        return made

    return patience.until_done(upload), packed.left_out


def _compare(client: Client, path: Path, site: str, progress: Progress, *, as_json: bool) -> None:
    if not path.is_dir():
        raise Failure("--dry-run needs a folder: what is in an archive is known once it is unpacked.")
    tree: Tree = folder_tree(path)
    found = _difference(client, site, tree, hash_files(tree.files, progress, Known.of(path)))
    progress.clear()
    if as_json:
        show_json(found)
        return
    show_difference(found)
    tell(f"{size(found['send'])} would be sent.")


def _difference(client: Client, site: str, tree: Tree, files: list[Hashed]) -> dict[str, Any]:
    """What a deploy would change, as the server says it; of a site that it would make, everything is new."""
    try:
        return compare(client, site, files)
    except Refused as refused:
        if refused.code != "no_such_site":
            raise
    added = [{"path": leaf.name, "bytes": leaf.size} for leaf in sorted(tree.files, key=lambda leaf: leaf.name)]
    nothing: dict[str, list[str]] = {"added": [], "removed": []}
    send = sum(leaf.size for leaf in tree.files)
    same = {"removed": [], "changed": [], "unchanged": 0, "redirects": nothing, "headers": nothing}
    return {"before": None, "after": None, "added": added, **same, "send": send}

"""`sweep`: free the disk of content that no deploy has any more, with or without a server on the data directory."""

from pathlib import Path

import click

from appliance.access import Access
from appliance.cli import options
from appliance.cli.offline import with_database
from appliance.cli.output import Failure, counted, show
from appliance.data_folder import DataFolder
from appliance.storage.sweep import Swept
from appliance.sweeping import Sweeping
from appliance.under_way import UnderWay


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be freed.")
@options.config
@options.data
def sweep(dry_run: bool, config: Path | None, data: Path | None) -> None:
    """Free the disk of content that no deploy has any more.

    A server does it by itself every `sweep_every`. Content that was used within `sweep_grace` stays.
    """
    settings = options.settings(config, {"data": data})
    folder = DataFolder(settings.data)
    if not folder.database.exists():
        raise Failure(f"There is nothing in {settings.data}: name the server's data directory with --data.")

    async def work(_: Access) -> Swept:
        return await Sweeping(folder, settings, UnderWay()).sweep(dry_run=dry_run)

    swept = with_database(settings, work)
    verb = "Would free" if dry_run else "Freed"
    what = f"{counted(swept.blobs, 'file')} that no deploy has, {counted(swept.manifests, 'manifest')}"
    show(f"{verb} {counted(swept.bytes, 'byte')}: {what}.")
